// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/engine/lookqueue.h"

static size_t most(const struct lookqueue *q)
{
    return q->most ? q->most : LOOKS_KEPT;
}

void lookqueue_put(struct lookqueue *q, int64_t case_id, bool witnessed)
{
    struct heap *h = witnessed ? &q->seen : &q->other;
    const struct heap_item item = {.id = case_id, .order = case_id};

    heap_drop(witnessed ? &q->other : &q->seen, 0, case_id, NULL); // it may have become a witnessed one
    if ((h->count >= most(q) && !heap_find(h, 0, case_id, NULL)) || heap_put(h, &item) < 0)
        *(witnessed ? &q->seen_left_out : &q->other_left_out) = true;
}

bool lookqueue_take(struct lookqueue *q, int64_t *ret_id)
{
    bool others_turn = q->other.count && (!q->seen.count || q->streak >= FAIR_STREAK);
    struct heap *h = others_turn ? &q->other : &q->seen;
    struct heap_item item;

    if (!h->count)
        return false;
    heap_take(h, &item);
    q->streak = others_turn || !q->other.count ? 0 : q->streak + 1;
    *ret_id = item.id;
    return true;
}

bool lookqueue_has(const struct lookqueue *q, int64_t case_id)
{
    return heap_find(&q->seen, 0, case_id, NULL) || heap_find(&q->other, 0, case_id, NULL);
}

void lookqueue_drop(struct lookqueue *q, int64_t case_id)
{
    heap_drop(&q->seen, 0, case_id, NULL);
    heap_drop(&q->other, 0, case_id, NULL);
}

size_t lookqueue_count(const struct lookqueue *q)
{
    return q->seen.count + q->other.count;
}

int64_t lookqueue_oldest(const struct lookqueue *q)
{
    const struct heap_item *seen = heap_first(&q->seen), *other = heap_first(&q->other);

    if (!seen || !other)
        return seen ? seen->id : other ? other->id : 0;
    return seen->id < other->id ? seen->id : other->id;
}

bool lookqueue_wants(struct lookqueue *q, bool witnessed)
{
    bool *left_out = witnessed ? &q->seen_left_out : &q->other_left_out;

    if (!*left_out || (witnessed ? q->seen.count : q->other.count) > most(q) / 2)
        return false;
    *left_out = false;
    return true;
}

void lookqueue_done(struct lookqueue *q)
{
    heap_done(&q->seen);
    heap_done(&q->other);
}
