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

size_t record_plain_run(const char *text, size_t len)
{
    const uint64_t ones = UINT64_MAX / 255, tops = ones * 0x80;
    size_t n = 0;

    for (; len - n >= 8; n += 8) {
        uint64_t eight, odd, percent, rubout;

        memcpy(&eight, text + n, sizeof eight);
        percent = eight ^ ones * '%';
        rubout = eight ^ ones * 0x7f;
        // A byte's top bit: the byte has it itself, is below 0x20, or is one of the two. A borrow from the byte
        // before can mark one too many, but never the first one.
        odd = eight | ((eight - ones * 0x20) & ~eight) | ((percent - ones) & ~percent) |
              ((rubout - ones) & ~rubout);
        if (!(odd & tops))
            continue;
        if (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__)
            return n + (size_t)__builtin_ctzll(odd & tops) / 8;
        break;
    }
    while (n < len && plain((unsigned char)text[n]))
        n++;
    return n;
}

static size_t encoded_len(const struct pair *p)
{
    size_t n = 0;

    for (size_t i = 0; i < p->len; i++) {
        size_t run = record_plain_run(p->value + i, p->len - i);

        i += run;
        n += run + (i < p->len ? 3 : 0);
    }
    return n;
}

static char *encode_value(char *out, const struct pair *p)
{
    for (size_t i = 0; i < p->len; i++) {
        size_t run = record_plain_run(p->value + i, p->len - i);

        memcpy(out, p->value + i, run);
        out += run;
        i += run;
        if (i == p->len)
            break;
        *out++ = '%';
        hex_encode(p->value + i, 1, out);
        out += 2;
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
        size_t line = r->pairs[i].key_len + 1 + encoded_len(&r->pairs[i]);

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
        memcpy(out, r->pairs[i].key, r->pairs[i].key_len);
        out += r->pairs[i].key_len;
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

// In place: what is decoded is never longer than what it was.
static int decode_value(char *text, size_t len, size_t *ret_len, struct err *err)
{
    size_t n = record_plain_run(text, len);

    for (size_t i = n; i < len; i++) {
        unsigned char c = (unsigned char)text[i];

        if (plain(c)) {
            text[n++] = (char)c;
        } else if (c == '%' && len - i >= 3 && hex_decode(text + i + 1, text + n, 1) == 0) {
            n++;
            i += 2;
        } else {
            return err_set(err, -EBADMSG,
                           "a record's value holds a byte that is not escaped or a bad %% escape");
        }
    }
    text[n] = '\0';
    *ret_len = n;
    return 0;
}

static int check_head(const struct record *r, struct err *err)
{
    const struct pair *last = &r->pairs[r->count - 1];

    if (r->count == 1 && (strcmp(last->key, "type") != 0 || strlen(last->value) != last->len))
        return err_set(err, -EBADMSG, "a record does not begin with its type");
    if (r->count == 2 && (strcmp(last->key, "v") != 0 || strcmp(last->value, "1") != 0))
        return err_set(err, -EBADMSG, "a record's second line is not v=1");
    return 0;
}

// A line of the record's own text; the byte behind it is its newline, and may be written over.
static int decode_line(struct record *r, char *line, size_t len, struct err *err)
{
    char *eq = memchr(line, '=', len);
    struct pair p = {.key = line};
    int rc;

    if (len > RECORD_LINE_MAX)
        return err_set(err, -EBADMSG, "a record's line is longer than %d bytes", RECORD_LINE_MAX);
    if (!eq || !record_key_valid(line, p.key_len = (size_t)(eq - line)))
        return err_set(err, -EBADMSG, "a record's line is not key=value");
    *eq = '\0';
    p.value = eq + 1;
    rc = decode_value(p.value, len - p.key_len - 1, &p.len, err);
    if (rc < 0)
        return rc;
    if (record_find_n(r, line, p.key_len))
        return err_set(err, -EBADMSG, "a record's key stands twice: %s", line);
    rc = record_append(r, &p);
    if (rc == -E2BIG)
        return err_set(err, -EBADMSG, "a record has more than %d keys", RECORD_KEYS_MAX);
    return rc < 0 ? rc : check_head(r, err);
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

// The bytes of all whole lines before the empty one; *ret_whole: that is there, too.
static size_t lines_len(const char *buf, size_t len, bool *ret_whole)
{
    size_t at = 0;

    *ret_whole = false;
    while (at < len && at < RECORD_TOTAL_MAX) {
        const char *end = memchr(buf + at, '\n', len - at);

        if (!end)
            break;
        if (end == buf + at) {
            *ret_whole = true;
            break;
        }
        at = (size_t)(end - buf) + 1;
    }
    return at;
}

static int decode_lines(struct record *r, struct err *err)
{
    for (size_t at = 0; at < r->text_len;) {
        char *end = memchr(r->text + at, '\n', r->text_len - at);
        size_t len = (size_t)(end - (r->text + at));
        int rc;

        if (at + len + 1 > RECORD_TOTAL_MAX)
            return err_set(err, -EBADMSG, "a record is longer than %d bytes", RECORD_TOTAL_MAX);
        rc = decode_line(r, r->text + at, len, err);
        if (rc < 0)
            return rc;
        at += len + 1;
    }
    return 0;
}

int record_decode(const char *buf, size_t len, size_t *ret_used, struct record **ret, struct err *err)
{
    _cleanup_record_ struct record *r = record_alloc();
    bool whole;
    size_t lines = lines_len(buf, len, &whole);
    int rc;

    if (!r || !(r->text = malloc(lines + 1)))
        return -ENOMEM;
    memcpy(r->text, buf, lines);
    r->text_len = lines;
    rc = decode_lines(r, err); // also of a part: what can never become a record is refused at once
    if (rc < 0)
        return rc;
    if (lines + whole > RECORD_TOTAL_MAX || (!whole && len >= RECORD_TOTAL_MAX))
        return err_set(err, -EBADMSG, "a record is longer than %d bytes", RECORD_TOTAL_MAX);
    if (!whole)
        return RECORD_MORE;
    if (r->count < 2)
        return err_set(err, -EBADMSG, "a record lacks type or v");
    *ret_used = lines + 1;
    *ret = take(r);
    return 0;
}
