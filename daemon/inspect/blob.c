// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/inspect/blob.h"

#include "common/secret.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

void blob_done(struct blob *b)
{
    secret_wipe(b->data, b->len);
    free(b->data);
    *b = (struct blob){0};
}

int blob_copy(struct blob *ret, const void *data, size_t len)
{
    unsigned char *copy = malloc(len + 1);

    if (!copy)
        return -ENOMEM;
    if (len > 0)
        memcpy(copy, data, len);
    copy[len] = 0;
    ret->data = copy;
    ret->len = len;
    return 0;
}

// Makes room for at least one more byte; the old room is wiped, as it may have held a secret.
static int grow(struct blob *b, size_t *room, size_t max)
{
    size_t larger = *room ? *room * 2 : 64 * 1024;
    unsigned char *data;

    if (larger > max + 1)
        larger = max + 1;
    data = malloc(larger);
    if (!data)
        return -ENOMEM;
    if (b->data)
        memcpy(data, b->data, b->len);
    secret_wipe(b->data, b->len);
    free(b->data);
    b->data = data;
    *room = larger;
    return 0;
}

int blob_read_fd(int fd, size_t max, struct blob *ret, struct err *err)
{
    _cleanup_blob_ struct blob b = {0};
    size_t room = 0;

    for (;;) {
        ssize_t n;

        if (b.len == room && grow(&b, &room, max) < 0)
            return err_set(err, -ENOMEM, "out of memory");
        n = read(fd, b.data + b.len, room - b.len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_set(err, -errno, "cannot be read: %s", strerror(errno));
        if (n == 0)
            break;
        b.len += (size_t)n;
        if (b.len > max)
            return err_set(err, -EFBIG, "is larger than %zu bytes", max);
    }
    *ret = b;
    b = (struct blob){0};
    return 0;
}

static int write_all(int fd, const unsigned char *data, size_t len, struct err *err)
{
    size_t done = 0;

    while (done < len) {
        ssize_t n = pwrite(fd, data + done, len - done, (off_t)done);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return err_set(err, n < 0 ? -errno : -EIO, "no room for a private copy: %s", strerror(errno));
        done += (size_t)n;
    }
    return 0;
}

int blob_fd(const struct blob *b, const char *name, struct err *err)
{
    _cleanup_close_ int fd = memfd_create(name, MFD_CLOEXEC);
    int rc;

    if (fd < 0)
        return err_set(err, -errno, "memfd_create: %s", strerror(errno));
    rc = write_all(fd, b->data, b->len, err);
    if (rc < 0)
        return rc;
    return take_fd(fd);
}

void blob_fd_close(int fd, size_t len)
{
    static const unsigned char zeros[64 * 1024];

    for (size_t done = 0; done < len;) {
        size_t piece = len - done < sizeof zeros ? len - done : sizeof zeros;

        if (pwrite(fd, zeros, piece, (off_t)done) <= 0)
            break;
        done += piece;
    }
    close(fd);
}

void blob_fd_path(int fd, char ret[static BLOB_FD_PATH])
{
    snprintf(ret, BLOB_FD_PATH, "/proc/self/fd/%d", fd);
}
