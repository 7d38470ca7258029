// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// The bytes of one disk, as those who read file systems see them: any range of them, in few requests. What
// lies near is fetched along and kept for a while (a fixed 1 MiB, what was not used longest goes first), for a look
// reads many small things that lie together, and comes back to them; large reads pass by, several requests in flight.
//
// A disk_io is owned by whoever opened it and is used by one thread. Offsets and sizes are bytes.
//
//     _cleanup_disk_io_ struct disk_io *io = NULL;
//     rc = disk_io_nbd(fd, &io, &err);               // or disk_io_file(fd, &io, &err)
//     rc = disk_io_read(io, 0, sector, 512, &err);
#pragma once

#include "common/cleanup.h"
#include "common/err.h"

#include <stddef.h>
#include <stdint.h>

struct disk_io;

// One request: len bytes, which lie within the disk; at most DISK_IO_SPAN of them.
struct disk_ask {
    uint64_t offset;
    void *to;
    size_t len;
};

struct disk_io_ops {
    // All of them, at most DISK_IO_FLIGHT, in whatever order.
    int (*read)(struct disk_io *io, const struct disk_ask *asks, size_t count, struct err *err);
    // Puts away what the maker made around the disk_io, but not its memory. NULL: there is nothing.
    void (*free)(struct disk_io *io);
};

enum {
    DISK_IO_SPAN = 128 * 1024,   // up to this much is asked for in one request,
    DISK_IO_REQUEST = 64 * 1024, // more in such pieces: QEMU makes room for larger ones anew each time
    DISK_IO_FLIGHT = 32,         // requests at once
    DISK_IO_LINE = 16 * 1024,    // what a small read fetches
    DISK_IO_LINES = 64,
};

struct disk_line {
    uint64_t at;   // offset + 1 of what it holds; 0: nothing
    uint64_t used; // by disk_io.uses, when it was wanted last
};

struct disk_io {
    const struct disk_io_ops *ops;
    int fd;
    uint64_t size;
    uint64_t requests, bytes; // what was asked for so far; tests and benchmarks count it
    uint64_t uses;
    struct disk_line lines[DISK_IO_LINES];
    unsigned char (*kept)[DISK_IO_LINE]; // each line's bytes
};

// Exactly len bytes at offset: 0, -ERANGE with a sentence beyond the end, other negative errno (of a server
// that is gone, -EIO).
int disk_io_read(struct disk_io *io, uint64_t offset, void *ret, size_t len, struct err *err);

// What will be wanted soon: fetched in one request a span, all at once, as far as it is within the disk and is not
// there yet. What cannot be read is told when it is really wanted.
struct disk_span {
    uint64_t offset;
    size_t len; // at most DISK_IO_SPAN
};
void disk_io_ahead(struct disk_io *io, const struct disk_span *spans, size_t count);

// A disk that an NBD server serves on this connected socket, which is borrowed; the greeting is done here.
int disk_io_nbd(int fd, struct disk_io **ret, struct err *err);
// A raw image or block device, for tests; the descriptor is borrowed.
int disk_io_file(int fd, struct disk_io **ret, struct err *err);

// For the makers: fills what malloc gave, of which the disk_io is the beginning, and which disk_io_free frees. 0 or
// -ENOMEM.
int disk_io_init(struct disk_io *io, const struct disk_io_ops *ops, int fd, uint64_t size, struct err *err);
struct disk_io *disk_io_free(struct disk_io *io); // fine on NULL; returns NULL; the descriptor stays open
DEFINE_CLEANUP(struct disk_io *, disk_io_free);
#define _cleanup_disk_io_ _cleanup_(disk_io_freep)
