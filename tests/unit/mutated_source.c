// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/unit/mutated_source.h"

#include <stdlib.h>
#include <string.h>

static int mutated_read(struct source *s, uint64_t offset, void *ret, size_t len, struct err *err)
{
    struct mutated *m = (struct mutated *)s;

    (void)err;
    memcpy(ret, m->bytes->data + offset, len);
    for (size_t i = 0; i < m->count; i++) {
        if (m->changes[i].at >= offset && m->changes[i].at < offset + len)
            ((unsigned char *)ret)[m->changes[i].at - offset] = m->changes[i].value;
    }
    if (m->ranges && *m->range_count < RANGES)
        m->ranges[(*m->range_count)++] = (struct range){offset, len};
    return 0;
}

static void mutated_free(struct source *s)
{
    free(s);
}

static const struct source_ops mutated_ops = {.read = mutated_read, .free = mutated_free};

struct mutated *mutated(const struct blob *bytes)
{
    struct mutated *m = calloc(1, sizeof *m);

    if (!m)
        abort();
    m->source = (struct source){.ops = &mutated_ops, .size = bytes->len};
    m->bytes = bytes;
    return m;
}
