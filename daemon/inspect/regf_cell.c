// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/inspect/regf_cell.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { BIN_HEAD = 32, CELL_LEAST = 8 };

// A bin's header, if there is one: 0 for none, its length, or a negative errno.
static int64_t read_bin(const struct regf *h, uint32_t at, struct err *err)
{
    uint32_t left = hive_bytes_size(h->bytes) - at, len;
    unsigned char head[12];
    int rc;

    if (left < BIN_HEAD)
        return 0;
    rc = hive_bytes_read(h->bytes, at, head, sizeof head, err);
    if (rc < 0 || memcmp(head, "hbin", 4) != 0)
        return rc;
    len = le32(head + 8);
    if (le32(head + 4) != at || len == 0 || len % HIVE_PAGE || len > left)
        return err_set(err, -EBADMSG, "the bin at 0x%" PRIx32 " has a broken header", at);
    return len;
}

int regf_bin(const struct regf *h, uint32_t at, uint32_t *ret_len, struct err *err)
{
    int64_t len = read_bin(h, at, err);

    if (len == 0)
        return err_set(err, -EBADMSG, "at 0x%" PRIx32 " there should be a bin, and is none", at);
    if (len > 0)
        *ret_len = (uint32_t)len;
    return len < 0 ? (int)len : 0;
}

// A cell lies within its bin, as far as the cell's own page tells: one within a longer bin has no header.
static int check_bin(const struct regf *h, uint32_t at, uint32_t len, const char *what, struct err *err)
{
    uint32_t page = at - at % HIVE_PAGE;
    int64_t bin = read_bin(h, page, err);

    if (bin > 0 && (at - page < BIN_HEAD || len > bin - (at - page)))
        return err_set(err, -EBADMSG, "%s at 0x%" PRIx32 " does not lie within its bin", what, at);
    return bin < 0 ? (int)bin : 0;
}

int cell_open(const struct regf *h, uint32_t at, const char *what, struct cell *ret, struct err *err)
{
    uint32_t size = hive_bytes_size(h->bytes), len;
    unsigned char head[4];
    int rc;

    if (at < BIN_HEAD || at % 8 != 0 || at >= size || size - at < CELL_LEAST)
        return err_set(err, -EBADMSG, "%s leads to 0x%" PRIx32 ", where nothing can be", what, at);
    rc = hive_bytes_read(h->bytes, at, head, sizeof head, err);
    if (rc < 0)
        return rc;
    // The length is negative while the cell is in use.
    if (!(head[3] & 0x80))
        return err_set(err, -EBADMSG, "%s leads to 0x%" PRIx32 ", which is not in use", what, at);
    len = 0u - le32(head);
    if (len < CELL_LEAST || len > size - at)
        return err_set(err, -EBADMSG, "%s at 0x%" PRIx32 " has a wrong length", what, at);
    rc = check_bin(h, at, len, what, err);
    if (rc == 0)
        *ret = (struct cell){at + 4, len - 4};
    return rc;
}

int cell_read(const struct regf *h, const struct cell *c, uint32_t offset, void *ret, size_t len,
              struct err *err)
{
    if (offset > c->len || len > c->len - offset)
        return err_set(err, -EBADMSG, "the cell at 0x%" PRIx32 " is too short for what is in it", c->at - 4);
    return hive_bytes_read(h->bytes, (uint64_t)c->at + offset, ret, len, err);
}

int cell_name(const struct regf *h, uint32_t at, uint32_t head, size_t len, unsigned char **ret,
              struct err *err)
{
    unsigned char *name = malloc(len + 1);
    int rc;

    if (!name)
        return err_set(err, -ENOMEM, "out of memory");
    rc = hive_bytes_read(h->bytes, (uint64_t)at + 4 + head, name, len, err);
    if (rc < 0)
        free(name);
    else
        *ret = name;
    return rc;
}

int cell_name_text(const struct regf *h, uint32_t at, uint32_t head, size_t len, bool latin1, char **ret,
                   struct err *err)
{
    _cleanup_free_ unsigned char *bytes = NULL;
    char *text;
    int rc = cell_name(h, at, head, len, &bytes, err);

    if (rc < 0)
        return rc;
    text = malloc(3 * len + 1);
    if (!text)
        return err_set(err, -ENOMEM, "out of memory");
    regf_name_text(bytes, len, latin1, text);
    *ret = text;
    return 0;
}
