// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/engine/due.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct due *find(const struct due_list *list, enum due_kind kind, int64_t id, const char *uuid)
{
    for (size_t i = 0; i < list->count; i++) {
        struct due *d = &list->items[i];

        if (d->kind == kind && d->id == id && strcmp(d->uuid, uuid ? uuid : "") == 0)
            return d;
    }
    return NULL;
}

static void drop(struct due_list *list, struct due *d)
{
    *d = list->items[--list->count];
}

int due_set(struct due_list *list, enum due_kind kind, int64_t id, const char *uuid, int64_t at_us)
{
    struct due *d = find(list, kind, id, uuid);

    if (d && at_us) {
        d->at_us = at_us;
        return 0;
    }
    if (d)
        drop(list, d);
    if (!at_us)
        return 0;
    if (list->count == list->room) {
        size_t room = list->room ? list->room * 2 : 64;
        struct due *grown = realloc(list->items, room * sizeof *grown);

        if (!grown)
            return -ENOMEM;
        list->items = grown;
        list->room = room;
    }
    d = &list->items[list->count++];
    *d = (struct due){.kind = kind, .id = id, .at_us = at_us};
    snprintf(d->uuid, sizeof d->uuid, "%s", uuid ? uuid : "");
    return 0;
}

int64_t due_next(const struct due_list *list)
{
    int64_t next = 0;

    for (size_t i = 0; i < list->count; i++)
        if (!next || list->items[i].at_us < next)
            next = list->items[i].at_us;
    return next;
}

bool due_take(struct due_list *list, int64_t now, struct due *ret)
{
    for (size_t i = 0; i < list->count; i++) {
        if (list->items[i].at_us > now)
            continue;
        *ret = list->items[i];
        drop(list, &list->items[i]);
        return true;
    }
    return false;
}

void due_shift(struct due_list *list, int64_t by_us)
{
    for (size_t i = 0; i < list->count; i++) {
        list->items[i].at_us += by_us;
        if (list->items[i].at_us < 1) // 0 would be none
            list->items[i].at_us = 1;
    }
}

void due_done(struct due_list *list)
{
    free(list->items);
    *list = (struct due_list){0};
}
