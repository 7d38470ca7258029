// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/inspect/regf_name.h"

#include "common/cleanup.h"

#include <errno.h>

// Lower-case letters and how far their capitals are: Unicode's simple mappings of the scripts that have case and
// that names are written in (Latin, Greek, Cyrillic, Armenian, full-width forms). step 2: every other one.
static const struct {
    uint16_t first, last;
    uint8_t step;
    int16_t delta;
} letters[] = {
    {0x0061, 0x007a, 1, -32}, {0x00e0, 0x00f6, 1, -32}, {0x00f8, 0x00fe, 1, -32}, {0x00ff, 0x00ff, 1, 121},
    {0x0101, 0x012f, 2, -1},  {0x0133, 0x0137, 2, -1},  {0x013a, 0x0148, 2, -1},  {0x014b, 0x0177, 2, -1},
    {0x017a, 0x017e, 2, -1},  {0x01a1, 0x01a5, 2, -1},  {0x01b0, 0x01b0, 1, -1},  {0x01ce, 0x01dc, 2, -1},
    {0x01df, 0x01ef, 2, -1},  {0x01f9, 0x021f, 2, -1},  {0x0223, 0x0233, 2, -1},  {0x03ac, 0x03ac, 1, -38},
    {0x03ad, 0x03af, 1, -37}, {0x03b1, 0x03c1, 1, -32}, {0x03c3, 0x03cb, 1, -32}, {0x03cc, 0x03cc, 1, -64},
    {0x03cd, 0x03ce, 1, -63}, {0x0430, 0x044f, 1, -32}, {0x0450, 0x045f, 1, -80}, {0x0461, 0x0481, 2, -1},
    {0x048b, 0x04bf, 2, -1},  {0x04c2, 0x04ce, 2, -1},  {0x04d1, 0x0513, 2, -1},  {0x0561, 0x0586, 1, -48},
    {0x1e01, 0x1e95, 2, -1},  {0x1ea1, 0x1ef9, 2, -1},  {0xff41, 0xff5a, 1, -32},
};

uint16_t regf_upper(uint16_t unit)
{
    for (size_t i = 0; i < ARRAY_SIZE(letters); i++) {
        if (unit < letters[i].first)
            return unit;
        if (unit <= letters[i].last)
            return (unit - letters[i].first) % letters[i].step ? unit : (uint16_t)(unit + letters[i].delta);
    }
    return unit;
}

static uint32_t hash_step(uint32_t hash, uint16_t unit)
{
    return 37 * hash + regf_upper(unit);
}

// One character of UTF-8; returns its bytes, 0 for none.
static size_t utf8_char(const unsigned char *s, uint32_t *ret)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t len = s[0] < 0x80 ? 1 : s[0] >> 5 == 6 ? 2 : s[0] >> 4 == 14 ? 3 : s[0] >> 3 == 30 ? 4 : 0;
    uint32_t c = len == 1 ? s[0] : s[0] & (0xffu >> (len + 1));

    for (size_t i = 1; i < len; i++) {
        if (s[i] >> 6 != 2)
            return 0;
        c = c << 6 | (s[i] & 0x3f);
    }
    *ret = c;
    return len && c >= least[len] && c < 0x110000 && (c < 0xd800 || c >= 0xe000) ? len : 0;
}

int regf_name_init(struct regf_name *ret, const char *utf8)
{
    const unsigned char *s = (const unsigned char *)utf8;
    struct regf_name n = {0};

    while (*s) {
        uint32_t c = 0;
        size_t len = utf8_char(s, &c), units = c >= 0x10000 ? 2 : 1;

        if (len == 0 || n.count + units > REGF_NAME_CHARS)
            return -EINVAL;
        if (units == 2) {
            n.units[n.count++] = (uint16_t)(0xd800 + ((c - 0x10000) >> 10));
            c = 0xdc00 + (c & 0x3ff);
        }
        n.units[n.count++] = regf_upper((uint16_t)c);
        s += len;
    }
    for (size_t i = 0; i < n.count; i++)
        n.hash = 37 * n.hash + n.units[i];
    *ret = n;
    return 0;
}

static uint16_t unit_at(const unsigned char *data, size_t i, bool latin1)
{
    return latin1 ? data[i] : (uint16_t)(data[2 * i] | data[2 * i + 1] << 8);
}

bool regf_name_is(const struct regf_name *n, const unsigned char *data, size_t len, bool latin1)
{
    if (len != regf_name_bytes(n, latin1))
        return false;
    for (size_t i = 0; i < n->count; i++) {
        if (regf_upper(unit_at(data, i, latin1)) != n->units[i])
            return false;
    }
    return true;
}

uint32_t regf_name_hash(const unsigned char *data, size_t len, bool latin1)
{
    uint32_t hash = 0;

    for (size_t i = 0; i < (latin1 ? len : len / 2); i++)
        hash = hash_step(hash, unit_at(data, i, latin1));
    return hash;
}

static size_t put_char(uint32_t c, char *out)
{
    static const unsigned char lead[] = {0, 0, 0xc0, 0xe0, 0xf0};
    size_t len = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;

    for (size_t i = len - 1; i > 0; i--, c >>= 6)
        out[i] = (char)(0x80 | (c & 0x3f));
    out[0] = (char)(lead[len] | c);
    return len;
}

size_t regf_name_text(const unsigned char *data, size_t len, bool latin1, char *ret)
{
    size_t count = latin1 ? len : len / 2, used = 0;

    for (size_t i = 0; i < count; i++) {
        uint32_t c = unit_at(data, i, latin1);

        if (c >= 0xd800 && c < 0xdc00 && i + 1 < count) {
            uint16_t low = unit_at(data, i + 1, latin1);

            if (low >= 0xdc00 && low < 0xe000) {
                c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
                i++;
            }
        }
        used += put_char(c >= 0xd800 && c < 0xe000 ? 0xfffd : c, ret + used);
    }
    ret[used] = '\0';
    return used;
}
