// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "common/record_list.h"

#include "common/record_pairs.h"

#include <errno.h>
#include <string.h>

// memcmp for a key: nearly all have 4 to 16 bytes, and a call costs more than to compare them.
static bool same(const char *a, const char *b, size_t len)
{
    uint64_t a8, b8, a8_end, b8_end;
    uint32_t a4, b4, a4_end, b4_end;

    if (len < 4 || len > 16)
        return memcmp(a, b, len) == 0;
    if (len < 8) {
        memcpy(&a4, a, 4);
        memcpy(&b4, b, 4);
        memcpy(&a4_end, a + len - 4, 4);
        memcpy(&b4_end, b + len - 4, 4);
        return a4 == b4 && a4_end == b4_end;
    }
    memcpy(&a8, a, 8);
    memcpy(&b8, b, 8);
    memcpy(&a8_end, a + len - 8, 8);
    memcpy(&b8_end, b + len - 8, 8);
    return a8 == b8 && a8_end == b8_end;
}

static bool begins(const char *line, size_t len, const struct pair *p)
{
    return len > p->key_len && line[p->key_len] == '=' && same(line, p->key, p->key_len);
}

// The pairs of buf's first record, whose keys are the model's, in its order, some left out: the bytes before its empty
// line; 0: it is not like that, or not whole.
static size_t take_pairs(const struct record *model, char *buf, size_t len, struct record *row)
{
    size_t at = 0;

    row->count = 0;
    for (size_t i = 0; at < len && buf[at] != '\n'; i++) {
        struct pair *p = &row->pairs[row->count];
        size_t value, run;

        while (i < model->count && !begins(buf + at, len - at, &model->pairs[i]))
            i++;
        if (i == model->count)
            return 0;
        value = at + model->pairs[i].key_len + 1;
        run = record_plain_run(buf + value, len - value);
        at = value + run + 1;
        if (at > len || buf[at - 1] != '\n')
            return 0;
        *p = (struct pair){
            .key = model->pairs[i].key, .key_len = model->pairs[i].key_len, .value = buf + value, .len = run};
        row->count++;
    }
    return at < len ? at : 0;
}

// What record_decode asks of a record besides.
static bool is_record(const struct record *model, const struct record *row, size_t len)
{
    const struct pair *p = row->pairs;

    return len < RECORD_LINE_MAX && row->count >= 2 && p[0].key == model->pairs[0].key &&
           p[1].key == model->pairs[1].key && p[1].len == 1 && p[1].value[0] == '1';
}

static size_t take_row(struct record_list *l, char *buf, size_t len)
{
    size_t lines = take_pairs(l->model, buf, len, l->row);

    if (lines == 0 || !is_record(l->model, l->row, lines))
        return 0;
    for (size_t i = 0; i < l->row->count; i++)
        l->row->pairs[i].value[l->row->pairs[i].len] = '\0';
    l->row->marks = l->model->marks; // they only say what may be there
    return lines + 1;
}

// The next ones are like this one, it may be.
static int take_model(struct record_list *l, struct record *r)
{
    struct record *row = record_alloc();
    struct pair *pairs = row ? calloc(r->count, sizeof *pairs) : NULL;

    if (!pairs) {
        record_free(row);
        return -ENOMEM;
    }
    row->pairs = pairs; // freed with it
    row->room = r->count;
    record_free(l->row);
    record_free(l->model);
    l->row = row;
    l->model = r;
    return 0;
}

int record_list_next(struct record_list *l, char *buf, size_t len, size_t *ret_used,
                     const struct record **ret, struct err *err)
{
    size_t used = l->model ? take_row(l, buf, len) : 0;
    int rc;

    if (used) {
        *ret = l->row;
        *ret_used = used;
        return 0;
    }
    l->other = record_free(l->other);
    rc = record_decode(buf, len, ret_used, &l->other, err);
    if (rc != 0)
        return rc;
    *ret = l->other;
    if ((!l->model || l->other->count > l->model->count) && take_model(l, l->other) == 0)
        l->other = NULL;
    return 0;
}

void record_list_done(struct record_list *l)
{
    record_free(l->row);
    record_free(l->other);
    record_free(l->model);
    *l = (struct record_list){0};
}
