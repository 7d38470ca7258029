// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/inspect/hive_base.h"

#include <errno.h>
#include <string.h>

static uint32_t le32(const unsigned char *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

// XOR of the 127 words before it; 0 and all ones are moved by one, for they are never written.
static uint32_t base_checksum(const unsigned char *bytes)
{
    uint32_t sum = 0;

    for (size_t at = 0; at < 508; at += 4)
        sum ^= le32(bytes + at);
    if (sum == 0)
        return 1;
    return sum == 0xffffffffu ? 0xfffffffeu : sum;
}

int hive_base_read(const void *data, size_t len, struct hive_base *ret, struct err *err)
{
    const unsigned char *bytes = data;
    uint32_t factor;

    if (len < HIVE_BASE_USED)
        return err_set(err, -EBADMSG, "not a registry hive: it has only %zu bytes", len);
    if (memcmp(bytes, "regf", 4) != 0)
        return err_set(err, -EBADMSG, "not a registry hive: it does not begin with \"regf\"");
    factor = le32(bytes + 44);
    *ret = (struct hive_base){
        .seq1 = le32(bytes + 4),
        .seq2 = le32(bytes + 8),
        .written = le32(bytes + 12) | (uint64_t)le32(bytes + 16) << 32,
        .major = le32(bytes + 20),
        .minor = le32(bytes + 24),
        .type = le32(bytes + 28),
        .root = le32(bytes + 36),
        .data_size = le32(bytes + 40),
        .sector = factor >= 1 && factor <= 8 ? factor * 512 : 512,
        .checksum_good = le32(bytes + 508) == base_checksum(bytes),
    };
    return 0;
}
