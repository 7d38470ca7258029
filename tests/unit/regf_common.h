// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// What the tests of the hive reader share: opening hives from memory, and reading them by libhivex besides.
#pragma once

#include "tests/unit/inspect_common.h"

#include <hivex.h>

// Settles a hive out of blobs (those that are given are taken; logs may be NULL).
void settle(struct blob *file, struct blob *log1, struct blob *log2, struct blob *log, struct hive *ret);
// The hive as a file that libhivex takes: a sound base block and the bytes as our reader sees them.
void flatten(const struct hive *h, const struct blob *original, struct blob *ret);
// libhivex on these bytes; NULL where it refuses. The descriptor is closed by hivex_done.
struct by_hivex {
    hive_h *h;
    int fd;
    size_t len;
};
void by_hivex_open(const struct blob *bytes, struct by_hivex *ret);
void by_hivex_done(struct by_hivex *b);

// How the two readers' answers compare, key by key and value by value.
struct comparison {
    size_t keys, values;
    size_t hivex_refused; // keys or values that libhivex does not read and we do
    size_t refused;       // the other way round
    size_t different;
    char first[512]; // where the first difference is
};
void compare_all(const struct regf *h, hive_h *by, struct comparison *ret);
