// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// The engine `direct`: partition tables by libblkid, NTFS by libntfs-3g, ext2/3/4 by libext2fs, on disks that
// QEMU serves. A look takes milliseconds. What it does not read (LVM, XFS …) it names, for the other engine.
//
// Guest bytes are parsed in this process: in the product it is one in a cage (cage.h). What is done before the cage
// closes parses none.
//
//     rc = disk_direct_prepare(&io, 1, &d, &err);       // owns the disks from here on
//     // the cage closes
//     reader = disk_direct_reader(d);
#pragma once

#include "daemon/inspect/disk_io.h"
#include "daemon/inspect/disk_reader.h"

struct disk_direct;

// Takes the `count` disks, also on failure. 0, or a negative errno with a sentence.
int disk_direct_prepare(struct disk_io **disks, size_t count, struct disk_direct **ret, struct err *err);
// Its descriptors, which the cage has to leave open: how many there are.
size_t disk_direct_fds(const struct disk_direct *d, int *ret, size_t room);
// How large the sectors of a disk are, once its volumes were listed: where nothing tells, 512.
unsigned disk_direct_sector(const struct disk_direct *d, size_t disk);
// Takes d.
struct disk_reader *disk_direct_reader(struct disk_direct *d);

struct disk_direct *disk_direct_free(struct disk_direct *d);
DEFINE_CLEANUP(struct disk_direct *, disk_direct_free);
#define _cleanup_disk_direct_ _cleanup_(disk_direct_freep)
