// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// NTFS by libntfs-3g, through device operations of our own. Nothing is written: the volume is mounted
// read-only and "forensic", and there is no operation that could write.
#include "daemon/inspect/disk_fs.h"
#include "daemon/inspect/disk_reader.h"

// libntfs-3g's headers want to be told what its configure found.
#define HAVE_TIME_H 1
#define HAVE_SYS_STAT_H 1
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include <ntfs-3g/attrib.h>
#include <ntfs-3g/device.h>
#include <ntfs-3g/dir.h>
#include <ntfs-3g/inode.h>
#include <ntfs-3g/logging.h>
#include <ntfs-3g/unistr.h>
#include <ntfs-3g/volume.h>

struct ntfs_fs {
    struct disk_fs base;
    struct disk_io *io;
    uint64_t start, size;
    int64_t at;     // where read() would go on
    struct err err; // what the disk said last
    ntfs_volume *volume;
};

struct ntfs_source {
    struct source base;
    struct ntfs_fs *fs;
    ntfs_inode *inode;
    ntfs_attr *data;
};

static struct ntfs_fs *of(struct ntfs_device *device)
{
    return device->d_private;
}

// libntfs-3g asks whether the device is open and read-only by these marks.
static int device_open(struct ntfs_device *device, int flags)
{
    (void)flags;
    NDevSetOpen(device);
    NDevSetReadOnly(device);
    return 0;
}

static int device_close(struct ntfs_device *device)
{
    NDevClearOpen(device);
    return 0;
}

static s64 device_seek(struct ntfs_device *device, s64 offset, int whence)
{
    struct ntfs_fs *fs = of(device);
    int64_t base = whence == SEEK_CUR ? fs->at : whence == SEEK_END ? (int64_t)fs->size : 0, to;

    if (__builtin_add_overflow(base, offset, &to) || to < 0) {
        errno = EINVAL;
        return -1;
    }
    fs->at = to;
    return to;
}

static s64 device_pread(struct ntfs_device *device, void *buf, s64 count, s64 offset)
{
    struct ntfs_fs *fs = of(device);
    int rc;

    if (count < 0 || offset < 0) {
        errno = EINVAL;
        return -1;
    }
    if ((uint64_t)offset >= fs->size)
        return 0;
    if ((uint64_t)count > fs->size - (uint64_t)offset)
        count = (s64)(fs->size - (uint64_t)offset);
    rc = disk_io_read(fs->io, fs->start + (uint64_t)offset, buf, (size_t)count, &fs->err);
    if (rc == 0)
        return count;
    errno = -rc;
    return -1;
}

static s64 device_read(struct ntfs_device *device, void *buf, s64 count)
{
    s64 n = device_pread(device, buf, count, of(device)->at);

    if (n > 0)
        of(device)->at += n;
    return n;
}

static s64 device_write(struct ntfs_device *device, const void *buf, s64 count)
{
    (void)device;
    (void)buf;
    (void)count;
    errno = EROFS;
    return -1;
}

static s64 device_pwrite(struct ntfs_device *device, const void *buf, s64 count, s64 offset)
{
    (void)offset;
    return device_write(device, buf, count);
}

static int device_sync(struct ntfs_device *device)
{
    (void)device;
    return 0;
}

static int device_stat(struct ntfs_device *device, struct stat *st)
{
    *st = (struct stat){.st_mode = S_IFREG | 0400, .st_size = (off_t)of(device)->size};
    return 0;
}

static int device_ioctl(struct ntfs_device *device, unsigned long request, void *arg)
{
    (void)device;
    (void)request;
    (void)arg;
    errno = EOPNOTSUPP;
    return -1;
}

// libntfs-3g does not take it as const.
static struct ntfs_device_operations device_ops = {
    .open = device_open,
    .close = device_close,
    .seek = device_seek,
    .read = device_read,
    .write = device_write,
    .pread = device_pread,
    .pwrite = device_pwrite,
    .sync = device_sync,
    .stat = device_stat,
    .ioctl = device_ioctl,
};

// An entry of a directory: (u64)-1 with errno. ntfs_inode_lookup_by_mbsname would do it too, and never free the name.
static u64 look_up(ntfs_inode *dir, const char *name)
{
    ntfschar *wide = NULL;
    int len = ntfs_mbstoucs(name, &wide), why;
    u64 found;

    if (len < 0)
        return (u64)-1;
    found = ntfs_inode_lookup_by_name(dir, wide, len);
    why = errno;
    free(wide);
    errno = why;
    return found;
}

