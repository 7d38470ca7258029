// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "common/os/credential.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NAME_MOST = 255 }; // of domain and user

int credential_check(const struct secret *credential, struct err *err)
{
    const char *text = (const char *)credential->data, *end = memchr(text, '\n', credential->len);
    const char *slash = end ? memchr(text, '\\', (size_t)(end - text)) : NULL;
    size_t left = end ? credential->len - (size_t)(end + 1 - text) : 0;
    bool good = slash && slash > text && slash - text <= NAME_MOST && end > slash + 1 &&
                end - slash <= NAME_MOST && left > 0;

    for (size_t i = 0; good && i < credential->len; i++)
        good = (credential->data[i] >= 0x20 && credential->data[i] != 0x7f) || text + i == end;
    return good
               ? 0
               : err_set(
                     err, -EINVAL,
                     "that is no credential: one line DOMAIN\\user and one line with the password are right");
}

static int check_file(int fd, const char *path, struct err *err)
{
    struct stat st;

    if (fstat(fd, &st) < 0)
        return err_set(err, -errno, "%.300s: %s", path, strerror(errno));
    if (!S_ISREG(st.st_mode))
        return err_set(err, -EINVAL, "%.300s is no regular file", path);
    if (st.st_mode & 077)
        return err_set(err, -EPERM,
                       "%.300s can be read or written by others: `chmod 0400` it, and change the "
                       "password, which somebody may have read",
                       path);
    if (st.st_uid != 0 && st.st_uid != geteuid())
        return err_set(err, -EPERM, "%.300s belongs to another user than root and the one who asks", path);
    return 0;
}

int credential_read_file(const char *path, struct secret *ret, struct err *err)
{
    _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    _cleanup_secret_ struct secret s = {0};
    char text[SECRET_MAX + 1];
    ssize_t n;
    int rc;

    if (fd < 0)
        return err_set(err, -errno, "%.300s: %s", path, strerror(errno));
    rc = check_file(fd, path, err);
    if (rc < 0)
        return rc;
    n = read(fd, text, sizeof text);
    while (n > 0 && (text[n - 1] == '\n' || text[n - 1] == '\r'))
        n--;
    rc = n < 0 ? -errno : secret_set(&s, text, (size_t)n);
    secret_wipe(text, sizeof text);
    if (rc < 0)
        return err_set(err, rc, "%.300s: %s", path,
                       rc == -E2BIG ? "longer than any credential" : strerror(-rc));
    rc = credential_check(&s, err);
    if (rc < 0)
        return err_prefix(err, rc, "%.300s", path);
    *ret = s;
    return 0;
}

int credential_read_dir(const char *dir, const char *account, struct secret *ret, struct err *err)
{
    char path[PATH_MAX];

    if (!*account || *account == '.' || strchr(account, '/'))
        return err_set(err, -EINVAL, "%.100s is no account's name that a file could have", account);
    if (snprintf(path, sizeof path, "%s/%s", dir, account) >= (int)sizeof path)
        return err_set(err, -ENAMETOOLONG, "%.200s: the path is too long", dir);
    return credential_read_file(path, ret, err);
}
