// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/deliver/base64.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

char *base64_encode(const void *data, size_t len)
{
    const unsigned char *in = data;
    char *text = malloc((len + 2) / 3 * 4 + 1), *out = text;

    if (!text)
        return NULL;
    for (size_t i = 0; i < len; i += 3) {
        size_t left = len - i;
        uint32_t word = (uint32_t)in[i] << 16 | (left > 1 ? (uint32_t)in[i + 1] << 8 : 0) |
                        (left > 2 ? in[i + 2] : 0);

        *out++ = digits[word >> 18];
        *out++ = digits[word >> 12 & 63];
        *out++ = left > 1 ? digits[word >> 6 & 63] : '=';
        *out++ = left > 2 ? digits[word & 63] : '=';
    }
    *out = '\0';
    return text;
}

static int value(char c)
{
    const char *p = c ? strchr(digits, c) : NULL;

    return p ? (int)(p - digits) : -1;
}

// One group of four characters gives 1 to 3 bytes; 0: no base64.
static int group(const char *text, unsigned char *out)
{
    int n = text[3] == '=' ? (text[2] == '=' ? 1 : 2) : 3;
    uint32_t word = 0;

    for (int i = 0; i < 4; i++) {
        int v = i <= n ? value(text[i]) : 0;

        if (v < 0)
            return 0;
        word = word << 6 | (uint32_t)v;
    }
    for (int i = 0; i < n; i++)
        out[i] = (unsigned char)(word >> (16 - 8 * i));
    return n;
}

int base64_decode(const char *text, size_t max, char **ret, size_t *ret_len)
{
    size_t len = strlen(text), used = 0;
    char *bytes;

    if (len % 4 != 0)
        return -EBADMSG;
    if (len / 4 * 3 > max + 2)
        return -E2BIG;
    bytes = malloc(len / 4 * 3 + 1);
    if (!bytes)
        return -ENOMEM;
    for (size_t i = 0; i < len; i += 4) {
        int n = group(text + i, (unsigned char *)bytes + used);

        if (n == 0 || (n < 3 && i + 4 < len)) {
            free(bytes);
            return -EBADMSG;
        }
        used += (size_t)n;
    }
    bytes[used] = '\0';
    *ret = bytes;
    *ret_len = used;
    return 0;
}
