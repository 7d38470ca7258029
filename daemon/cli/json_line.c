// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/cli/json_line.h"

#include "common/filetime.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

// ---- the shape ----

static const char *name_of(const struct json_key *k, size_t *ret_len)
{
    *ret_len = strlen(k->key) - (k->kind == JSON_KIND_TIME ? strlen("_us") : 0);
    return k->key;
}

static int compare(const struct json_key *a, const struct json_key *b)
{
    size_t a_len, b_len;
    const char *a_name = name_of(a, &a_len), *b_name = name_of(b, &b_len);
    int order = memcmp(a_name, b_name, a_len < b_len ? a_len : b_len);

    return order ? order : (a_len > b_len) - (a_len < b_len);
}

// keys[i].order: by insertion. False where two keys would be one.
static bool sort(struct json_shape *s)
{
    for (size_t i = 0; i < s->count; i++) {
        size_t at = i;

        for (; at > 0; at--) {
            int order = compare(&s->keys[s->keys[at - 1].order], &s->keys[i]);

            if (order == 0)
                return false;
            if (order < 0)
                break;
            s->keys[at].order = s->keys[at - 1].order;
        }
        s->keys[at].order = i;
    }
    return true;
}

static void take_shape(struct json_shape *s, const struct record *r)
{
    const char *type = record_type(r), *key, *value;

    s->count = record_count(r) - 2; // behind type and v
    s->flat = true;
    for (size_t i = 0; i < s->count; i++) {
        record_at(r, i + 2, &key, &value, NULL);
        snprintf(s->keys[i].key, sizeof s->keys[i].key, "%s", key);
        s->keys[i].kind = json_kind(type, key);
        s->flat &= !strchr(key, '.');
    }
    s->flat = s->flat && sort(s);
}

static bool fits(const struct json_shape *s, const struct record *r)
{
    const char *key, *value;

    if (s->count + 2 != record_count(r))
        return false;
    for (size_t i = 0; i < s->count; i++) {
        record_at(r, i + 2, &key, &value, NULL);
        if (strcmp(key, s->keys[i].key) != 0)
            return false;
    }
    return true;
}

static const struct json_shape *shape_of(struct json_lines *l, const struct record *r)
{
    struct json_shape *s;

    for (size_t i = 0; i < JSON_SHAPES; i++)
        if (fits(&l->shapes[i], r))
            return &l->shapes[i];
    if (record_count(r) - 2 > JSON_SHAPE_KEYS)
        return NULL;
    s = &l->shapes[l->next++ % JSON_SHAPES];
    take_shape(s, r);
    return s;
}

// ---- the text ----

static bool put(struct json_lines *l, const char *text, size_t len)
{
    if (l->room - l->len < len) {
        size_t room = 2 * (l->len + len) + 4096;
        char *grown = realloc(l->text, room);

        if (!grown)
            return false;
        l->text = grown;
        l->room = room;
    }
    memcpy(l->text + l->len, text, len);
    l->len += len;
    return true;
}

static bool stands_for_itself(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)text[i] < 0x20 || (unsigned char)text[i] > 0x7e || text[i] == '"' ||
            text[i] == '\\')
            return false;
    return true;
}

static bool put_text(struct json_lines *l, const char *value, size_t len)
{
    json_t *tree;
    char *dump;
    bool done;

    if (stands_for_itself(value, len))
        return put(l, "\"", 1) && put(l, value, len) && put(l, "\"", 1);
    tree = json_text(value, len);
    dump = json_dumps(tree, JSON_ENCODE_ANY);
    done = dump && put(l, dump, strlen(dump));
    free(dump);
    json_decref(tree);
    return done;
}

// As json_of_record: what does not look like its kind is told as it is.
static bool put_value(struct json_lines *l, const struct record *r, const struct json_key *k,
                      const char *value, size_t len)
{
    char text[FILETIME_TEXT + 2];
    int64_t number;
    int answer, n = 0;

    switch (k->kind) {
    case JSON_KIND_TIME:
        if (record_get_i64(r, k->key, &number) < 0)
            return false;
        us_text(number, text);
        return put_text(l, text, strlen(text));
    case JSON_KIND_NUMBER:
        if (record_get_i64(r, k->key, &number) == 0)
            n = snprintf(text, sizeof text, "%" PRId64, number);
        break;
    case JSON_KIND_ANSWER:
        answer = record_get_bool(r, k->key);
        n = answer < 0 ? 0 : snprintf(text, sizeof text, "%s", answer ? "true" : "false");
        break;
    case JSON_KIND_TEXT:
        break;
    }
    return n ? put(l, text, (size_t)n) : put_text(l, value, len);
}

const char *json_lines_record(struct json_lines *l, const struct record *r, size_t *ret_len)
{
    const struct json_shape *s = shape_of(l, r);

    if (!s || !s->flat)
        return NULL;
    l->len = 0;
    for (size_t i = 0; i < s->count; i++) {
        const struct json_key *k = &s->keys[s->keys[i].order];
        const char *key, *value, *name;
        size_t len, name_len;

        record_at(r, s->keys[i].order + 2, &key, &value, &len);
        name = name_of(k, &name_len);
        if (!put(l, i ? ", \"" : "{\"", i ? 3 : 2) || !put(l, name, name_len) || !put(l, "\": ", 3) ||
            !put_value(l, r, k, value, len))
            return NULL;
    }
    if (!put(l, s->count ? "}" : "{}", s->count ? 1 : 2))
        return NULL;
    *ret_len = l->len;
    return l->text;
}

void json_lines_done(struct json_lines *l)
{
    free(l->text);
    *l = (struct json_lines){0};
}
