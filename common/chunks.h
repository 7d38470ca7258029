// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// Records out of a stream that may begin anywhere: a virtio-serial port keeps what an earlier reader left, and either
// end may vanish in the middle of a message. Records end with an empty line, so what lies between two empty lines and
// is no record is dropped, and reading goes on behind it. A writer that begins sends an empty line first.
//
// Pure. A struct chunks owns its buffer; hostile bytes are the normal case: never more than a record's cap is kept.
//
//     chunks_feed(&c, bytes, n);
//     while (chunks_next(&c, &record) == 0) …
#pragma once

#include "common/record.h"

struct chunks {
    char *buf;
    size_t from, used; // what came and was not given out lies between
    size_t looked;     // before it no empty line ends
    bool skipping;     // until the next empty line
    uint64_t work;     // bytes looked at or moved so far: stays in proportion to what came, however it is cut
};

void chunks_done(struct chunks *c);
#define _cleanup_chunks_ _cleanup_(chunks_done)

// 0 or -ENOMEM.
int chunks_feed(struct chunks *c, const void *bytes, size_t len);
// 0 with the next record, RECORD_MORE (none is whole yet), -ENOMEM.
int chunks_next(struct chunks *c, struct record **ret);
