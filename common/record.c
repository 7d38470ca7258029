// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "common/record.h"

#include "common/hex.h"
#include "common/record_pairs.h"
#include "common/secret.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static uint64_t mark_of(const char *key, size_t len)
{
    return len ? UINT64_C(1) << ((len * 7 + (unsigned char)key[0] * 3 + (unsigned char)key[len - 1]) % 64)
               : 0;
}

const struct pair *record_find_n(const struct record *r, const char *key, size_t key_len)
{
    uint64_t mark = mark_of(key, key_len);

    if (!r || !(r->marks & mark))
        return NULL;
    for (size_t i = 0; i < r->count; i++)
        if (r->pairs[i].key_len == key_len && r->pairs[i].key[0] == key[0] &&
            memcmp(r->pairs[i].key, key, key_len) == 0)
            return &r->pairs[i];
    return NULL;
}

const struct pair *record_find(const struct record *r, const char *key)
{
    return record_find_n(r, key, strlen(key));
}

bool record_key_valid(const char *key, size_t len)
{
    if (len == 0 || len > RECORD_KEY_MAX)
        return false;
    for (size_t i = 0; i < len; i++) {
        char c = key[i];

        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-'))
            return false;
    }
    return true;
}

static int make_room(struct record *r)
{
    size_t room = r->room * 2; // RECORD_KEYS_MAX keeps it small
    struct pair *grown;

    if (r->count < r->room)
        return 0;
    grown = malloc(room * sizeof *grown);
    if (!grown)
        return -ENOMEM;
    memcpy(grown, r->pairs, r->count * sizeof *grown);
    if (r->pairs != r->few)
        free(r->pairs);
    r->pairs = grown;
    r->room = room;
    return 0;
}

int record_append(struct record *r, const struct pair *p)
{
    int rc = r->count >= RECORD_KEYS_MAX ? -E2BIG : make_room(r);

    if (rc < 0)
        return rc;
    r->pairs[r->count++] = *p;
    r->marks |= mark_of(p->key, p->key_len);
    return 0;
}

// Key and value in one block; *ret owns it.
static int make_pair(const char *key, const void *data, size_t len, struct pair *ret)
{
    size_t key_len = strlen(key);
    char *block;

    if (!record_key_valid(key, key_len))
        return -EINVAL;
    if (len > RECORD_LINE_MAX)
        return -E2BIG;
    block = malloc(key_len + len + 2);
    if (!block)
        return -ENOMEM;
    memcpy(block, key, key_len + 1);
    *ret = (struct pair){
        .key = block, .value = block + key_len + 1, .key_len = key_len, .len = len, .block = block};
    if (len)
        memcpy(ret->value, data, len);
    ret->value[len] = '\0';
    return 0;
}

static void pair_done(struct pair *p)
{
    if (p->block)
        secret_wipe(p->value, p->len);
    free(p->block);
}

struct record *record_alloc(void)
{
    struct record *r = malloc(sizeof *r);

    if (!r)
        return NULL;
    r->pairs = r->few;
    r->room = RECORD_FEW;
    r->count = 0;
    r->marks = 0;
    r->failed = 0;
    r->text = NULL;
    r->text_len = 0;
    return r;
}

struct record *record_new(const char *type)
{
    struct record *r = record_alloc();

    if (!r)
        return NULL;
    record_add(r, "type", type);
    record_add(r, "v", "1");
    return r;
}

struct record *record_free(struct record *r)
{
    if (!r)
        return NULL;
    for (size_t i = 0; i < r->count; i++)
        pair_done(&r->pairs[i]);
    if (r->pairs != r->few)
        free(r->pairs);
    secret_wipe(r->text, r->text_len);
    free(r->text);
    free(r);
    return NULL;
}

void record_add_bytes(struct record *r, const char *key, const void *data, size_t len)
{
    struct pair p = {0};
    int rc;

    if (!r)
        return;
    rc = record_find(r, key) ? -EINVAL : make_pair(key, data, len, &p);
    if (rc == 0)
        rc = record_append(r, &p);
    if (rc < 0)
        pair_done(&p);
    if (rc < 0 && !r->failed)
        r->failed = rc;
}

void record_add(struct record *r, const char *key, const char *value)
{
    if (value)
        record_add_bytes(r, key, value, strlen(value));
}

