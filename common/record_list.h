// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// The records of a long list, read where they lie. Most of them have the same keys in the same order, some without
// one or the other: such a record is taken apart in the reader's own buffer, without memory of its own, and nothing of
// it is looked at twice. What is not like that (another key, an escape, a part) goes the way of record_decode, so that
// the answers are the same, and only their price differs.
//
// A record that was told belongs to the list and lies in the buffer: it is valid until the next call, and as long as
// the buffer is not touched. Nothing is wiped: lists hold no secrets. Pure.
//
//     struct record_list list = {0};
//     rc = record_list_next(&list, buf, len, &used, &r, &err);    // as record_decode
//     record_list_done(&list);
#pragma once

#include "common/record.h"

struct record_list {
    struct record *model; // the record with the most keys so far; owned
    struct record *other; // the last one that went the long way; owned
    struct record *row;   // in the buffer: its pairs alone are owned
};

// Writes to buf where it takes a record (the ends of its values), and only there.
int record_list_next(struct record_list *l, char *buf, size_t len, size_t *ret_used,
                     const struct record **ret, struct err *err);
void record_list_done(struct record_list *l);