// NULL with errno. ntfs_pathname_to_inode would call a file missing also where its directory cannot be read.
static ntfs_inode *find(struct disk_fs *base, const char *path)
{
    ntfs_volume *volume = ((struct ntfs_fs *)base)->volume;
    ntfs_inode *dir = ntfs_inode_open(volume, FILE_root);

    while (dir && *(path += strspn(path, "/"))) {
        size_t len = strcspn(path, "/");
        char name[NAME_MAX + 1];
        u64 found;
        int why;

        snprintf(name, sizeof name, "%.*s", (int)len, path);
        errno = len < sizeof name ? 0 : ENOENT;
        found = errno ? (u64)-1 : look_up(dir, name);
        why = errno;
        ntfs_inode_close(dir);
        errno = why;
        dir = found == (u64)-1 ? NULL : ntfs_inode_open(volume, MREF(found));
        path += len;
    }
    return dir;
}

static bool not_there(int code)
{
    return code == ENOENT || code == ENOTDIR;
}

static int exists(struct disk_fs *base, const char *path, struct err *err)
{
    ntfs_inode *inode;

    errno = 0;
    inode = find(base, path);
    if (!inode)
        return not_there(errno) ? 0 : err_set(err, -EIO, "NTFS cannot find it: %s", strerror(errno));
    ntfs_inode_close(inode);
    return 1;
}

static int source_pread(struct source *base, uint64_t offset, void *ret, size_t len, struct err *err)
{
    struct ntfs_source *s = (struct ntfs_source *)base;
    unsigned char *to = ret;

    while (len > 0) {
        s64 n = ntfs_attr_pread(s->data, (s64)offset, (s64)len, to);

        if (n <= 0)
            return err_set(err, -EIO, "NTFS cannot read %zu bytes at %llu of the file: %s", len,
                           (unsigned long long)offset, n < 0 ? strerror(errno) : "it ends before");
        to += n;
        offset += (uint64_t)n;
        len -= (size_t)n;
    }
    return 0;
}

static void source_close(struct source *base)
{
    struct ntfs_source *s = (struct ntfs_source *)base;

    if (s->data)
        ntfs_attr_close(s->data);
    if (s->inode)
        ntfs_inode_close(s->inode);
    free(s);
}

static const struct source_ops source_ops = {.read = source_pread, .free = source_close};

static int open_file(struct disk_fs *base, const char *path, struct source **ret, struct err *err)
{
    _cleanup_source_ struct source *made = NULL;
    struct ntfs_source *s;

    errno = 0;
    s = calloc(1, sizeof *s);
    if (!s)
        return err_set(err, -ENOMEM, "out of memory");
    made = &s->base;
    s->base.ops = &source_ops;
    s->fs = (struct ntfs_fs *)base;
    s->inode = find(base, path);
    if (!s->inode && not_there(errno))
        return DISK_NO_FILE;
    if (!s->inode)
        return err_set(err, -EIO, "NTFS cannot find it: %s", strerror(errno));
    if (s->inode->mrec->flags & MFT_RECORD_IS_DIRECTORY)
        return DISK_NO_FILE;
    s->data = ntfs_attr_open(s->inode, AT_DATA, AT_UNNAMED, 0);
    if (!s->data)
        return err_set(err, -EIO, "NTFS cannot open it: %s", strerror(errno));
    if (s->data->data_size < 0)
        return err_set(err, -EIO, "NTFS gives it an impossible size");
    s->base.size = (uint64_t)s->data->data_size;
    *ret = take(made);
    return 0;
}

static void free_fs(struct disk_fs *base)
{
    struct ntfs_fs *fs = (struct ntfs_fs *)base;

    if (fs->volume)
        ntfs_umount(fs->volume, TRUE);
    free(fs);
}

static const struct disk_fs_ops ops = {.exists = exists, .open = open_file, .free = free_fs};

int disk_ntfs_open(struct disk_io *io, uint64_t start, uint64_t size, struct disk_fs **ret, struct err *err)
{
    struct ntfs_fs *fs = calloc(1, sizeof *fs);
    struct ntfs_device *device;
    int saved;

    if (!fs)
        return err_set(err, -ENOMEM, "out of memory");
    *fs = (struct ntfs_fs){.base = {.ops = &ops}, .io = io, .start = start, .size = size};
    ntfs_log_set_handler(ntfs_log_handler_null);
    device = ntfs_device_alloc("guest", 0, &device_ops, fs);
    if (!device) {
        free(fs);
        return err_set(err, -ENOMEM, "out of memory");
    }
    fs->volume = ntfs_device_mount(device, NTFS_MNT_RDONLY | NTFS_MNT_FORENSIC | NTFS_MNT_IGNORE_HIBERFILE);
    if (!fs->volume) {
        saved = errno;
        err_set(err, -EIO, "NTFS is damaged: %s%s%s", strerror(saved), fs->err.text[0] ? "; " : "",
                fs->err.text);
        ntfs_device_free(device);
        free(fs);
        return saved == ENOMEM ? -ENOMEM : -EIO;
    }
    NVolClearCaseSensitive(fs->volume);
    *ret = &fs->base;
    return 0;
}
