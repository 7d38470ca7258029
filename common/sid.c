// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "common/sid.h"

#include "common/hex.h"

#include <errno.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

int sid_text(const void *bytes, size_t len, char ret[static SID_TEXT])
{
    const unsigned char *p = bytes;
    uint64_t authority = 0;
    int n;

    if (len < 8 || p[0] != 1 || p[1] > 15 || len != 8 + 4 * (size_t)p[1])
        return -EINVAL;
    for (int i = 2; i < 8; i++)
        authority = authority << 8 | p[i];
    n = snprintf(ret, SID_TEXT, "S-1-%" PRIu64, authority);
    for (int i = 0; i < p[1]; i++) {
        const unsigned char *s = p + 8 + 4 * i;
        uint32_t sub = (uint32_t)s[0] | (uint32_t)s[1] << 8 | (uint32_t)s[2] << 16 | (uint32_t)s[3] << 24;

        n += snprintf(ret + n, (size_t)(SID_TEXT - n), "-%" PRIu32, sub);
    }
    return 0;
}

// Reads a decimal number that is at most max and moves *text behind it.
static int number(const char **text, uint64_t max, uint64_t *ret)
{
    uint64_t value = 0;
    const char *p = *text;

    if (*p < '0' || *p > '9')
        return -EINVAL;
    for (; *p >= '0' && *p <= '9'; p++) {
        value = value * 10 + (uint64_t)(*p - '0');
        if (value > max)
            return -EINVAL;
    }
    *text = p;
    *ret = value;
    return 0;
}

int sid_parse(const char *text, unsigned char ret[static SID_BYTES_MAX], size_t *ret_len)
{
    unsigned char out[SID_BYTES_MAX] = {1};
    uint64_t value;
    size_t count = 0;

    if (strncmp(text, "S-1-", 4) != 0)
        return -EINVAL;
    text += 4;
    if (number(&text, 0xffffffffffff, &value) < 0)
        return -EINVAL;
    for (int i = 0; i < 6; i++)
        out[2 + i] = (unsigned char)(value >> (8 * (5 - i)));
    while (*text == '-') {
        text++;
        if (count == 15 || number(&text, UINT32_MAX, &value) < 0)
            return -EINVAL;
        for (int i = 0; i < 4; i++)
            out[8 + 4 * count + (size_t)i] = (unsigned char)(value >> (8 * i));
        count++;
    }
    if (*text != '\0')
        return -EINVAL;
    out[1] = (unsigned char)count;
    memcpy(ret, out, sizeof out);
    *ret_len = 8 + 4 * count;
    return 0;
}

// Where each byte of the text's order lies in the binary form: the first three groups are little-endian.
static const unsigned char guid_order[16] = {3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};

void guid_text(const unsigned char bytes[static 16], char ret[static GUID_TEXT])
{
    char *out = ret;

    for (int i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            *out++ = '-';
        hex_encode(&bytes[guid_order[i]], 1, out);
        out += 2;
    }
}

int guid_parse(const char *text, unsigned char ret[static 16])
{
    unsigned char out[16];

    if (strlen(text) != GUID_TEXT - 1)
        return -EINVAL;
    for (int i = 0; i < 16; i++) {
        if ((i == 4 || i == 6 || i == 8 || i == 10) && *text++ != '-')
            return -EINVAL;
        if (hex_decode(text, &out[guid_order[i]], 1) < 0)
            return -EINVAL;
        text += 2;
    }
    memcpy(ret, out, sizeof out);
    return 0;
}
