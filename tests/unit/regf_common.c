// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/unit/regf_common.h"

#include <errno.h>
#include <string.h>

static struct source *source_or_null(struct blob *b)
{
    struct source *s = NULL;

    if (b && b->data && source_of_blob(b, &s) < 0)
        abort();
    return s;
}

void settle(struct blob *file, struct blob *log1, struct blob *log2, struct blob *log, struct hive *ret)
{
    struct hive_files files = {source_or_null(file),
                               {source_or_null(log1), source_or_null(log2), source_or_null(log)}};
    struct err err = {0};

    if (hive_settle(&files, ret, &err) < 0)
        hive_damaged(ret, "%s", err.text);
}

void flatten(const struct hive *h, const struct blob *original, struct blob *ret)
{
    uint32_t size = hive_bytes_size(h->regf.bytes), seq = 7;
    struct err err = {0};

    ret->len = HIVE_BASE_BLOCK + size;
    ret->data = calloc(1, ret->len);
    if (!ret->data)
        abort();
    memcpy(ret->data, original->data, HIVE_BASE_BLOCK);
    if (hive_bytes_read(h->regf.bytes, 0, ret->data + HIVE_BASE_BLOCK, size, &err) < 0)
        abort();
    memcpy(ret->data + 4, &seq, 4);
    memcpy(ret->data + 8, &seq, 4);
    memcpy(ret->data + 40, &size, 4);
    mend_base_block(ret->data, ret->len);
}

void by_hivex_open(const struct blob *bytes, struct by_hivex *ret)
{
    char path[BLOB_FD_PATH];
    struct err err = {0};

    *ret = (struct by_hivex){.fd = blob_fd(bytes, "virtrust-hive", &err), .len = bytes->len};
    if (ret->fd < 0)
        abort();
    blob_fd_path(ret->fd, path);
    ret->h = hivex_open(path, 0);
}

void by_hivex_done(struct by_hivex *b)
{
    if (b->h)
        hivex_close(b->h);
    blob_fd_close(b->fd, b->len);
}

static void differ(struct comparison *c, size_t *count, const char *what, const char *name, const char *why)
{
    ++*count;
    if (!c->first[0])
        snprintf(c->first, sizeof c->first, "%s %.200s: %.200s", what, name, why);
}

static void compare_value(const struct regf *h, const struct regf_value *v, hive_h *by, hive_value_h other,
                          struct comparison *c)
{
    _cleanup_free_ char *name = NULL, *other_name = NULL, *other_data = NULL;
    _cleanup_blob_ struct blob b = {0};
    struct err err = {0};
    hive_type type;
    size_t len;
    int rc;

    c->values++;
    if (regf_value_name(h, v, &name, &err) < 0)
        name = strdup("?");
    other_name = hivex_value_key(by, other);
    if (other_name && strcmp(name, other_name) != 0)
        differ(c, &c->different, "value name", name, other_name);
    rc = regf_data(h, v, HIVE_FILE_MAX, &b, &err);
    other_data = hivex_value_value(by, other, &type, &len);
    if (rc < 0 && other_data)
        differ(c, &c->refused, "value", name, err.text);
    else if (rc == 0 && !other_data)
        differ(c, &c->hivex_refused, "value", name, strerror(errno));
    else if (rc == 0 &&
             (len != b.len || type != v->type || (len > 0 && memcmp(b.data, other_data, len) != 0)))
        differ(c, &c->different, "value", name, "other bytes or type");
}

static void compare_values(const struct regf *h, const struct regf_key *key, hive_h *by, hive_node_h node,
                           struct comparison *c)
{
    _cleanup_free_ struct regf_value *values = NULL;
    _cleanup_free_ hive_value_h *others = hivex_node_values(by, node);
    struct err err = {0};
    size_t count = 0, other_count = 0;
    int rc = regf_values(h, key, &values, &count, &err);

    if (rc < 0 && others)
        differ(c, &c->refused, "values", "", err.text);
    if (rc == 0 && !others)
        differ(c, &c->hivex_refused, "values", "", strerror(errno));
    if (rc < 0 || !others)
        return;
    while (others[other_count])
        other_count++;
    if (count != other_count)
        differ(c, &c->different, "values", "", "another number of them");
    for (size_t i = 0; i < count && i < other_count; i++)
        compare_value(h, &values[i], by, others[i], c);
}

static void compare_key(const struct regf *h, const struct regf_key *key, hive_h *by, hive_node_h node,
                        unsigned depth, struct comparison *c)
{
    _cleanup_free_ char *name = NULL, *other_name = hivex_node_name(by, node);
    _cleanup_free_ hive_node_h *others = hivex_node_children(by, node);
    _cleanup_free_ uint32_t *cells = NULL;
    struct err err = {0};
    size_t count = 0, other_count = 0;
    int rc = regf_subkeys(h, key, &cells, &count, &err);

    c->keys++;
    if (regf_key_name(h, key, &name, &err) < 0)
        name = strdup("?");
    if (!other_name || strcmp(name, other_name) != 0)
        differ(c, &c->different, "key name", name, other_name ? other_name : "none");
    compare_values(h, key, by, node, c);
    if (rc < 0 && others)
        differ(c, &c->refused, "keys of", name, err.text);
    if (rc == 0 && !others)
        differ(c, &c->hivex_refused, "keys of", name, strerror(errno));
    if (rc < 0 || !others || depth > REGF_DEPTH_MAX)
        return;
    while (others[other_count])
        other_count++;
    if (count != other_count)
        differ(c, &c->different, "keys of", name, "another number of them");
    for (size_t i = 0; i < count && i < other_count; i++) {
        struct regf_key below;

        if (regf_key(h, cells[i], &below, &err) < 0)
            differ(c, &c->refused, "key below", name, err.text);
        else
            compare_key(h, &below, by, others[i], depth + 1, c);
    }
}

void compare_all(const struct regf *h, hive_h *by, struct comparison *ret)
{
    struct regf_key root;
    struct err err = {0};

    *ret = (struct comparison){0};
    if (regf_root(h, &root, &err) < 0)
        differ(ret, &ret->refused, "root", "", err.text);
    else
        compare_key(h, &root, by, hivex_root(by), 0, ret);
}
