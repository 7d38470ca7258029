// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/unit/hive_cells.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

void put16(unsigned char *p, uint32_t v)
{
    p[0] = (unsigned char)v;
    p[1] = (unsigned char)(v >> 8);
}

void put32(unsigned char *p, uint32_t v)
{
    put16(p, v);
    put16(p + 2, v >> 16);
}

unsigned char *at(const struct made *m, uint32_t cell)
{
    return m->data + BASE + cell + 4;
}

static uint32_t cell(struct made *m, size_t len)
{
    uint32_t size = (uint32_t)(len + 4 + 7) / 8 * 8, here = m->next;

    assert_true(here + size <= BIN);
    put32(m->data + BASE + here, 0u - size);
    m->next += size;
    return here;
}

uint32_t key(struct made *m, uint32_t parent, const void *name, size_t len, bool latin1)
{
    uint32_t k = cell(m, 76 + len);
    unsigned char *p = at(m, k);

    memcpy(p, "nk", 2);
    put16(p + 2, latin1 ? 0x20 : 0);
    put32(p + 16, parent);
    for (size_t i = 28; i <= 48; i += 4)
        put32(p + i, i == 36 ? 0 : (uint32_t)NONE);
    put16(p + 72, (uint32_t)len);
    memcpy(p + 76, name, len);
    return k;
}

uint32_t named(struct made *m, uint32_t parent, const char *name)
{
    return key(m, parent, name, strlen(name), true);
}

static uint32_t hash_of(const struct made *m, uint32_t k)
{
    const unsigned char *p = at(m, k);

    return regf_name_hash(p + 76, p[72], p[2] & 0x20);
}

uint32_t list(struct made *m, const char *kind, const uint32_t *keys, size_t count)
{
    bool wide = strcmp(kind, "lf") == 0 || strcmp(kind, "lh") == 0;
    uint32_t l = cell(m, 4 + count * (wide ? 8 : 4));
    unsigned char *p = at(m, l);

    memcpy(p, kind, 2);
    put16(p + 2, (uint32_t)count);
    for (size_t i = 0; i < count; i++) {
        unsigned char *item = p + 4 + i * (wide ? 8 : 4);

        put32(item, keys[i]);
        if (strcmp(kind, "lh") == 0)
            put32(item + 4, hash_of(m, keys[i]));
        else if (wide)
            memcpy(item + 4, at(m, keys[i]) + 76, at(m, keys[i])[72] < 4 ? at(m, keys[i])[72] : 4);
    }
    return l;
}

void children(struct made *m, uint32_t parent, uint32_t list_cell, size_t count)
{
    put32(at(m, parent) + 20, (uint32_t)count);
    put32(at(m, parent) + 28, list_cell);
}

uint32_t value(struct made *m, const char *name, const unsigned char *data, size_t len)
{
    uint32_t v = cell(m, 20 + strlen(name)), d;

    memcpy(at(m, v), "vk", 2);
    put16(at(m, v) + 2, (uint32_t)strlen(name));
    put32(at(m, v) + 4, (uint32_t)len);
    put32(at(m, v) + 12, 3);
    put16(at(m, v) + 16, 1);
    memcpy(at(m, v) + 20, name, strlen(name));
    if (len <= PIECE) {
        d = cell(m, len);
        memcpy(at(m, d), data, len);
    } else {
        size_t pieces = (len + PIECE - 1) / PIECE;
        uint32_t l = cell(m, 4 * pieces);

        d = cell(m, 12);
        memcpy(at(m, d), "db", 2);
        put16(at(m, d) + 2, (uint32_t)pieces);
        put32(at(m, d) + 4, l);
        for (size_t i = 0; i < pieces; i++) {
            size_t n = len - i * PIECE < PIECE ? len - i * PIECE : PIECE;
            uint32_t piece = cell(m, n + 4); // four more, as Windows does

            memcpy(at(m, piece), data + i * PIECE, n);
            put32(at(m, l) + 4 * i, piece);
        }
    }
    put32(at(m, v) + 8, d);
    return v;
}

void values(struct made *m, uint32_t k, uint32_t one)
{
    uint32_t l = cell(m, 4);

    put32(at(m, l), one);
    put32(at(m, k) + 36, 1);
    put32(at(m, k) + 40, l);
}

void begin(struct made *m)
{
    unsigned char *bin;

    *m = (struct made){calloc(1, BASE + BIN), ROOT};
    assert_non_null(m->data);
    bin = m->data + BASE;
    memcpy(m->data, "regf", 4);
    put32(m->data + 4, 1);
    put32(m->data + 8, 1);
    put32(m->data + 20, 1);
    put32(m->data + 24, 5);
    put32(m->data + 32, 1);
    put32(m->data + 36, ROOT);
    put32(m->data + 40, BIN);
    put32(m->data + 44, 1);
    memcpy(bin, "hbin", 4);
    put32(bin + 8, BIN);
    named(m, 0, "ROOT");
    put16(at(m, ROOT) + 2, 0x2c);
}

void end(struct made *m, struct blob *ret)
{
    put32(m->data + BASE + m->next, BIN - m->next);
    mend_base_block(m->data, BASE);
    *ret = (struct blob){m->data, BASE + BIN};
    m->data = NULL;
}
