// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/engine/heap.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { ROOM_MIN = 64 };

static bool before(const struct heap_item *a, const struct heap_item *b)
{
    return a->order != b->order ? a->order < b->order : a->id < b->id;
}

static bool same(const struct heap_item *i, int kind, int64_t id, const char *uuid)
{
    return i->kind == kind && i->id == id && strcmp(i->uuid, uuid ? uuid : "") == 0;
}

// FNV-1a over what names a thing.
static size_t hash(int kind, int64_t id, const char *uuid)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325) ^ (uint64_t)kind;

    for (unsigned i = 0; i < 8; i++)
        h = (h ^ (uint8_t)((uint64_t)id >> (8 * i))) * UINT64_C(0x100000001b3);
    for (const char *c = uuid ? uuid : ""; *c; c++)
        h = (h ^ (uint8_t)*c) * UINT64_C(0x100000001b3);
    return (size_t)(h ^ h >> 32);
}

static size_t home(const struct heap *h, const struct heap_item *i)
{
    return hash(i->kind, i->id, i->uuid) & (h->table - 1);
}

// The place in the table that holds the thing, or the free one where it belongs.
static size_t seek(const struct heap *h, int kind, int64_t id, const char *uuid)
{
    size_t at = hash(kind, id, uuid) & (h->table - 1);

    while (h->places[at] && !same(&h->items[h->places[at] - 1], kind, id, uuid))
        at = (at + 1) & (h->table - 1);
    return at;
}

static void settle(struct heap *h, size_t at, const struct heap_item *item)
{
    h->items[at] = *item;
    h->places[item->place] = (uint32_t)at + 1;
}

static void rise(struct heap *h, size_t at)
{
    struct heap_item item = h->items[at];

    for (size_t up; at > 0 && before(&item, &h->items[up = (at - 1) / 2]); at = up)
        settle(h, at, &h->items[up]);
    settle(h, at, &item);
}

static void sink(struct heap *h, size_t at)
{
    struct heap_item item = h->items[at];

    for (size_t down; (down = 2 * at + 1) < h->count; at = down) {
        if (down + 1 < h->count && before(&h->items[down + 1], &h->items[down]))
            down++;
        if (!before(&h->items[down], &item))
            break;
        settle(h, at, &h->items[down]);
    }
    settle(h, at, &item);
}

// The table is kept at most half full.
static int grow(struct heap *h)
{
    size_t room = h->room ? h->room * 2 : ROOM_MIN, table = room * 2;
    uint32_t *places = room < UINT32_MAX / 2 ? calloc(table, sizeof *places) : NULL;
    struct heap_item *items = places ? reallocarray(h->items, room, sizeof *items) : NULL;

    if (!items) {
        free(places);
        return -ENOMEM;
    }
    free(h->places);
    h->items = items;
    h->places = places;
    h->room = room;
    h->table = table;
    for (size_t i = 0; i < h->count; i++) {
        size_t at = seek(h, items[i].kind, items[i].id, items[i].uuid);

        items[i].place = (uint32_t)at;
        places[at] = (uint32_t)i + 1;
    }
    return 0;
}

int heap_put(struct heap *h, const struct heap_item *item)
{
    size_t at = h->table ? seek(h, item->kind, item->id, item->uuid) : 0;
    int rc;

    if (h->table && h->places[at]) {
        size_t old = h->places[at] - 1;

        h->items[old].order = item->order;
        sink(h, old);
        rise(h, h->places[at] - 1);
        return 0;
    }
    if (h->count == h->room) {
        rc = grow(h);
        if (rc < 0)
            return rc;
        at = seek(h, item->kind, item->id, item->uuid);
    }
    h->items[h->count] = *item;
    h->items[h->count].place = (uint32_t)at;
    h->places[at] = (uint32_t)h->count + 1;
    rise(h, h->count++);
    return 0;
}

// Frees a place; those behind it that were pushed out of their home move up.
static void free_place(struct heap *h, size_t hole)
{
    h->places[hole] = 0;
    for (size_t at = (hole + 1) & (h->table - 1); h->places[at]; at = (at + 1) & (h->table - 1)) {
        struct heap_item *i = &h->items[h->places[at] - 1];
        size_t wanted = home(h, i);

        // Does it stand between its home and here without the hole? Then it stays.
        if (((at - wanted) & (h->table - 1)) < ((at - hole) & (h->table - 1)))
            continue;
        h->places[hole] = h->places[at];
        i->place = (uint32_t)hole;
        h->places[at] = 0;
        hole = at;
    }
}

static void take_out(struct heap *h, size_t at)
{
    struct heap_item last;

    free_place(h, h->items[at].place);
    last = h->items[--h->count];
    if (!h->count) {
        heap_done(h);
        return;
    }
    if (at == h->count)
        return;
    settle(h, at, &last);
    sink(h, at);
    rise(h, h->places[last.place] - 1);
}

const struct heap_item *heap_find(const struct heap *h, int kind, int64_t id, const char *uuid)
{
    size_t at = h->table ? seek(h, kind, id, uuid) : 0;

    return h->table && h->places[at] ? &h->items[h->places[at] - 1] : NULL;
}

const struct heap_item *heap_first(const struct heap *h)
{
    return h->count ? &h->items[0] : NULL;
}

void heap_take(struct heap *h, struct heap_item *ret)
{
    *ret = h->items[0];
    take_out(h, 0);
}

void heap_drop(struct heap *h, int kind, int64_t id, const char *uuid)
{
    const struct heap_item *i = heap_find(h, kind, id, uuid);

    if (i)
        take_out(h, (size_t)(i - h->items));
}

void heap_shift(struct heap *h, int64_t by)
{
    for (size_t i = 0; i < h->count; i++) {
        h->items[i].order += by;
        if (h->items[i].order < 1)
            h->items[i].order = 1;
    }
    // Those that were cut at 1 stand by their ids from now on.
    for (size_t i = h->count / 2; i-- > 0;)
        sink(h, i);
}

void heap_done(struct heap *h)
{
    free(h->items);
    free(h->places);
    *h = (struct heap){0};
}
