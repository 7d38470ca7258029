// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// One file system, read-only, on a part of a disk. Paths are absolute within it; symbolic links are followed
// where the file system has them, within it. On NTFS letters may have any case.
//
// A disk_fs borrows its disk_io and must outlive the sources opened from it.
//
//     rc = disk_ntfs_open(io, part.start, part.size, &fs, &err);
//     rc = fs->ops->open(fs, "/Windows/System32/config/SECURITY", &source, &err);
#pragma once

#include "daemon/inspect/disk_io.h"
#include "daemon/inspect/source.h"

#include <stdbool.h>

struct disk_fs;

enum disk_fs_use {
    DISK_FS_OPEN = 0,
    DISK_FS_OTHER = 1, // sound perhaps, but beyond this reader: err says why
};

struct disk_fs_ops {
    // As file or directory: 1, 0, or a negative errno with a sentence where it cannot be told.
    int (*exists)(struct disk_fs *fs, const char *path, struct err *err);
    // A regular file: 0, DISK_NO_FILE, negative errno with a sentence.
    int (*open)(struct disk_fs *fs, const char *path, struct source **ret, struct err *err);
    void (*free)(struct disk_fs *fs);
};

struct disk_fs {
    const struct disk_fs_ops *ops;
};

// 0, DISK_FS_OTHER, or a negative errno; with a sentence.
int disk_ntfs_open(struct disk_io *io, uint64_t start, uint64_t size, struct disk_fs **ret, struct err *err);
int disk_ext_open(struct disk_io *io, uint64_t start, uint64_t size, struct disk_fs **ret, struct err *err);

static inline struct disk_fs *disk_fs_free(struct disk_fs *fs)
{
    if (fs)
        fs->ops->free(fs);
    return NULL;
}
