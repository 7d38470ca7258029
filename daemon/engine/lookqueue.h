// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// Which look comes next: a guest whose rollback was seen before one that has only been started, and within each the
// oldest case first. After FAIR_STREAK witnessed ones in a row one of the others has its turn, so that a storm of
// reverts does not starve the starts for ever. A case stands here once, however often it is put.
//
// Memory is bounded: beyond `most` cases of a class the youngest are left out and remembered as left out; whoever
// takes asks lookqueue_wants, and puts the oldest from the store again.
//
//     lookqueue_put(&q, c.id, c.witnessed);
//     while (room && lookqueue_take(&q, &id)) ...
#pragma once

#include "daemon/engine/heap.h"

enum { LOOKS_KEPT = 16384, FAIR_STREAK = 8 };

struct lookqueue {
    struct heap seen, other; // the rollback was witnessed, and not
    bool seen_left_out, other_left_out;
    size_t most; // of each class; 0: LOOKS_KEPT
    unsigned streak;
};

void lookqueue_put(struct lookqueue *q, int64_t case_id, bool witnessed);
bool lookqueue_take(struct lookqueue *q, int64_t *ret_id); // false when it is empty
bool lookqueue_has(const struct lookqueue *q, int64_t case_id);
void lookqueue_drop(struct lookqueue *q, int64_t case_id);
size_t lookqueue_count(const struct lookqueue *q);
// The oldest case that waits here, 0: none.
int64_t lookqueue_oldest(const struct lookqueue *q);
// Were some of this class left out, and is there room for at least half of what fits? Asking clears the mark.
bool lookqueue_wants(struct lookqueue *q, bool witnessed);
void lookqueue_done(struct lookqueue *q);
