// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// Things in an order, each of them once: what is due when, which look comes next. A binary heap with a table of places
// beside it: adding, moving, taking and dropping cost O(log n), the first is known at once. An empty one holds no
// memory, so that nothing of a storm is left when it is over.
//
// A thing is named by (kind, id, uuid); the one with the smallest order is the first, of equal ones the smallest id.
//
//     heap_put(&h, &(struct heap_item){.kind = LOOK, .id = case_id, .order = case_id});   // again: moves it
//     if (heap_first(&h)) heap_take(&h, &item);
#pragma once

#include "daemon/core/types.h"

#include <stddef.h>

struct heap_item {
    int kind;
    int64_t id;
    char uuid[UUID_TEXT];
    uint32_t place; // the heap's own
    int64_t order;
};

struct heap {
    struct heap_item *items;
    uint32_t *places; // a hash table of positions in items, each plus one; 0: free
    size_t count, room, table;
};

int heap_put(struct heap *h, const struct heap_item *item); // 0, -ENOMEM
const struct heap_item *heap_find(const struct heap *h, int kind, int64_t id, const char *uuid);
const struct heap_item *heap_first(const struct heap *h); // NULL when it is empty
void heap_take(struct heap *h, struct heap_item *ret);    // the first; there has to be one
void heap_drop(struct heap *h, int kind, int64_t id, const char *uuid);
// Every order grows by so much, but never below 1.
void heap_shift(struct heap *h, int64_t by);
void heap_done(struct heap *h);
