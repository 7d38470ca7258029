// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/directory/meta.h"

#include <errno.h>
#include <string.h>

// A head of version and count, each followed by four spare bytes; then the entries.
enum { HEAD = 16, AT_COUNT = 8, ENTRY = 48, AT_VERSION = 4, AT_CHANGED = 8, AT_BY = 16 };

static const uint64_t from_1601_to_1970 = 11644473600, year_10000 = 265000000000; // seconds

static uint64_t number(const unsigned char *p, size_t bytes)
{
    uint64_t value = 0;

    for (size_t i = 0; i < bytes; i++)
        value |= (uint64_t)p[i] << (8 * i);
    return value;
}

int meta_find(const unsigned char *blob, size_t len, uint32_t attribute, struct meta *ret)
{
    uint64_t count;

    if (len < HEAD || len > META_BYTES_MAX || number(blob, 4) != 1)
        return -EBADMSG;
    count = number(blob + AT_COUNT, 4);
    if (count > (len - HEAD) / ENTRY)
        return -EBADMSG;
    for (const unsigned char *p = blob + HEAD; count > 0; count--, p += ENTRY) {
        uint64_t changed = number(p + AT_CHANGED, 8);

        if (number(p, 4) != attribute)
            continue;
        if (changed < from_1601_to_1970 || changed > year_10000)
            return -EBADMSG;
        ret->version = (uint32_t)number(p + AT_VERSION, 4);
        ret->changed_us = (int64_t)(changed - from_1601_to_1970) * 1000000;
        memcpy(ret->by, p + AT_BY, sizeof ret->by);
        return 0;
    }
    return -ENOENT;
}
