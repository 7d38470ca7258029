// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// Sound bytes with a few changes over them, as a source: nothing is copied, however large they are.
//
//     struct mutated *m = mutated(&blob);
//     m->changes[m->count++] = (struct change){100, 0xff};
//     files.file = &m->source;
#pragma once

#include "daemon/inspect/source.h"

enum { CHANGES = 8, RANGES = 512 };

struct change {
    uint64_t at;
    unsigned char value;
};

struct mutated {
    struct source source;
    const struct blob *bytes;
    struct change changes[CHANGES];
    size_t count;
    struct range {
        uint64_t at, len;
    } * ranges; // RANGES of them, NULL: nobody wants to know
    size_t *range_count;
};

// The bytes stay the caller's and have to outlive it.
struct mutated *mutated(const struct blob *bytes);
