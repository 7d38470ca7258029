// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/inspect/regf_cell.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { KEY_HEAD = 76, KEY_LATIN1 = 0x20 };

int regf_key(const struct regf *h, uint32_t at, struct regf_key *ret, struct err *err)
{
    unsigned char head[KEY_HEAD];
    struct cell c;
    int rc = cell_open(h, at, "a key", &c, err);

    if (rc == 0)
        rc = cell_read(h, &c, 0, head, sizeof head, err);
    if (rc < 0)
        return rc;
    if (memcmp(head, "nk", 2) != 0)
        return err_set(err, -EBADMSG, "at 0x%" PRIx32 " there is no key", at);
    if (le16(head + 72) > c.len - KEY_HEAD)
        return err_set(err, -EBADMSG, "the name of the key at 0x%" PRIx32 " leads out of it", at);
    *ret = (struct regf_key){
        .at = at,
        .written = le32(head + 4) | (uint64_t)le32(head + 8) << 32,
        .parent = le32(head + 16),
        .subkeys = le32(head + 20),
        .subkey_list = le32(head + 28),
        .values = le32(head + 36),
        .value_list = le32(head + 40),
        .name_len = le16(head + 72),
        .latin1 = le16(head + 2) & KEY_LATIN1,
    };
    return 0;
}

int regf_root(const struct regf *h, struct regf_key *ret, struct err *err)
{
    return regf_key(h, h->root, ret, err);
}

// A key that a list leads to: it has to know where it belongs.
static int child(const struct regf *h, const struct regf_key *key, uint32_t at, struct regf_key *ret,
                 struct err *err)
{
    int rc = regf_key(h, at, ret, err);

    if (rc == 0 && ret->parent != key->at)
        return err_set(err, -EBADMSG, "the key at 0x%" PRIx32 " does not belong to the one that lists it",
                       at);
    return rc;
}

// Is it the key of that name? 1, 0, negative errno.
static int is_named(const struct regf *h, const struct regf_key *key, const struct regf_name *name,
                    struct err *err)
{
    unsigned char bytes[2 * REGF_NAME_CHARS];
    int rc;

    if (key->name_len != regf_name_bytes(name, key->latin1))
        return 0;
    rc = hive_bytes_read(h->bytes, (uint64_t)key->at + 4 + KEY_HEAD, bytes, key->name_len, err);
    return rc < 0 ? rc : regf_name_is(name, bytes, key->name_len, key->latin1);
}

// The list's hash says this is the key that is wanted, its name says it is not: two names may share a hash, but
// then this one has it, too.
static int check_hash(const struct regf *h, const struct regf_key *key, uint32_t hint, struct err *err)
{
    _cleanup_free_ unsigned char *name = NULL;
    int rc = cell_name(h, key->at, KEY_HEAD, key->name_len, &name, err);

    if (rc == 0 && regf_name_hash(name, key->name_len, key->latin1) != hint)
        return err_set(err, -EBADMSG, "the key at 0x%" PRIx32 " and the list it is in call it differently",
                       key->at);
    return rc;
}

// Those items whose hint fits (or, the second time, all others). 0 found, REGF_NO_SUCH, negative errno.
static int find_in(const struct regf *h, const struct regf_key *key, const struct regf_list *list,
                   const struct regf_name *name, bool fitting, struct regf_key *ret, struct err *err)
{
    for (size_t i = 0; i < list->count; i++) {
        struct regf_key k;
        int rc;

        if (regf_list_may_be(list, &list->items[i], name) != fitting)
            continue;
        rc = child(h, key, list->items[i].at, &k, err);
        if (rc == 0)
            rc = is_named(h, &k, name, err);
        if (rc > 0) {
            *ret = k;
            return 0;
        }
        if (rc == 0 && fitting && list->hashed)
            rc = check_hash(h, &k, list->items[i].hint, err);
        if (rc < 0)
            return rc;
    }
    return REGF_NO_SUCH;
}

int regf_find(const struct regf *h, const struct regf_key *key, const char *name, struct regf_key *ret,
              struct err *err)
{
    _cleanup_regf_list_ struct regf_list list = {0};
    struct regf_name wanted;
    int rc;

    if (regf_name_init(&wanted, name) < 0)
        return REGF_NO_SUCH;
    rc = regf_list_read(h, key, &list, err);
    if (rc < 0)
        return rc;
    rc = find_in(h, key, &list, &wanted, true, ret, err);
    if (rc == REGF_NO_SUCH && (list.hashed || list.lettered) && list.count <= REGF_SCAN_MAX)
        rc = find_in(h, key, &list, &wanted, false, ret, err);
    return rc;
}

int regf_subkeys(const struct regf *h, const struct regf_key *key, uint32_t **ret, size_t *ret_count,
                 struct err *err)
{
    _cleanup_regf_list_ struct regf_list list = {0};
    uint32_t *cells;
    int rc = regf_list_read(h, key, &list, err);

    if (rc < 0)
        return rc;
    cells = calloc(list.count + 1, sizeof *cells);
    if (!cells)
        return err_set(err, -ENOMEM, "out of memory");
    for (size_t i = 0; i < list.count; i++)
        cells[i] = list.items[i].at;
    *ret = cells;
    *ret_count = list.count;
    return 0;
}

static int count_below(const struct regf *h, const struct regf_key *key, unsigned depth, size_t *count,
                       struct err *err)
{
    _cleanup_free_ uint32_t *cells = NULL;
    size_t n;
    int rc;

    // A key takes more than 80 bytes: where there are more keys than fit, some are met twice.
    if (++*count > hive_bytes_size(h->bytes) / (4 + KEY_HEAD) || depth > REGF_DEPTH_MAX)
        return err_set(err, -EBADMSG, "its keys run in a circle, or too deep");
    rc = regf_subkeys(h, key, &cells, &n, err);
    for (size_t i = 0; i < n && rc == 0; i++) {
        struct regf_key k;

        rc = child(h, key, cells[i], &k, err);
        if (rc == 0)
            rc = count_below(h, &k, depth + 1, count, err);
    }
    return rc;
}

int regf_count(const struct regf *h, size_t *ret, struct err *err)
{
    struct regf_key root;
    size_t count = 0;
    int rc = regf_root(h, &root, err);

    if (rc == 0)
        rc = count_below(h, &root, 0, &count, err);
    if (rc == 0)
        *ret = count;
    return rc;
}

int regf_key_name(const struct regf *h, const struct regf_key *key, char **ret, struct err *err)
{
    return cell_name_text(h, key->at, KEY_HEAD, key->name_len, key->latin1, ret, err);
}
