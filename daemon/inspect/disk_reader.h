// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// What a look needs of whatever reads guest file systems: a seam with two implementations in the product,
// `direct` (libraries, in this process) and `guestfs` (libguestfs' machine), and one in the tests
// (directories). Read-only all through; one volume is mounted at a time.
//
// Paths are absolute within the mounted volume. A source must be closed before the next mount.
//
//     rc = r->ops->mount(r, volume.device, &err);
//     rc = r->ops->open(r, "/etc/krb5.keytab", &source, &err);
#pragma once

#include "daemon/inspect/blob.h"
#include "daemon/inspect/source.h"

#include <stdbool.h>

enum { VOLUMES_MAX = 64, VOLUME_NAME_MAX = 128 };

struct disk_volume {
    char device[VOLUME_NAME_MAX]; // in the engine's own words
    bool unlocked;                // it lies on a LUKS volume that was opened with a key
    char type[VOLUME_NAME_MAX];   // "ntfs", "ext4", "crypto_LUKS", "BitLocker", "swap", "unknown" …
};

struct disk_reader;

enum {
    DISK_NO_FILE = 1,      // open, resolve: no such (regular) file
    DISK_OTHER_ENGINE = 2, // mount: not read by this engine, perhaps by the other one; err names what it is
};

struct disk_reader_ops {
    // Those of all disks, at most VOLUMES_MAX: their number, or a negative errno with a sentence.
    int (*volumes)(struct disk_reader *r, struct disk_volume ret[static VOLUMES_MAX], struct err *err);
    // The volume's first bytes: 0 or a negative errno.
    int (*peek)(struct disk_reader *r, const char *device, void *ret, size_t len, struct err *err);
    // Puts away what was mounted before: 0, DISK_OTHER_ENGINE or a negative errno with a sentence.
    int (*mount)(struct disk_reader *r, const char *device, struct err *err);
    // A spelling that open() takes of a path whose letters may have any case: 0, DISK_NO_FILE, negative
    // errno. Caller frees.
    int (*resolve)(struct disk_reader *r, const char *path, char **ret, struct err *err);
    // As file or directory, symbolic links followed: 1, 0, or a negative errno with a sentence where it cannot be told.
    int (*exists)(struct disk_reader *r, const char *path, struct err *err);
    // A regular file of the mounted volume: 0, DISK_NO_FILE, negative errno with a sentence.
    int (*open)(struct disk_reader *r, const char *path, struct source **ret, struct err *err);
    void (*free)(struct disk_reader *r);
};

struct disk_reader {
    const struct disk_reader_ops *ops;
    const char *engine; // its name and version
    // Its sources cannot be read where the bytes are parsed (libguestfs speaks to its machine, the cage to
    // nobody): what will be parsed is read ahead.
    bool ahead;
    // The other engine has a key for LUKS volumes.
    bool key_elsewhere;
    // This one had a key, and a volume that it could not open with it: whether the key is wrong, and the sentence. ""
    // none.
    bool wrong_key;
    struct err locked;
};

// A regular file that will be parsed, in pieces as they are wanted or read ahead: 0, DISK_NO_FILE, negative
// errno with a sentence (-EFBIG: read ahead, it would be more than max).
int disk_open(struct disk_reader *r, const char *path, size_t max, struct source **ret, struct err *err);
// A regular file, whole: 0, DISK_NO_FILE, -EFBIG when it is larger than max, other negative errno.
int disk_read_file(struct disk_reader *r, const char *path, size_t max, struct blob *ret, struct err *err);
// Its first bytes, as many as there are up to max.
int disk_read_head(struct disk_reader *r, const char *path, size_t max, struct blob *ret, struct err *err);

static inline struct disk_reader *disk_reader_free(struct disk_reader *r)
{
    if (r)
        r->ops->free(r);
    return NULL;
}
DEFINE_CLEANUP(struct disk_reader *, disk_reader_free);
#define _cleanup_disk_reader_ _cleanup_(disk_reader_freep)
