// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// ext2, ext3 and ext4 by libext2fs, through an I/O manager of our own that has no way to write.
#include "daemon/inspect/disk_fs.h"
#include "daemon/inspect/disk_reader.h"
#include "daemon/inspect/ext_journal.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include <et/com_err.h>
#include <ext2fs/ext2fs.h>

struct ext_fs {
    struct disk_fs base;
    struct disk_io *io;
    uint64_t start, size;
    struct err err; // what the disk said last
    ext2_filsys fs;
    struct ext_journal *journal; // NULL: empty
    uint32_t block_size;         // of the file system, when there is a journal
};

struct ext_source {
    struct source base;
    ext2_file_t file;
};

// libext2fs opens by name; the one that is being opened is this.
static struct ext_fs *opening;
static struct struct_io_manager manager; // libext2fs does not take it as const

static errcode_t channel_open(const char *name, int flags, io_channel *ret)
{
    io_channel channel = calloc(1, sizeof *channel);

    (void)flags;
    if (!channel)
        return EXT2_ET_NO_MEMORY;
    channel->name = strdup(name);
    if (!channel->name) {
        free(channel);
        return EXT2_ET_NO_MEMORY;
    }
    channel->magic = EXT2_ET_MAGIC_IO_CHANNEL;
    channel->block_size = 1024;
    channel->refcount = 1;
    channel->private_data = opening;
    channel->manager = &manager;
    *ret = channel;
    return 0;
}

static errcode_t channel_close(io_channel channel)
{
    if (--channel->refcount > 0)
        return 0;
    free(channel->name);
    free(channel);
    return 0;
}

static errcode_t channel_set_block_size(io_channel channel, int size)
{
    channel->block_size = size;
    return 0;
}

// Puts the journal's content over what was read at offset: false when it cannot be had.
static bool overlay(struct ext_fs *fs, uint64_t offset, unsigned char *data, uint64_t len)
{
    uint64_t size = fs->block_size, end = offset + len;
    unsigned char whole[EXT2_MAX_BLOCK_SIZE];

    for (uint64_t block = offset / size; block * size < end; block++) {
        uint64_t from = block * size < offset ? offset : block * size;
        uint64_t to = (block + 1) * size > end ? end : (block + 1) * size;
        struct ext_copy copy;

        if (!ext_journal_find(fs->journal, block, &copy))
            continue;
        if (copy.at >= fs->size / size ||
            disk_io_read(fs->io, fs->start + copy.at * size, whole, (size_t)size, &fs->err) < 0 ||
            !ext_journal_restore(fs->journal, &copy, whole))
            return false;
        memcpy(data + (from - offset), whole + (from - block * size), (size_t)(to - from));
    }
    return true;
}

// A negative count is bytes, a positive one blocks.
static errcode_t channel_read(io_channel channel, unsigned long long block, int count, void *data)
{
    struct ext_fs *fs = channel->private_data;
    uint64_t offset, len;

    len = count < 0 ? (uint64_t) - (int64_t)count : (uint64_t)count * (uint64_t)channel->block_size;
    if (__builtin_mul_overflow((uint64_t)block, (uint64_t)channel->block_size, &offset) ||
        offset > fs->size || len > fs->size - offset)
        return EXT2_ET_SHORT_READ;
    if (disk_io_read(fs->io, fs->start + offset, data, (size_t)len, &fs->err) < 0 ||
        (fs->journal && !overlay(fs, offset, data, len)))
        return EXT2_ET_SHORT_READ;
    return 0;
}

static errcode_t channel_read_small(io_channel channel, unsigned long block, int count, void *data)
{
    return channel_read(channel, block, count, data);
}

static errcode_t channel_write(io_channel channel, unsigned long block, int count, const void *data)
{
    (void)channel;
    (void)block;
    (void)count;
    (void)data;
    return EXT2_ET_RO_FILSYS;
}

static errcode_t channel_write64(io_channel channel, unsigned long long block, int count, const void *data)
{
    (void)block;
    return channel_write(channel, 0, count, data);
}

static errcode_t channel_flush(io_channel channel)
{
    (void)channel;
    return 0;
}

static struct struct_io_manager manager = {
    .magic = EXT2_ET_MAGIC_IO_MANAGER,
    .name = "virtrust",
    .open = channel_open,
    .close = channel_close,
    .set_blksize = channel_set_block_size,
    .read_blk = channel_read_small,
    .write_blk = channel_write,
    .flush = channel_flush,
    .read_blk64 = channel_read,
    .write_blk64 = channel_write64,
};

static int said(struct ext_fs *fs, errcode_t code, const char *what, struct err *err)
{
    return err_set(err, -EIO, "%s: %s%s%s", what, error_message(code), fs->err.text[0] ? "; " : "",
                   fs->err.text);
}

static errcode_t find(struct disk_fs *base, const char *path, ext2_ino_t *ret)
{
    ext2_filsys fs = ((struct ext_fs *)base)->fs;

    return ext2fs_namei_follow(fs, EXT2_ROOT_INO, EXT2_ROOT_INO, path, ret);
}

static bool not_there(errcode_t code)
{
    return code == EXT2_ET_FILE_NOT_FOUND || code == EXT2_ET_NO_DIRECTORY;
}

