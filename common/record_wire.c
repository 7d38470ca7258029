// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// Records as bytes: encoding, and the one decoder of every seam.
#include "common/hex.h"
#include "common/record_pairs.h"

#include <errno.h>
#include <string.h>

static bool plain(unsigned char c)
{
    return c >= 0x20 && c <= 0x7e && c != '%';
}

static size_t encoded_len(const struct pair *p)
{
    size_t n = 0;

    for (size_t i = 0; i < p->len; i++)
        n += plain((unsigned char)p->value[i]) ? 1 : 3;
    return n;
}

static char *encode_value(char *out, const struct pair *p)
{
    for (size_t i = 0; i < p->len; i++) {
        unsigned char c = (unsigned char)p->value[i];

        if (plain(c)) {
            *out++ = (char)c;
        } else {
            *out++ = '%';
            hex_encode(&c, 1, out);
            out += 2;
        }
    }
    return out;
}

int record_encode(const struct record *r, char **ret, size_t *ret_len)
{
    size_t total = 1;
    char *buf, *out;

    if (!r)
        return -ENOMEM;
    if (r->failed)
        return r->failed;
    for (size_t i = 0; i < r->count; i++) {
        size_t line = strlen(r->pairs[i].key) + 1 + encoded_len(&r->pairs[i]);

        if (line > RECORD_LINE_MAX)
            return -E2BIG;
        total += line + 1;
    }
    if (total > RECORD_TOTAL_MAX)
        return -E2BIG;
    buf = out = malloc(total + 1);
    if (!buf)
        return -ENOMEM;
    for (size_t i = 0; i < r->count; i++) {
        size_t key_len = strlen(r->pairs[i].key);

        memcpy(out, r->pairs[i].key, key_len);
        out += key_len;
        *out++ = '=';
        out = encode_value(out, &r->pairs[i]);
        *out++ = '\n';
    }
    *out++ = '\n';
    *out = '\0';
    *ret = buf;
    *ret_len = total;
    return 0;
}

static int decode_value(const char *text, size_t len, char **ret, size_t *ret_len, struct err *err)
{
    _cleanup_free_ char *value = malloc(len + 1);
    size_t n = 0;

    if (!value)
        return -ENOMEM;
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];

        if (plain(c)) {
            value[n++] = (char)c;
        } else if (c == '%' && len - i >= 3 && hex_decode(text + i + 1, value + n, 1) == 0) {
            n++;
            i += 2;
        } else {
            return err_set(err, -EBADMSG,
                           "a record's value holds a byte that is not escaped or a bad %% escape");
        }
    }
    value[n] = '\0';
    *ret = take(value);
    *ret_len = n;
    return 0;
}

static int decode_line(struct record *r, const char *line, size_t len, struct err *err)
{
    const char *eq = memchr(line, '=', len);
    size_t key_len, value_len = 0;
    char *value = NULL;
    int rc;

    if (len > RECORD_LINE_MAX)
        return err_set(err, -EBADMSG, "a record's line is longer than %d bytes", RECORD_LINE_MAX);
    if (!eq || !record_key_valid(line, key_len = (size_t)(eq - line)))
        return err_set(err, -EBADMSG, "a record's line is not key=value");
    rc = decode_value(eq + 1, len - key_len - 1, &value, &value_len, err);
    if (rc < 0)
        return rc;
    rc = record_append(r, line, key_len, value, value_len);
    if (rc == -E2BIG)
        return err_set(err, -EBADMSG, "a record has more than %d keys", RECORD_KEYS_MAX);
    if (rc < 0)
        return rc;
    if (record_find(r, r->pairs[r->count - 1].key) != &r->pairs[r->count - 1])
        return err_set(err, -EBADMSG, "a record's key stands twice: %s", r->pairs[r->count - 1].key);
    if (r->count == 1 && (strcmp(r->pairs[0].key, "type") != 0 || !record_type(r)))
        return err_set(err, -EBADMSG, "a record does not begin with its type");
    if (r->count == 2 && (strcmp(r->pairs[1].key, "v") != 0 || strcmp(r->pairs[1].value, "1") != 0))
        return err_set(err, -EBADMSG, "a record's second line is not v=1");
    return 0;
}

bool record_may_end(const char *buf, size_t len, size_t seen)
{
    if (len >= RECORD_TOTAL_MAX || (len > 0 && buf[0] == '\n'))
        return true;
    for (size_t i = seen ? seen : 1; i < len; i++)
        if (buf[i] == '\n' && buf[i - 1] == '\n')
            return true;
    return false;
}

int record_decode(const char *buf, size_t len, size_t *ret_used, struct record **ret, struct err *err)
{
    _cleanup_record_ struct record *r = calloc(1, sizeof *r);
    size_t at = 0;

    if (!r)
        return -ENOMEM;
    for (;;) {
        const char *end = at < len ? memchr(buf + at, '\n', len - at) : NULL;
        size_t line_len;
        int rc;

        if (!end) {
            if (len >= RECORD_TOTAL_MAX)
                return err_set(err, -EBADMSG, "a record is longer than %d bytes", RECORD_TOTAL_MAX);
            return RECORD_MORE;
        }
        line_len = (size_t)(end - (buf + at));
        if (at + line_len + 1 > RECORD_TOTAL_MAX)
            return err_set(err, -EBADMSG, "a record is longer than %d bytes", RECORD_TOTAL_MAX);
        if (line_len == 0) {
            if (r->count < 2)
                return err_set(err, -EBADMSG, "a record lacks type or v");
            *ret_used = at + 1;
            *ret = take(r);
            return 0;
        }
        rc = decode_line(r, buf + at, line_len, err);
        if (rc < 0)
            return rc;
        at += line_len + 1;
    }
}
