// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/cli/list.h"

#include <errno.h>

// What is told by the list is gone with the next one.
static struct record *keep(const struct record *r)
{
    struct record *own = record_new(record_type(r));

    for (size_t i = 2; i < record_count(r); i++) { // behind type and v
        const char *key, *value;
        size_t len;

        record_at(r, i, &key, &value, &len);
        record_add_bytes(own, key, value, len);
    }
    return own;
}

int list_read(struct list *l, struct recio *s, int timeout_ms, struct record **ret, struct err *err)
{
    const struct record *r = NULL;
    int rc;

    while ((rc = recio_next_of(s, &l->records, timeout_ms, &r, err)) == 0 && record_is(r, "guest")) {
        l->told++;
        if (l->json)
            json_list_add(l->json, "guests", r);
        else
            print_guest_row(l->printer, r);
    }
    if (rc != 0)
        return rc;
    *ret = keep(r);
    return *ret ? 0 : -ENOMEM;
}

void list_done(struct list *l)
{
    record_list_done(&l->records);
}
