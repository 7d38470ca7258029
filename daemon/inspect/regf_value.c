// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/inspect/regf_cell.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
    VALUE_HEAD = 20,
    VALUE_LATIN1 = 1,
    PIECE_MAX = 16344, // a longer value is kept in pieces ("db") of at most this
};

static int read_value(const struct regf *h, uint32_t at, struct regf_value *ret, struct err *err)
{
    unsigned char head[VALUE_HEAD];
    struct cell c;
    uint32_t len;
    int rc = cell_open(h, at, "a value", &c, err);

    if (rc == 0)
        rc = cell_read(h, &c, 0, head, sizeof head, err);
    if (rc < 0)
        return rc;
    if (memcmp(head, "vk", 2) != 0)
        return err_set(err, -EBADMSG, "at 0x%" PRIx32 " there is no value", at);
    if (le16(head + 2) > c.len - VALUE_HEAD)
        return err_set(err, -EBADMSG, "the name of the value at 0x%" PRIx32 " leads out of it", at);
    len = le32(head + 4);
    *ret = (struct regf_value){
        .at = at,
        .len = len & 0x7fffffff,
        .in_place = len >> 31,
        .data_at = le32(head + 8),
        .type = le32(head + 12),
        .name_len = le16(head + 2),
        .latin1 = le16(head + 16) & VALUE_LATIN1,
    };
    return 0;
}

// The cells of a key's values.
static int value_cells(const struct regf *h, const struct regf_key *key, unsigned char **ret, struct err *err)
{
    unsigned char *cells;
    struct cell c;
    int rc;

    if (key->values > REGF_VALUES_MAX)
        return err_set(err, -EBADMSG, "the key at 0x%" PRIx32 " says it has %" PRIu32 " values", key->at,
                       key->values);
    rc = cell_open(h, key->value_list, "a list of values", &c, err);
    if (rc < 0)
        return rc;
    cells = malloc((size_t)key->values * 4);
    if (!cells)
        return err_set(err, -ENOMEM, "out of memory");
    rc = cell_read(h, &c, 0, cells, (size_t)key->values * 4, err);
    if (rc < 0)
        free(cells);
    else
        *ret = cells;
    return rc;
}

int regf_values(const struct regf *h, const struct regf_key *key, struct regf_value **ret, size_t *ret_count,
                struct err *err)
{
    _cleanup_free_ unsigned char *cells = NULL;
    _cleanup_free_ struct regf_value *values = NULL;
    int rc = 0;

    if (key->values > 0)
        rc = value_cells(h, key, &cells, err);
    if (rc < 0)
        return rc;
    values = calloc((size_t)key->values + 1, sizeof *values);
    if (!values)
        return err_set(err, -ENOMEM, "out of memory");
    for (size_t i = 0; i < key->values && rc == 0; i++)
        rc = read_value(h, le32(cells + 4 * i), &values[i], err);
    if (rc < 0)
        return rc;
    *ret = take(values);
    *ret_count = key->values;
    return 0;
}

int regf_value(const struct regf *h, const struct regf_key *key, const char *name, struct regf_value *ret,
               struct err *err)
{
    _cleanup_free_ unsigned char *cells = NULL;
    struct regf_name wanted;
    int rc;

    if (key->values == 0 || regf_name_init(&wanted, name) < 0)
        return REGF_NO_SUCH;
    rc = value_cells(h, key, &cells, err);
    for (size_t i = 0; i < key->values && rc == 0; i++) {
        unsigned char bytes[2 * REGF_NAME_CHARS];
        struct regf_value v;

        rc = read_value(h, le32(cells + 4 * i), &v, err);
        if (rc < 0 || v.name_len != regf_name_bytes(&wanted, v.latin1))
            continue;
        rc = hive_bytes_read(h->bytes, (uint64_t)v.at + 4 + VALUE_HEAD, bytes, v.name_len, err);
        if (rc == 0 && regf_name_is(&wanted, bytes, v.name_len, v.latin1)) {
            *ret = v;
            return 0;
        }
    }
    return rc < 0 ? rc : REGF_NO_SUCH;
}

// A long value: a cell "db" leads to a list of pieces, all but the last of the largest size.
static int read_pieces(const struct regf *h, const struct cell *c, unsigned char *to, size_t len,
                       struct err *err)
{
    unsigned char head[8], at[4];
    struct cell list, piece;
    int rc = cell_read(h, c, 0, head, sizeof head, err);

    if (rc == 0)
        rc = cell_open(h, le32(head + 4), "a list of pieces", &list, err);
    for (uint32_t i = 0; i < le16(head + 2) && len > 0 && rc == 0; i++) {
        size_t n = len < PIECE_MAX ? len : PIECE_MAX;

        rc = cell_read(h, &list, 4 * i, at, sizeof at, err);
        if (rc == 0)
            rc = cell_open(h, le32(at), "a piece of a value", &piece, err);
        if (rc == 0)
            rc = cell_read(h, &piece, 0, to, n, err);
        to += n;
        len -= n;
    }
    return rc == 0 && len > 0 ? err_set(err, -EBADMSG, "a long value has too few pieces") : rc;
}

static int read_data(const struct regf *h, const struct regf_value *v, unsigned char *to, struct err *err)
{
    unsigned char mark[2];
    struct cell c;
    int rc;

    if (v->in_place && v->len > 4)
        return err_set(err, -EBADMSG, "the value at 0x%" PRIx32 " has %" PRIu32 " bytes in the room of four",
                       v->at, v->len);
    if (v->in_place) {
        for (size_t i = 0; i < v->len; i++)
            to[i] = (unsigned char)(v->data_at >> 8 * i);
        return 0;
    }
    rc = cell_open(h, v->data_at, "a value's data", &c, err);
    if (rc < 0 || v->len <= c.len)
        return rc < 0 ? rc : cell_read(h, &c, 0, to, v->len, err);
    rc = cell_read(h, &c, 0, mark, sizeof mark, err);
    if (rc == 0 && (v->len <= PIECE_MAX || memcmp(mark, "db", 2) != 0))
        return err_set(err, -EBADMSG, "the value at 0x%" PRIx32 " leads out of its cell", v->at);
    return rc < 0 ? rc : read_pieces(h, &c, to, v->len, err);
}

int regf_data(const struct regf *h, const struct regf_value *value, size_t max, struct blob *ret,
              struct err *err)
{
    _cleanup_blob_ struct blob b = {0};
    int rc;

    if (value->len > max || value->len > hive_bytes_size(h->bytes))
        return err_set(err, -EBADMSG, "it has %" PRIu32 " bytes, more than can be", value->len);
    if (value->len > 0) {
        b = (struct blob){malloc(value->len), value->len};
        if (!b.data)
            return err_set(err, -ENOMEM, "out of memory");
        rc = read_data(h, value, b.data, err);
        if (rc < 0)
            return rc;
    }
    *ret = b;
    b = (struct blob){0};
    return 0;
}

int regf_value_name(const struct regf *h, const struct regf_value *value, char **ret, struct err *err)
{
    return cell_name_text(h, value->at, VALUE_HEAD, value->name_len, value->latin1, ret, err);
}
