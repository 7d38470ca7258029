// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/engine/chains.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DISKS_MAX = 64 };

// The number N of a key "disk.N.backing.…", -1 for every other key.
static int backing_of(const char *key)
{
    char *end;
    unsigned long n;

    if (strncmp(key, "disk.", 5) != 0)
        return -1;
    n = strtoul(key + 5, &end, 10);
    return end > key + 5 && n < DISKS_MAX && strncmp(end, ".backing.", 9) == 0 ? (int)n : -1;
}

static const char *disk_value(const struct record *r, int n, const char *what)
{
    char key[RECORD_KEY_MAX];

    snprintf(key, sizeof key, "disk.%d.%s", n, what);
    return record_get(r, key);
}

static bool lacks_chain(const struct record *before, const struct record *now, int n)
{
    const char *old = disk_value(before, n, "path"), *new = disk_value(now, n, "path");

    return old && new &&strcmp(old, new) == 0 && !disk_value(now, n, "backing.0.path");
}

int chains_keep(const struct record *before, const struct record *now, struct record **ret)
{
    _cleanup_record_ struct record *r = record_new(record_type(now));
    const char *key, *value;
    size_t len;

    if (!r)
        return -ENOMEM;
    for (size_t i = 2; i < record_count(now); i++) { // behind type and v
        record_at(now, i, &key, &value, &len);
        record_add_bytes(r, key, value, len);
    }
    for (size_t i = 0; i < record_count(before); i++) {
        int n;

        record_at(before, i, &key, &value, &len);
        n = backing_of(key);
        if (n >= 0 && lacks_chain(before, now, n))
            record_add_bytes(r, key, value, len);
    }
    *ret = take(r);
    return 0;
}
