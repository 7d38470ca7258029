// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/inspect/disk_blkid.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/stat.h>

enum {
    NUMBER = 1 << 30,       // above what the kernel lets a descriptor be
    READ_MAX = 1024 * 1024, // of one read: a table says itself how long it is
};

// The disk that NUMBER stands for.
static struct {
    struct disk_io *io; // NULL: none
    uint64_t at;
    int rc; // of the first read that failed
    struct err err;
} current;

// What libblkid calls instead of read, lseek, fstat and posix_fadvise.
ssize_t disk_blkid_read(int fd, void *ret, size_t len);
off_t disk_blkid_lseek(int fd, off_t offset, int whence);
int disk_blkid_fstat(int fd, struct stat *ret);
int disk_blkid_fadvise(int fd, off_t offset, off_t len, int advice);

static bool is_ours(int fd)
{
    if (fd == NUMBER && current.io)
        return true;
    errno = EBADF;
    return false;
}

ssize_t disk_blkid_read(int fd, void *ret, size_t len)
{
    uint64_t left;
    int rc;

    if (!is_ours(fd))
        return -1;
    if (len > READ_MAX) {
        errno = EFBIG;
        return -1;
    }
    left = current.at < current.io->size ? current.io->size - current.at : 0;
    if (len > left)
        len = (size_t)left;
    rc = disk_io_read(current.io, current.at, ret, len, &current.err);
    if (rc < 0) {
        if (current.rc == 0)
            current.rc = rc;
        errno = -rc;
        return -1;
    }
    current.at += len;
    return (ssize_t)len;
}

off_t disk_blkid_lseek(int fd, off_t offset, int whence)
{
    if (!is_ours(fd))
        return -1;
    if (whence != SEEK_SET || offset < 0) {
        errno = EINVAL;
        return -1;
    }
    current.at = (uint64_t)offset;
    return offset;
}

int disk_blkid_fstat(int fd, struct stat *ret)
{
    if (!is_ours(fd))
        return -1;
    *ret = (struct stat){.st_mode = S_IFREG | 0400, .st_size = (off_t)current.io->size};
    return 0;
}

int disk_blkid_fadvise(int fd, off_t offset, off_t len, int advice)
{
    (void)fd;
    (void)offset;
    (void)len;
    (void)advice;
    return 0;
}

int disk_blkid_open(struct disk_blkid *b, struct disk_io *io, uint64_t start, uint64_t size, struct err *err)
{
    blkid_probe probe = blkid_new_probe();

    current.io = io;
    current.at = 0;
    current.rc = 0;
    // Sizes up to 8 EiB are libblkid's.
    if (!probe || size > INT64_MAX || start > INT64_MAX ||
        blkid_probe_set_device(probe, NUMBER, (blkid_loff_t)start, (blkid_loff_t)size) != 0) {
        blkid_free_probe(probe);
        current.io = NULL;
        return err_set(err, -ENOMEM, "libblkid does not take the disk");
    }
    b->probe = probe;
    return 0;
}

int disk_blkid_close(struct disk_blkid *b, struct err *err)
{
    blkid_free_probe(b->probe);
    b->probe = NULL;
    current.io = NULL;
    return current.rc < 0 ? err_set(err, current.rc, "%s", current.err.text) : 0;
}
