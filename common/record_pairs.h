// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// A record's inside, for record.c (which builds and reads it) and record_wire.c (its bytes on the way). Nobody else
// includes it.
//
//     const struct pair *p = record_find(r, "type");
#pragma once

#include "common/record.h"

struct pair {
    char key[RECORD_KEY_MAX + 1];
    char *value; // NUL-terminated, len bytes before it
    size_t len;
};

struct record {
    struct pair *pairs;
    size_t count, room;
    int failed; // the first error of an add, kept for record_encode
};

const struct pair *record_find(const struct record *r, const char *key); // NULL: none, or r is NULL
bool record_key_valid(const char *key, size_t len);
// Takes over value (malloc'd, NUL-terminated, len bytes), also when it fails: -ENOMEM (also for value NULL), -EINVAL
// for a key that is none, -E2BIG. Whether the key stands there already is the caller's to look at.
int record_append(struct record *r, const char *key, size_t key_len, char *value, size_t len);
