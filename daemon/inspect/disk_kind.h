// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// What lies on a volume, as libblkid recognizes it, and what is to be done with it. What a partition's type alone tells
// (dynamic disks, Storage Spaces) has no mark of its own that libblkid knows, and is disk_table.h's.
//
//     rc = disk_kind_find(io, part.start, part.size, &kind, &err);
#pragma once

#include "daemon/inspect/disk_io.h"

enum kind_use {
    KIND_READ,      // by this engine
    KIND_NO_SYSTEM, // swap, FAT …: nothing that is looked for can lie there
    KIND_OTHER,     // the other engine reads it
    KIND_ENCRYPTED, // nobody does
    KIND_NOBODY,    // neither: no engine there is knows its format
    KIND_UNKNOWN,   // it holds something that libblkid does not recognize
    KIND_EMPTY,     // it begins with zeros; its type is "unknown"
    KIND_FAILED,    // it could not be read
};

struct disk_kind {
    const char *type; // as libblkid and libguestfs call it: "ntfs", "ext4", "LVM2_member" …; static
    const char *name; // as people call it: "LVM"; static
    enum kind_use use;
};

// 0, or a negative errno with a sentence.
int disk_kind_find(struct disk_io *io, uint64_t start, uint64_t size, struct disk_kind *ret, struct err *err);
extern const struct disk_kind disk_kind_dynamic; // a dynamic disk's
extern const struct disk_kind disk_kind_failed;  // what cannot be read
extern const struct disk_kind disk_kind_pool;    // of a pool of Storage Spaces
extern const struct disk_kind disk_kind_empty;   // also of what is no place for a file system
