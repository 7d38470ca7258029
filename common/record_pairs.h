// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// A record's inside, for record.c (which builds and reads it), record_wire.c (its bytes on the way) and record_list.c
// (many of them). Nobody else includes it. A record that is built owns a block a pair; one that was decoded owns one
// text, in which its keys and values lie where they came.
//
//     const struct pair *p = record_find(r, "type");
#pragma once

#include "common/record.h"

struct pair {
    const char *key;
    char *value; // NUL-terminated, len bytes before it
    size_t key_len, len;
    char *block; // owned: key, NUL, value, NUL; NULL: they lie in the record's text
};

enum { RECORD_FEW = 24 }; // pairs that need no block of their own

struct record {
    struct pair *pairs; // few, or allocated
    size_t count, room;
    uint64_t marks; // a bit for each key that stands here; several keys share one
    int failed;     // the first error of an add, kept for record_encode
    char *text;     // owned
    size_t text_len;
    struct pair few[RECORD_FEW];
};

struct record *record_alloc(void);                                       // empty, or NULL
const struct pair *record_find(const struct record *r, const char *key); // NULL: none, or r is NULL
const struct pair *record_find_n(const struct record *r, const char *key, size_t key_len);
// How many bytes from here on stand for themselves.
size_t record_plain_run(const char *text, size_t len);
bool record_key_valid(const char *key, size_t len);
// A place behind the last pair: -ENOMEM, -E2BIG. Whether the key stands there already is the caller's to look at.
int record_append(struct record *r, const struct pair *p);
