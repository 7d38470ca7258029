// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// Any bytes as a dirty hive and its logs: the replay ends in a state with its reason, and never in more than a hive
// can have. Input: a byte of flags; four lengths of three bytes each, little-endian (the hive, .LOG1, .LOG2, .LOG);
// their bytes. Unless a flag says otherwise all checksums are made right first, so that what lies behind them is
// reached.
#include "daemon/inspect/hive.h"
#include "tests/fixtures/hivelog.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { FILES = 1 + HIVE_LOGS, HEAD = 1 + 3 * FILES, MEND_HIVE = 1, MEND_LOGS = 2, MEND_ENTRIES = 4 };

static uint32_t le32(const unsigned char *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static void mend(struct blob *b, bool base, bool entries)
{
    if (base && b->len >= HIVE_BASE_USED)
        hivelog_mend_base(b);
    for (size_t at = HIVE_SECTOR; entries && at + 48 <= b->len;) {
        uint32_t len = le32(b->data + at + 4);

        if (memcmp(b->data + at, "HvLE", 4) != 0 || len < 40 || len % HIVE_SECTOR || len > b->len - at)
            break;
        hivelog_mend(b, at);
        at += len;
    }
}

// The next file of the input; NULL when it is empty.
static struct source *next(const uint8_t **data, size_t *left, const uint8_t *head, bool base, bool entries)
{
    size_t len = (size_t)head[0] | (size_t)head[1] << 8 | (size_t)head[2] << 16;
    struct source *s = NULL;
    struct blob b = {0};

    if (len > *left)
        len = *left;
    if (len == 0)
        return NULL;
    if (blob_copy(&b, *data, len) < 0)
        abort();
    mend(&b, base, entries);
    if (source_of_blob(&b, &s) < 0)
        abort();
    *data += len;
    *left -= len;
    return s;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    _cleanup_hive_files_ struct hive_files files = {0};
    _cleanup_hive_ struct hive h = {0};
    const uint8_t *head = data;
    struct err err = {0};
    size_t left, count;
    uint8_t flags;

    if (size < HEAD)
        return 0;
    flags = (uint8_t)~data[0];
    data += HEAD;
    left = size - HEAD;
    files.file = next(&data, &left, head + 1, flags & MEND_HIVE, false);
    if (!files.file)
        return 0;
    for (size_t i = 0; i < HIVE_LOGS; i++)
        files.logs[i] = next(&data, &left, head + 4 + 3 * i, flags & MEND_LOGS, flags & MEND_ENTRIES);
    if (hive_settle(&files, &h, &err) < 0) {
        if (!err.text[0])
            abort();
        return 0;
    }
    if ((h.state == HIVE_DIRTY || h.state == HIVE_DAMAGED || h.log_gap) && !h.reason.text[0])
        abort();
    if ((h.state == HIVE_REPLAYED) != (h.entries_replayed > 0) && h.state != HIVE_DAMAGED)
        abort();
    if (!hive_readable(&h))
        return 0;
    if (hive_bytes_size(h.regf.bytes) > HIVE_FILE_MAX)
        abort();
    if (regf_count(&h.regf, &count, &err) < 0 && !err.text[0])
        abort();
    return 0;
}
