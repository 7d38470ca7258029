// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// A disk's partitions: MBR with logical ones, GPT, both in sectors of 512 or 4096 bytes, as libblkid reads them. No
// image says which size its sectors have: whoever asks tries both and sees where something lies.
//
//     rc = disk_table_read(io, 512, &table, &err);
#pragma once

#include "daemon/inspect/disk_io.h"

#include <stdbool.h>

enum { DISK_PARTS_MAX = 128 };

struct disk_part {
    unsigned number;      // as in /dev/sda5
    uint64_t start, size; // bytes; within the disk
    bool boot;            // of a boot loader's or of Windows' own, never with a file system
    bool dynamic;         // of Windows' Logical Disk Manager: what begins in it need not end in it
    bool pool;            // of Windows' Storage Spaces: likewise
};

struct disk_table {
    struct disk_part parts[DISK_PARTS_MAX]; // containers of logical partitions left out
    size_t count;                           // 0: there is no table
};

// 0, or a negative errno with a sentence. That there is no table, or none that makes sense, is no error.
int disk_table_read(struct disk_io *io, unsigned sector_size, struct disk_table *ret, struct err *err);