static int exists(struct disk_fs *base, const char *path, struct err *err)
{
    ext2_ino_t ino;
    errcode_t code = find(base, path, &ino);

    if (code && !not_there(code))
        return said((struct ext_fs *)base, code, "ext4 cannot find it", err);
    return code == 0;
}

static int source_pread(struct source *base, uint64_t offset, void *ret, size_t len, struct err *err)
{
    struct ext_source *s = (struct ext_source *)base;
    unsigned char *to = ret;
    errcode_t code = ext2fs_file_llseek(s->file, offset, EXT2_SEEK_SET, NULL);

    while (code == 0 && len > 0) {
        unsigned int piece = len < DISK_IO_REQUEST ? (unsigned int)len : DISK_IO_REQUEST, got = 0;

        code = ext2fs_file_read(s->file, to, piece, &got);
        if (code == 0 && got == 0)
            return err_set(err, -EIO, "the file ends before its size");
        to += got;
        len -= got;
    }
    return code ? err_set(err, -EIO, "ext4 cannot read the file: %s", error_message(code)) : 0;
}

static void source_close(struct source *base)
{
    struct ext_source *s = (struct ext_source *)base;

    if (s->file)
        ext2fs_file_close(s->file);
    free(s);
}

static const struct source_ops source_ops = {.read = source_pread, .free = source_close};

static int open_file(struct disk_fs *base, const char *path, struct source **ret, struct err *err)
{
    _cleanup_source_ struct source *made = NULL;
    struct ext_fs *fs = (struct ext_fs *)base;
    struct ext2_inode inode;
    struct ext_source *s;
    ext2_ino_t ino;
    errcode_t code = find(base, path, &ino);

    if (not_there(code))
        return DISK_NO_FILE;
    if (code == 0)
        code = ext2fs_read_inode(fs->fs, ino, &inode);
    if (code)
        return said(fs, code, "ext4 cannot find it", err);
    if (!S_ISREG(inode.i_mode))
        return DISK_NO_FILE;
    s = calloc(1, sizeof *s);
    if (!s)
        return err_set(err, -ENOMEM, "out of memory");
    made = &s->base;
    s->base.ops = &source_ops;
    code = ext2fs_file_open2(fs->fs, ino, &inode, 0, &s->file);
    if (code)
        return said(fs, code, "ext4 cannot open it", err);
    s->base.size = EXT2_I_SIZE(&inode);
    *ret = take(made);
    return 0;
}

static void free_fs(struct disk_fs *base)
{
    struct ext_fs *fs = (struct ext_fs *)base;

    if (fs->fs)
        ext2fs_free(fs->fs);
    ext_journal_free(fs->journal);
    free(fs);
}

static const struct disk_fs_ops ops = {.exists = exists, .open = open_file, .free = free_fs};

// 0, DISK_FS_OTHER, or a negative errno; with a sentence.
static int open_once(struct ext_fs *fs, struct err *err)
{
    errcode_t code;

    opening = fs;
    code = ext2fs_open2("guest", NULL, EXT2_FLAG_64BITS | EXT2_FLAG_SKIP_MMP, 0, 0, &manager, &fs->fs);
    opening = NULL;
    if (code == EXT2_ET_UNSUPP_FEATURE || code == EXT2_ET_RO_UNSUPP_FEATURE)
        return err_set(err, DISK_FS_OTHER, "ext4 with features that libext2fs does not know");
    return code ? said(fs, code, "ext4 is damaged", err) : 0;
}

// Opened twice where the journal holds anything: superblock and group descriptors may be newer there, too.
static int open_with_journal(struct ext_fs *fs, struct err *err)
{
    struct ext_journal *journal = NULL;
    int rc = open_once(fs, err);

    if (rc != 0 || !ext2fs_has_feature_journal_needs_recovery(fs->fs->super))
        return rc;
    fs->block_size = fs->fs->blocksize;
    rc = ext_journal_read(fs->fs, &journal, err);
    if (rc != 0)
        return rc < 0 ? err_prefix(err, rc, "ext4 is damaged") : DISK_FS_OTHER;
    ext2fs_free(fs->fs);
    fs->fs = NULL;
    fs->journal = journal;
    rc = open_once(fs, err);
    if (rc == 0 && fs->fs->blocksize != fs->block_size)
        return err_set(err, -EIO, "ext4 is damaged: its journal changes the size of its blocks");
    return rc;
}

// As the kernel does when it mounts.
static int check_root(struct ext_fs *fs, struct err *err)
{
    errcode_t code = ext2fs_check_directory(fs->fs, EXT2_ROOT_INO);

    return code ? said(fs, code, "ext4 is damaged: its root is no directory", err) : 0;
}

int disk_ext_open(struct disk_io *io, uint64_t start, uint64_t size, struct disk_fs **ret, struct err *err)
{
    struct ext_fs *fs = calloc(1, sizeof *fs);
    int rc;

    if (!fs)
        return err_set(err, -ENOMEM, "out of memory");
    initialize_ext2_error_table(); // the words for its codes; again does no harm
    *fs = (struct ext_fs){.base = {.ops = &ops}, .io = io, .start = start, .size = size};
    rc = open_with_journal(fs, err);
    if (rc == 0)
        rc = check_root(fs, err);
    if (rc == 0)
        *ret = &fs->base;
    else
        free_fs(&fs->base);
    return rc;
}