void record_add_u64(struct record *r, const char *key, uint64_t value)
{
    record_addf(r, key, "%" PRIu64, value);
}

void record_add_i64(struct record *r, const char *key, int64_t value)
{
    record_addf(r, key, "%" PRId64, value);
}

void record_add_bool(struct record *r, const char *key, bool value)
{
    record_add(r, key, value ? "1" : "0");
}

void record_add_hex(struct record *r, const char *key, const void *data, size_t len)
{
    _cleanup_free_ char *text = malloc(len * 2 + 1);

    if (text)
        hex_encode(data, len, text);
    else if (r && !r->failed)
        r->failed = -ENOMEM;
    record_add(r, key, text);
}

void record_addf(struct record *r, const char *key, const char *format, ...)
{
    char text[1024];
    va_list args;
    int len;

    va_start(args, format);
    len = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (len < 0 || (size_t)len >= sizeof text) {
        if (r && !r->failed)
            r->failed = -E2BIG;
        return;
    }
    record_add(r, key, text);
}

void record_set(struct record *r, const char *key, const char *value)
{
    struct pair *p = (struct pair *)record_find(r, key), made;
    int rc;

    if (!p) {
        record_add(r, key, value);
        return;
    }
    rc = make_pair(key, value, strlen(value), &made);
    if (rc < 0) {
        if (!r->failed)
            r->failed = rc;
        return;
    }
    pair_done(p); // in a decoded text the old value stays until that is wiped
    *p = made;
}

const char *record_type(const struct record *r)
{
    return record_get(r, "type");
}

const char *record_get(const struct record *r, const char *key)
{
    const struct pair *p = record_find(r, key);

    return p && strlen(p->value) == p->len ? p->value : NULL;
}

const char *record_get_or(const struct record *r, const char *key, const char *fallback)
{
    const char *value = record_get(r, key);

    return value ? value : fallback;
}

int record_get_bytes(const struct record *r, const char *key, const void **ret, size_t *ret_len)
{
    const struct pair *p = record_find(r, key);

    if (!p)
        return -ENOENT;
    *ret = p->value;
    *ret_len = p->len;
    return 0;
}

static int parse_u64(const char *text, uint64_t *ret)
{
    uint64_t value = 0;

    if (!*text)
        return -EINVAL;
    for (; *text; text++) {
        if (*text < '0' || *text > '9')
            return -EINVAL;
        if (__builtin_mul_overflow(value, 10, &value) || __builtin_add_overflow(value, *text - '0', &value))
            return -EINVAL;
    }
    *ret = value;
    return 0;
}

int record_get_u64(const struct record *r, const char *key, uint64_t *ret)
{
    const struct pair *p = record_find(r, key);

    if (!p)
        return -ENOENT;
    return strlen(p->value) == p->len ? parse_u64(p->value, ret) : -EINVAL;
}

int record_get_i64(const struct record *r, const char *key, int64_t *ret)
{
    const char *text = record_get(r, key);
    bool negative;
    uint64_t value;

    if (!text)
        return record_find(r, key) ? -EINVAL : -ENOENT;
    negative = *text == '-';
    if (parse_u64(text + negative, &value) < 0 || value > (uint64_t)INT64_MAX + negative)
        return -EINVAL;
    *ret = negative ? (int64_t)(0 - value) : (int64_t)value;
    return 0;
}

int record_get_bool(const struct record *r, const char *key)
{
    const char *text = record_get(r, key);

    if (!text || text[0] == '\0' || text[1] != '\0')
        return -1;
    return text[0] == '1' ? 1 : text[0] == '0' ? 0 : -1;
}

int record_get_hex(const struct record *r, const char *key, void *ret, size_t len)
{
    const struct pair *p = record_find(r, key);

    if (!p)
        return -ENOENT;
    return p->len == len * 2 && hex_decode(p->value, ret, len) == 0 ? 0 : -EINVAL;
}

bool record_is(const struct record *r, const char *type)
{
    const char *own = record_type(r);

    return own && strcmp(own, type) == 0;
}

size_t record_count(const struct record *r)
{
    return r ? r->count : 0;
}

void record_at(const struct record *r, size_t i, const char **ret_key, const char **ret_value,
               size_t *ret_len)
{
    *ret_key = r->pairs[i].key;
    *ret_value = r->pairs[i].value;
    if (ret_len)
        *ret_len = r->pairs[i].len;
}
