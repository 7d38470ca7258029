// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// Any bytes as a tdb file: every key and value lies within them, and what is found by a key is what the walk showed.
#include "daemon/inspect/tdb_read.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct walk {
    const uint8_t *file;
    size_t size;
    struct tdb_bytes key, data; // the first record
};

static void check(const struct walk *w, struct tdb_bytes b)
{
    if (b.at < w->file || b.len > w->size || b.at > w->file + w->size - b.len)
        abort();
}

static int visit(struct tdb_bytes key, struct tdb_bytes data, void *arg)
{
    struct walk *w = arg;

    check(w, key);
    check(w, data);
    if (!w->key.at) {
        w->key = key;
        w->data = data;
    }
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct walk w = {.file = data, .size = size};
    struct tdb_bytes found;
    struct err err = {0};

    if (tdb_each(data, size, visit, &w, &err) < 0) {
        if (!err.text[0])
            abort();
        return 0;
    }
    if (w.key.at && (tdb_find(data, size, w.key.at, w.key.len, &found) != 0 || found.at != w.data.at ||
                     found.len != w.data.len))
        abort();
    return 0;
}
