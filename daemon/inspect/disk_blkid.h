// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// libblkid, which the kernel's own tools trust, on a disk of ours. It reads descriptors only; in our copy of its
// archive (CMakeLists.txt) the four calls that it makes on one lead here, to one disk at a time, by a number that no
// real descriptor has. So it runs in the cage, reads what it wants and when it wants it, and makes no system call.
//
// A disk_blkid borrows its disk. There is one at a time: close it before the next.
//
//     rc = disk_blkid_open(&b, io, part.start, part.size, &err);
//     if (rc == 0) rc = blkid_do_safeprobe(b.probe);
//     rc = disk_blkid_close(&b, &err);            // what the disk said while libblkid read
#pragma once

#include "daemon/inspect/disk_io.h"

#include <blkid/blkid.h>

struct disk_blkid {
    blkid_probe probe;
};

// That part of the disk: 0, or a negative errno with a sentence.
int disk_blkid_open(struct disk_blkid *b, struct disk_io *io, uint64_t start, uint64_t size, struct err *err);
// 0, or a negative errno with a sentence: the disk could not be read, so what libblkid found counts for nothing.
int disk_blkid_close(struct disk_blkid *b, struct err *err);
