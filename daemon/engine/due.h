// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// What is due when: bursts to settle, cases and jobs to wake. Kept in memory, made anew from the store at every start;
// one timer stands behind it. At rest it holds the day's clearing of old cases and nothing else.
//
//     due_set(&list, DUE_JOB, case_id, NULL, at_us);    // replaces this key's former time; at_us 0 removes it
#pragma once

#include "daemon/engine/heap.h"

enum due_kind { DUE_GUEST, DUE_CASE, DUE_JOB, DUE_PRUNE };

struct due {
    enum due_kind kind;
    int64_t id;           // case (DUE_CASE, DUE_JOB)
    char uuid[UUID_TEXT]; // guest (DUE_GUEST)
    int64_t at_us;
};

struct due_list {
    struct heap heap;
};

int due_set(struct due_list *list, enum due_kind kind, int64_t id, const char *uuid,
            int64_t at_us); // 0, -ENOMEM
// The earliest time, 0 when the list is empty.
int64_t due_next(const struct due_list *list);
// Takes one item that is due out of the list; false when none is.
bool due_take(struct due_list *list, int64_t now_us, struct due *ret);
// The clock was moved by so much: everything stays due after the time that was left.
void due_shift(struct due_list *list, int64_t by_us);
void due_done(struct due_list *list);
