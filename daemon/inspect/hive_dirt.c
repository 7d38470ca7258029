// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/inspect/hive_log_parts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { MARK = 4 };

// A page that is wholly in the log and is the first of a bin tells where it belongs.
static int check_page(const struct log *l, uint32_t offset, uint64_t at, struct err *err)
{
    unsigned char head[8];
    int rc;

    if (offset % HIVE_PAGE)
        return 0;
    rc = source_read(l->s, at, head, sizeof head, err);
    if (rc < 0 || memcmp(head, "hbin", 4) != 0)
        return rc;
    if (((uint32_t)head[4] | (uint32_t)head[5] << 8 | (uint32_t)head[6] << 16 | (uint32_t)head[7] << 24) !=
        offset)
        return err_set(err, -EBADMSG, "a bin in the log belongs to another place");
    return 0;
}

// Twice over the bitmap: all that is to be applied is checked before the first sector is.
static int walk(struct hive_bytes *b, const struct log *l, const unsigned char *bits, uint64_t data,
                bool apply, struct err *err)
{
    uint32_t sectors = l->base.data_size / HIVE_SECTOR;

    for (uint32_t i = 0; i < sectors; i++) {
        int rc = 0;

        if (!(bits[i / 8] >> i % 8 & 1))
            continue;
        if (data > l->s->size || HIVE_SECTOR > l->s->size - data)
            return err_set(err, -EBADMSG, "the log is cut short");
        if (apply)
            rc = hive_bytes_patch(b, i * HIVE_SECTOR, HIVE_SECTOR, l->number, data);
        else
            rc = check_page(l, i * HIVE_SECTOR, data, err);
        if (rc < 0)
            return rc;
        data += HIVE_SECTOR;
    }
    return 0;
}

int log_dirt_apply(struct hive_bytes *b, const struct log *l, struct err *err)
{
    size_t map = l->base.data_size / HIVE_PAGE, sector = l->base.sector;
    uint64_t data = sector + (MARK + map + sector - 1) / sector * sector;
    _cleanup_free_ unsigned char *bits = NULL;
    int rc;

    if (l->base.data_size == 0 || l->base.data_size % HIVE_PAGE ||
        l->base.data_size > HIVE_FILE_MAX - HIVE_BASE_BLOCK)
        return err_set(err, -EBADMSG, "the log names an impossible size");
    bits = malloc(MARK + map);
    if (!bits)
        return err_set(err, -ENOMEM, "out of memory");
    rc = source_read(l->s, sector, bits, MARK + map, err);
    if (rc < 0)
        return -EBADMSG;
    if (memcmp(bits, "DIRT", MARK) != 0)
        return err_set(err, -EBADMSG, "the log holds nothing that is finished");
    rc = walk(b, l, bits + MARK, data, false, err);
    if (rc == 0)
        rc = hive_bytes_resize(b, l->base.data_size, err);
    return rc < 0 ? rc : walk(b, l, bits + MARK, data, true, err);
}
