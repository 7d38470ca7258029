// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/inspect/marvin32.h"

#include <assert.h>

static uint32_t left(uint32_t v, unsigned by)
{
    return v << by | v >> (32 - by);
}

static void word(struct marvin32 *m, uint32_t w)
{
    m->low += w;
    m->high ^= m->low;
    m->low = left(m->low, 20) + m->high;
    m->high = left(m->high, 9) ^ m->low;
    m->low = left(m->low, 27) + m->high;
    m->high = left(m->high, 19);
}

void marvin32_add(struct marvin32 *m, const void *data, size_t len)
{
    const unsigned char *p = data;

    assert(len % 4 == 0);
    for (size_t at = 0; at < len; at += 4)
        word(m, (uint32_t)p[at] | (uint32_t)p[at + 1] << 8 | (uint32_t)p[at + 2] << 16 |
                    (uint32_t)p[at + 3] << 24);
}

uint64_t marvin32_end(struct marvin32 *m)
{
    word(m, 0x80); // what stands behind the last byte
    word(m, 0);
    return (uint64_t)m->high << 32 | m->low;
}
