// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/inspect/key_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int key_file_open(const char *path, struct failure *f)
{
    // O_NONBLOCK: a pipe without a writer would stop the look.
    _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    struct stat st;

    if (fd < 0 || fstat(fd, &st) < 0)
        return fail(f, "key-file", "the key file %.300s cannot be read: %s", path, strerror(errno));
    if (!S_ISREG(st.st_mode))
        return fail(f, "key-file", "the key file %.300s is no plain file", path);
    return take_fd(fd);
}

int key_file_read(int fd, const char *path, struct secret *ret, struct failure *f)
{
    _cleanup_secret_ struct secret key = {0};
    ssize_t n;

    do {
        n = read(fd, key.data + key.len, sizeof key.data - key.len);
        key.len += n > 0 ? (size_t)n : 0;
    } while ((n > 0 && key.len < sizeof key.data) || (n < 0 && errno == EINTR));
    if (n < 0)
        return fail(f, "key-file", "the key file %.300s cannot be read: %s", path, strerror(errno));
    if (key.len > SECRET_MAX)
        return fail(f, "key-file", "the key file %.300s holds more than %d bytes", path, SECRET_MAX);
    if (key.len == 0)
        return fail(f, "key-file", "the key file %.300s is empty", path);
    // libguestfs hands it on as a text of C.
    if (memchr(key.data, 0, key.len))
        return fail(f, "key-file", "the key file %.300s holds a byte of value 0", path);
    return secret_set(ret, key.data, key.len);
}
