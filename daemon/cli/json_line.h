// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// Records of one kind as JSON objects, one after the other, for lists that may be very long: the same bytes as
// json_of_record and JSON_SORT_KEYS give, without a tree. What is so of a key (its place in the order, a number, a
// time) is found once for all records that have the same keys.
//
//     struct json_lines lines = {0};
//     text = json_lines_record(&lines, r, &len);    // NULL: no memory, or a record that only a tree can hold
#pragma once

#include "daemon/cli/cli.h"

enum { JSON_SHAPES = 4, JSON_SHAPE_KEYS = 40 };

struct json_shape { // the keys of a record, and what they are
    size_t count;   // 0: none yet
    bool flat;
    struct json_key {
        char key[RECORD_KEY_MAX + 1];
        enum json_kind kind;
        char name[RECORD_KEY_MAX + 8]; // as it stands before its value, the comma and the quotes included
        size_t name_len;
        size_t order; // which pair comes at this place
    } keys[JSON_SHAPE_KEYS];
};

struct json_lines {
    struct json_shape shapes[JSON_SHAPES];
    unsigned next; // which is forgotten first
    char *text;
    size_t len, room;
};

// Valid until the next call.
const char *json_lines_record(struct json_lines *l, const struct record *r, size_t *ret_len);
void json_lines_done(struct json_lines *l);
