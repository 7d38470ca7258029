// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/inspect/hive_tree.h"

#include "common/utf8.h"

#include <errno.h>
#include <string.h>

int hive_tree_walk(const struct regf *h, struct regf_key *ret, struct err *err, const char *const path[])
{
    struct regf_key key;
    int rc = regf_root(h, &key, err);

    if (rc < 0)
        return err_prefix(err, rc, "its root key");
    for (; *path; path++) {
        struct regf_key below;

        rc = regf_find(h, &key, *path, &below, err);
        if (rc != 0)
            return rc < 0 ? err_prefix(err, rc, "key %s", *path) : rc;
        key = below;
    }
    *ret = key;
    return 0;
}

int hive_tree_raw(const struct regf *h, const struct regf_key *key, const char *name, size_t max,
                  struct blob *ret, struct err *err)
{
    struct regf_value value;
    int rc = regf_value(h, key, name, &value, err);

    if (rc == 0)
        rc = regf_data(h, &value, max, ret, err);
    return rc < 0 ? err_prefix(err, rc, "value \"%s\"", name) : rc;
}

int hive_tree_text(const struct regf *h, const struct regf_key *key, const char *name,
                   char ret[static HIVE_TEXT_MAX], struct err *err)
{
    _cleanup_blob_ struct blob b = {0};
    int rc = hive_tree_raw(h, key, name, HIVE_STRING_MAX, &b, err);

    if (rc == 0)
        utf16_text(b.data, b.len, ret);
    return rc;
}

int hive_tree_u32(const struct regf *h, const struct regf_key *key, const char *name, uint32_t *ret,
                  struct err *err)
{
    _cleanup_blob_ struct blob b = {0};
    int rc = hive_tree_raw(h, key, name, HIVE_STRING_MAX, &b, err);

    if (rc != 0)
        return rc;
    if (b.len != 4)
        return REGF_NO_SUCH;
    *ret = (uint32_t)b.data[0] | (uint32_t)b.data[1] << 8 | (uint32_t)b.data[2] << 16 |
           (uint32_t)b.data[3] << 24;
    return 0;
}

void utf16_text(const unsigned char *data, size_t len, char ret[static HIVE_TEXT_MAX])
{
    size_t used = 0;

    for (size_t at = 0; at + 2 <= len; at += 2) {
        uint32_t c = (uint32_t)data[at] | (uint32_t)data[at + 1] << 8;
        char out[UTF8_MAX];
        size_t n;

        if (c == 0)
            break;
        if (c >= 0xd800 && c < 0xdc00 && at + 4 <= len) {
            uint32_t low = (uint32_t)data[at + 2] | (uint32_t)data[at + 3] << 8;

            if (low >= 0xdc00 && low < 0xe000) {
                c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
                at += 2;
            }
        }
        if ((c >= 0xd800 && c < 0xe000) || c < 0x20 || c == 0x7f)
            c = 0xfffd;
        n = utf8_put(c, out);
        if (used + n >= HIVE_TEXT_MAX)
            break;
        memcpy(ret + used, out, n);
        used += n;
    }
    ret[used] = '\0';
}
