// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/inspect/hive.h"

#include <errno.h>
#include <string.h>

const char *hive_state_name(enum hive_state state)
{
    switch (state) {
    case HIVE_UNKNOWN:
        return NULL;
    case HIVE_CLEAN:
        return "clean";
    case HIVE_DIRTY:
        return "dirty";
    case HIVE_REPLAYED:
        return "replayed";
    case HIVE_DAMAGED:
        return "damaged";
    case HIVE_MISSING:
        return "missing";
    }
    return NULL;
}

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

    if (len < HIVE_BASE_BLOCK)
        return err_set(err, -EBADMSG, "not a registry hive: it has only %zu bytes", len);
    if (memcmp(bytes, "regf", 4) != 0)
        return err_set(err, -EBADMSG, "not a registry hive: it does not begin with \"regf\"");
    *ret = (struct hive_base){
        .seq1 = le32(bytes + 4),
        .seq2 = le32(bytes + 8),
        .major = le32(bytes + 20),
        .minor = le32(bytes + 24),
        .data_size = le32(bytes + 40),
        .checksum_good = le32(bytes + 508) == base_checksum(bytes),
    };
    return 0;
}

void hive_done(struct hive *h)
{
    blob_done(&h->bytes);
}

void hive_damaged(struct hive *h, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    err_setv(&h->reason, 0, format, args);
    va_end(args);
    h->state = HIVE_DAMAGED;
}

int hive_settle(struct blob *file, const struct blob *log1, const struct blob *log2, struct hive *ret,
                struct err *err)
{
    struct hive_base base;
    int rc = hive_base_read(file->data, file->len, &base, err);

    if (rc < 0)
        return rc;
    ret->has_base = true;
    ret->seq1 = base.seq1;
    ret->seq2 = base.seq2;
    ret->has_logs = log1->len > 0 || log2->len > 0;
    ret->bytes = *file;
    *file = (struct blob){0};
    if (!base.checksum_good)
        hive_damaged(ret, "the checksum of its base block is wrong");
    else if (base.major != 1)
        hive_damaged(ret, "its format is version %u.%u; version 1 is understood", base.major, base.minor);
    else
        ret->state = base.seq1 == base.seq2 ? HIVE_CLEAN : HIVE_DIRTY;
    return 0;
}
