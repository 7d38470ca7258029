// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/inspect/hive_lookup.h"

#include "common/filetime.h"

#include <inttypes.h>

static int doubt(const struct lookup_in *in, const struct err *err)
{
    evidence_doubt(in->e, "damaged-hive", "%s: %.400s", in->hive, err->text);
    return REGF_NO_SUCH;
}

int lookup_key(const struct lookup_in *in, const char *const path[], struct regf_key *ret)
{
    const char *whole[LOOKUP_PATH_MAX + 2] = {0};
    struct err err = {0};
    size_t n = 0;
    int rc;

    if (in->top)
        whole[n++] = in->top;
    for (size_t i = 0; i < LOOKUP_PATH_MAX && path[i]; i++)
        whole[n++] = path[i];
    rc = hive_tree_walk(in->h, ret, &err, whole);
    return rc < 0 ? doubt(in, &err) : rc;
}

int lookup_text(const struct lookup_in *in, const char *const path[], const char *value,
                char ret[static HIVE_TEXT_MAX])
{
    struct regf_key key;
    struct err err = {0};
    int rc = lookup_key(in, path, &key);

    ret[0] = '\0';
    if (rc == 0)
        rc = hive_tree_text(in->h, &key, value, ret, &err);
    return rc < 0 ? doubt(in, &err) : rc;
}

int lookup_u32(const struct lookup_in *in, const char *const path[], const char *value, uint32_t *ret)
{
    struct regf_key key;
    struct err err = {0};
    int rc = lookup_key(in, path, &key);

    if (rc == 0)
        rc = hive_tree_u32(in->h, &key, value, ret, &err);
    return rc < 0 ? doubt(in, &err) : rc;
}

static void add_time(const struct lookup_in *in, const struct lookup *l)
{
    _cleanup_blob_ struct blob b = {0};
    struct regf_key key;
    struct err err = {0};
    uint64_t filetime = 0;
    int rc = lookup_key(in, l->path, &key);

    if (rc == 0)
        rc = hive_tree_raw(in->h, &key, l->value, HIVE_STRING_MAX, &b, &err);
    if (rc < 0)
        doubt(in, &err);
    if (rc != 0 || b.len != 8)
        return;
    for (size_t i = 0; i < 8; i++)
        filetime |= (uint64_t)b.data[i] << 8 * i;
    if (filetime_plausible(filetime))
        evidence_fact(in->e, l->fact, "%" PRIu64, filetime);
}

static void add_number(const struct lookup_in *in, const struct lookup *l)
{
    static const char *const starts[] = {"boot", "boot", "automatic", "manual", "disabled"};
    uint32_t n;

    if (lookup_u32(in, l->path, l->value, &n) != 0)
        return;
    if (l->kind == LOOKUP_NUMBER)
        evidence_fact(in->e, l->fact, "%" PRIu32, n);
    else if (l->kind == LOOKUP_FLAG)
        evidence_fact(in->e, l->fact, "%d", n != 0);
    else if (n < ARRAY_SIZE(starts))
        evidence_fact(in->e, l->fact, "%s", starts[n]);
}

void lookup_facts(const struct lookup_in *in, const struct lookup table[], size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char text[HIVE_TEXT_MAX];

        switch (table[i].kind) {
        case LOOKUP_TEXT:
            if (lookup_text(in, table[i].path, table[i].value, text) == 0)
                evidence_fact(in->e, table[i].fact, "%s", text);
            break;
        case LOOKUP_NUMBER:
        case LOOKUP_FLAG:
        case LOOKUP_START:
            add_number(in, &table[i]);
            break;
        case LOOKUP_TIME:
            add_time(in, &table[i]);
            break;
        }
    }
}
