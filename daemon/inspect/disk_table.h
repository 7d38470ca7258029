// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// A disk's partitions: MBR with logical ones, GPT in sectors of 512 or 4096 bytes. The tables are read by
// libblkid, which the kernel's own tools trust, but which reads descriptors only. So it is given a sparse file
// in memory, as large as the disk, that holds the few sectors a table can lie in, and no other descriptor.
// Filling that file needs to write, which the cage forbids; it is done before, by the few lines here that
// follow the chain of logical partitions and understand nothing else.
//
//     rc = disk_table_copy(io, &copy, &err);            // before the cage closes
//     disk_table_read(copy, &table);                    // in it
#pragma once

#include "daemon/inspect/disk_io.h"

#include <stdbool.h>

enum { DISK_PARTS_MAX = 128 };

struct disk_part {
    unsigned number;      // as in /dev/sda5
    uint64_t start, size; // bytes; within the disk
    bool boot;            // of a boot loader's or of Windows' own, never with a file system
    bool dynamic;         // of Windows' Logical Disk Manager: what begins in it need not end in it
};

struct disk_table {
    struct disk_part parts[DISK_PARTS_MAX]; // containers of logical partitions left out
    size_t count;                           // 0: there is no table
};

struct disk_table_copy;

// 0, or a negative errno with a sentence.
int disk_table_copy(struct disk_io *io, struct disk_table_copy **ret, struct err *err);
int disk_table_fd(const struct disk_table_copy *copy); // the file in memory, borrowed
// That there is no table, or none that makes sense, is no error.
void disk_table_read(struct disk_table_copy *copy, struct disk_table *ret);
struct disk_table_copy *disk_table_free(struct disk_table_copy *copy); // fine on NULL; returns NULL
DEFINE_CLEANUP(struct disk_table_copy *, disk_table_free);
#define _cleanup_disk_table_ _cleanup_(disk_table_freep)
