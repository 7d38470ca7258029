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

// What stands before each value, the first one's brace too; short for what has a dot, which is not told here.
static void name_all(struct json_shape *s)
{
    for (size_t i = 0; i < s->count; i++) {
        struct json_key *k = &s->keys[s->keys[i].order];
        char name[sizeof k->name];
        size_t len;

        name_of(k, &len);
        k->name_len = (size_t)snprintf(name, sizeof name, "%s\"%.*s\": ", i ? ", " : "{", (int)len, k->key);
        memcpy(k->name, name, sizeof name);
    }
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
    name_all(s);
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

static bool make_room(struct json_lines *l, size_t len)
{
    size_t room = 2 * (l->len + len) + 4096;
    char *grown;

    if (l->room - l->len >= len)
        return true;
    grown = realloc(l->text, room);
    if (!grown)
        return false;
    l->text = grown;
    l->room = room;
    return true;
}

static bool put(struct json_lines *l, const char *text, size_t len)
{
    if (!make_room(l, len))
        return false;
    memcpy(l->text + l->len, text, len);
    l->len += len;
    return true;
}

static bool stands_for_itself(char c)
{
    return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

static bool put_odd(struct json_lines *l, const char *value, size_t len)
{
    json_t *tree = json_text(value, len);
    char *dump = json_dumps(tree, JSON_ENCODE_ANY);
    bool done = dump && put(l, dump, strlen(dump));

    free(dump);
    json_decref(tree);
    return done;
}

static bool put_text(struct json_lines *l, const char *value, size_t len)
{
    char *out;

    if (!make_room(l, len + 2))
        return false;
    out = l->text + l->len;
    out[0] = out[len + 1] = '"';
    for (size_t i = 0; i < len; i++) {
        if (!stands_for_itself(value[i]))
            return put_odd(l, value, len);
        out[i + 1] = value[i];
    }
    l->len += len + 2;
    return true;
}

// As record_get_i64 reads it and printf writes it, where both give the same text: no sign, no zero before it.
static bool is_short_number(const char *value, size_t len)
{
    if (len == 0 || len > 18 || (value[0] == '0' && len > 1))
        return false;
    for (size_t i = 0; i < len; i++)
        if (value[i] < '0' || value[i] > '9')
            return false;
    return true;
}

static bool put_number(struct json_lines *l, const struct record *r, const char *key, const char *value,
                       size_t len)
{
    char text[32];
    int64_t number;

    if (is_short_number(value, len))
        return put(l, value, len);
    if (record_get_i64(r, key, &number) < 0)
        return put_text(l, value, len);
    return put(l, text, (size_t)snprintf(text, sizeof text, "%" PRId64, number));
}

// As json_of_record: what does not look like its kind is told as it is.
static bool put_value(struct json_lines *l, const struct record *r, const struct json_key *k,
                      const char *value, size_t len)
{
    char text[FILETIME_TEXT];
    int64_t number;

    switch (k->kind) {
    case JSON_KIND_TIME:
        if (record_get_i64(r, k->key, &number) < 0)
            return false;
        us_text(number, text);
        return put_text(l, text, strlen(text));
    case JSON_KIND_NUMBER:
        return put_number(l, r, k->key, value, len);
    case JSON_KIND_ANSWER:
        if (len == 1 && (value[0] == '0' || value[0] == '1'))
            return value[0] == '1' ? put(l, "true", 4) : put(l, "false", 5);
        break;
    case JSON_KIND_TEXT:
        break;
    }
    return put_text(l, value, len);
}

const char *json_lines_record(struct json_lines *l, const struct record *r, size_t *ret_len)
{
    const struct json_shape *s = shape_of(l, r);

    if (!s || !s->flat)
        return NULL;
    l->len = 0;
    for (size_t i = 0; i < s->count; i++) {
        const struct json_key *k = &s->keys[s->keys[i].order];
        const char *key, *value;
        size_t len;

        record_at(r, s->keys[i].order + 2, &key, &value, &len);
        if (!put(l, k->name, k->name_len) || !put_value(l, r, k, value, len))
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
