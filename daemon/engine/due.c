// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/engine/due.h"

#include <stdio.h>

int due_set(struct due_list *list, enum due_kind kind, int64_t id, const char *uuid, int64_t at_us)
{
    struct heap_item item = {.kind = (int)kind, .id = id, .order = at_us};

    if (!at_us) {
        heap_drop(&list->heap, (int)kind, id, uuid);
        return 0;
    }
    snprintf(item.uuid, sizeof item.uuid, "%s", uuid ? uuid : "");
    return heap_put(&list->heap, &item);
}

int64_t due_next(const struct due_list *list)
{
    const struct heap_item *first = heap_first(&list->heap);

    return first ? first->order : 0;
}

bool due_take(struct due_list *list, int64_t now, struct due *ret)
{
    const struct heap_item *first = heap_first(&list->heap);
    struct heap_item item;

    if (!first || first->order > now)
        return false;
    heap_take(&list->heap, &item);
    *ret = (struct due){.kind = (enum due_kind)item.kind, .id = item.id, .at_us = item.order};
    snprintf(ret->uuid, sizeof ret->uuid, "%s", item.uuid);
    return true;
}

void due_shift(struct due_list *list, int64_t by_us)
{
    heap_shift(&list->heap, by_us);
}

void due_done(struct due_list *list)
{
    heap_done(&list->heap);
}
