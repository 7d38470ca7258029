// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/inspect/regf_cell.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

void regf_list_done(struct regf_list *l)
{
    free(l->items);
    *l = (struct regf_list){0};
}

static int add_items(struct regf_list *l, const unsigned char *data, size_t count, size_t size,
                     const struct regf_key *key, struct err *err)
{
    struct regf_item *items;

    if (count == 0)
        return 0;
    if (count > key->subkeys - l->count)
        return err_set(err, -EBADMSG, "the key at 0x%" PRIx32 " says it has %" PRIu32 " keys, but lists more",
                       key->at, key->subkeys);
    items = realloc(l->items, (l->count + count) * sizeof *items);
    if (!items)
        return err_set(err, -ENOMEM, "out of memory");
    l->items = items;
    for (size_t i = 0; i < count; i++)
        l->items[l->count++] = (struct regf_item){
            .at = le32(data + i * size),
            .hint = size == 8 ? le32(data + i * size + 4) : 0,
        };
    return 0;
}

// One list ("li", "lf", "lh") or, at the top, a list of lists ("ri").
static int read_lists(const struct regf *h, const struct regf_key *key, uint32_t at, bool top,
                      struct regf_list *ret, struct err *err)
{
    _cleanup_free_ unsigned char *data = NULL;
    unsigned char head[4];
    struct cell c;
    size_t count, size;
    int rc = cell_open(h, at, "a list of keys", &c, err);

    if (rc == 0)
        rc = cell_read(h, &c, 0, head, sizeof head, err);
    if (rc < 0)
        return rc;
    count = le16(head + 2);
    size = memcmp(head, "lf", 2) == 0 || memcmp(head, "lh", 2) == 0 ? 8 : 4;
    if (size == 4 && memcmp(head, "li", 2) != 0 && !(top && memcmp(head, "ri", 2) == 0))
        return err_set(err, -EBADMSG, "at 0x%" PRIx32 " there is no list of keys", at);
    data = malloc(count * size + 1);
    if (!data)
        return err_set(err, -ENOMEM, "out of memory");
    rc = cell_read(h, &c, 4, data, count * size, err);
    if (rc < 0)
        return rc;
    if (memcmp(head, "ri", 2) != 0) {
        bool hashed = memcmp(head, "lh", 2) == 0, lettered = memcmp(head, "lf", 2) == 0;

        // Lists of two kinds below one key: none of the hints is trusted.
        ret->hashed = hashed && (ret->count == 0 || ret->hashed);
        ret->lettered = lettered && (ret->count == 0 || ret->lettered);
        return add_items(ret, data, count, size, key, err);
    }
    for (size_t i = 0; i < count && rc == 0; i++)
        rc = read_lists(h, key, le32(data + i * size), false, ret, err);
    return rc;
}

int regf_list_read(const struct regf *h, const struct regf_key *key, struct regf_list *ret, struct err *err)
{
    int rc;

    if (key->subkeys == 0)
        return 0;
    if (key->subkeys > REGF_KEYS_MAX)
        return err_set(err, -EBADMSG, "the key at 0x%" PRIx32 " says it has %" PRIu32 " keys", key->at,
                       key->subkeys);
    rc = read_lists(h, key, key->subkey_list, true, ret, err);
    if (rc == 0 && ret->count != key->subkeys)
        rc = err_set(err, -EBADMSG, "the key at 0x%" PRIx32 " says it has %" PRIu32 " keys, but lists %zu",
                     key->at, key->subkeys, ret->count);
    return rc;
}

bool regf_list_may_be(const struct regf_list *l, const struct regf_item *item, const struct regf_name *name)
{
    if (l->hashed)
        return item->hint == name->hash;
    for (size_t i = 0; l->lettered && i < 4; i++) {
        unsigned char letter = (unsigned char)(item->hint >> 8 * i);

        // Zeroes stand behind a short name, and in the place of letters that are no byte.
        if (letter == 0)
            continue;
        if (i >= name->count || regf_upper(letter) != name->units[i])
            return false;
    }
    return true;
}
