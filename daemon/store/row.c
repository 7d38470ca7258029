// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/store/row.h"

#include "daemon/store/db.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

// The words' functions take their enum; a table of them takes int.
#define WORDS(list, noun, enumeration, number)   \
    static const char *noun##_as_text(int value) \
    {                                            \
        return noun##_text((enumeration)value);  \
    }                                            \
    const struct words list = {noun##_as_text, noun##_parse, number}

WORDS(signal_words, signal_kind, enum signal_kind, SIGNAL_KINDS_COUNT);
WORDS(rollback_words, rollback_kind, enum rollback_kind, ROLLBACK_KINDS_COUNT);
WORDS(verdict_words, verdict, enum verdict, VERDICTS_COUNT);
WORDS(outcome_words, outcome, enum outcome, OUTCOMES_COUNT);
WORDS(case_state_words, case_state, enum case_state, CASE_STATES_COUNT);
WORDS(job_state_words, job_state, enum job_state, JOB_STATES_COUNT);
WORDS(role_words, role, enum role, ROLES_COUNT);

static_assert(SIGNAL_KINDS_COUNT <= 64, "struct burst has a bit a signal kind");
static_assert(sizeof(enum verdict) == sizeof(int), "enums are read and written as int");

static int bind_word(struct run *r, int at, const struct column *c, int value, struct err *err)
{
    if (value < 0 || value >= c->words->count)
        return err_set(err, -EINVAL, "cannot store %s %d: there is no such word", c->name, value);
    run_text(r, at, c->words->text(value));
    return 0;
}

// "resumed scan": told by their words, so that a kind added in the middle of the list moves nothing.
static int bind_words(struct run *r, int at, const struct column *c, uint64_t bits, struct err *err)
{
    char text[2048] = "";
    size_t len = 0;

    if (c->words->count < 64 && bits >> c->words->count)
        return err_set(err, -EINVAL, "cannot store %s %llx: there is no such word", c->name,
                       (unsigned long long)bits);
    for (int i = 0; i < c->words->count; i++) {
        const char *word = c->words->text(i);
        size_t size = strlen(word);

        if (!(bits & (uint64_t)1 << i))
            continue;
        assert(len + size + 2 <= sizeof text);
        if (len)
            text[len++] = ' ';
        memcpy(text + len, word, size + 1);
        len += size;
    }
    if (sqlite3_bind_text(r->stmt, at, text, (int)len, SQLITE_TRANSIENT) != SQLITE_OK && !r->rc)
        r->rc = SQLITE_NOMEM;
    return 0;
}

static int bind_column(struct run *r, int at, const struct column *c, const unsigned char *row,
                       struct err *err)
{
    const unsigned char *field = row + c->offset;
    int64_t i64;
    uint64_t bits;
    uint32_t u32;
    bool flag = true;
    int word;

    switch (c->kind) {
    case COLUMN_TEXT:
        run_text(r, at, (const char *)field);
        return 0;
    case COLUMN_I64:
    case COLUMN_U64:
        memcpy(&i64, field, sizeof i64);
        run_i64(r, at, i64);
        return 0;
    case COLUMN_U32:
        memcpy(&u32, field, sizeof u32);
        run_i64(r, at, u32);
        return 0;
    case COLUMN_BOOL:
        memcpy(&flag, field, sizeof flag);
        run_i64(r, at, flag);
        return 0;
    case COLUMN_BYTES:
        if (c->optional)
            memcpy(&flag, row + c->flag, sizeof flag);
        if (flag)
            run_bytes(r, at, field, c->size);
        else
            run_null(r, at);
        return 0;
    case COLUMN_WORD:
        memcpy(&word, field, sizeof word);
        return bind_word(r, at, c, word, err);
    case COLUMN_WORDS:
        memcpy(&bits, field, sizeof bits);
        return bind_words(r, at, c, bits, err);
    }
    return 0;
}

int run_bind(struct run *r, const void *row, struct err *err)
{
    const struct table *t = r->query->table;

    for (size_t i = 0; i < t->count; i++) {
        int rc = bind_column(r, (int)i + 1, &t->columns[i], row, err);

        if (rc < 0) {
            db_change_failed(r->store);
            return err_prefix(err, rc, "%s", r->store->path);
        }
    }
    return 0;
}

static int damaged(struct run *r, const struct column *c, const char *what, struct err *err)
{
    return err_set(
        err, -EUCLEAN,
        "%s: %s of a row of table %s is %s; the database is damaged or was edited: restore a copy of it",
        r->store->path, c->name, r->query->table->name, what);
}

static int unknown_word(struct run *r, const struct column *c, const char *word, struct err *err)
{
    char text[128];

    snprintf(text, sizeof text, "'%.64s', a word that this version does not know", word);
    return damaged(r, c, text, err);
}

static int read_words(struct run *r, const struct column *c, const char *text, uint64_t *ret, struct err *err)
{
    uint64_t bits = 0;

    while (*text) {
        char word[SHORT_TEXT];
        size_t len = strcspn(text, " ");
        int value;

        snprintf(word, sizeof word, "%.*s", (int)len, text);
        value = c->words->parse(word);
        if (value < 0)
            return unknown_word(r, c, word, err);
        bits |= (uint64_t)1 << value;
        text += len + (text[len] == ' ');
    }
    *ret = bits;
    return 0;
}

static int read_bytes(struct run *r, int at, const struct column *c, unsigned char *row, struct err *err)
{
    bool flag = sqlite3_column_type(r->stmt, at) != SQLITE_NULL;

    if (c->optional)
        memcpy(row + c->flag, &flag, sizeof flag);
    if (!flag)
        return c->optional ? 0 : damaged(r, c, "missing", err);
    if ((size_t)sqlite3_column_bytes(r->stmt, at) != c->size)
        return damaged(r, c, "of the wrong length", err);
    memcpy(row + c->offset, sqlite3_column_blob(r->stmt, at), c->size);
    return 0;
}

// NULL only where memory ran out or a NOT NULL column lies.
static int read_text(struct run *r, int at, const struct column *c, const char **ret, struct err *err)
{
    const char *text = (const char *)sqlite3_column_text(r->stmt, at);

    if (!text)
        return damaged(r, c, "missing", err);
    *ret = text;
    return 0;
}

static int read_column(struct run *r, int at, const struct column *c, unsigned char *row, struct err *err)
{
    unsigned char *field = row + c->offset;
    int64_t i64 = sqlite3_column_type(r->stmt, at) == SQLITE_INTEGER ? sqlite3_column_int64(r->stmt, at) : 0;
    const char *text = NULL;
    uint64_t bits = 0;
    uint32_t u32;
    bool flag;
    int rc, word;

    switch (c->kind) {
    case COLUMN_TEXT:
        rc = read_text(r, at, c, &text, err);
        if (rc == 0)
            snprintf((char *)field, c->size, "%s", text);
        return rc;
    case COLUMN_I64:
    case COLUMN_U64:
        memcpy(field, &i64, sizeof i64);
        return 0;
    case COLUMN_U32:
        if (i64 < 0 || i64 > UINT32_MAX)
            return damaged(r, c, "out of range", err);
        u32 = (uint32_t)i64;
        memcpy(field, &u32, sizeof u32);
        return 0;
    case COLUMN_BOOL:
        flag = i64 != 0;
        memcpy(field, &flag, sizeof flag);
        return 0;
    case COLUMN_BYTES:
        return read_bytes(r, at, c, row, err);
    case COLUMN_WORD:
        rc = read_text(r, at, c, &text, err);
        if (rc < 0)
            return rc;
        word = c->words->parse(text);
        if (word < 0)
            return unknown_word(r, c, text, err);
        memcpy(field, &word, sizeof word);
        return 0;
    case COLUMN_WORDS:
        rc = read_text(r, at, c, &text, err);
        if (rc == 0)
            rc = read_words(r, c, text, &bits, err);
        if (rc == 0)
            memcpy(field, &bits, sizeof bits);
        return rc;
    }
    return 0;
}

int run_row(struct run *r, void *ret, struct err *err)
{
    const struct table *t = r->query->table;
    unsigned char row[ROW_MAX] = {0};
    int rc = run_step(r, err);

    if (rc != 0)
        return rc;
    assert(t->size <= sizeof row);
    for (size_t i = 0; i < t->count; i++) {
        rc = read_column(r, (int)i, &t->columns[i], row, err);
        if (rc < 0)
            return rc;
    }
    memcpy(ret, row, t->size);
    return 0;
}

int row_put(struct store *s, const struct query *q, const void *row, struct err *err)
{
    _cleanup_run_ struct run run = {0};
    int rc = run_start(s, q, &run, err);

    if (rc == 0)
        rc = run_bind(&run, row, err);
    return rc == 0 ? run_change(&run, err) : rc;
}

int row_add(struct store *s, const struct query *q, const void *row, int64_t *ret_id, struct err *err)
{
    _cleanup_run_ struct run run = {0};
    int rc = run_start(s, q, &run, err);

    if (rc == 0)
        rc = run_bind(&run, row, err);
    if (rc < 0)
        return rc;
    run_null(&run, 1);
    rc = run_change(&run, err);
    if (rc == 0)
        *ret_id = sqlite3_last_insert_rowid(s->db);
    return rc;
}

int row_by_text(struct store *s, const struct query *q, const char *key, void *ret, struct err *err)
{
    _cleanup_run_ struct run run = {0};
    int rc = run_start(s, q, &run, err);

    if (rc < 0)
        return rc;
    run_text(&run, 1, key);
    return run_row(&run, ret, err);
}

int row_by_number(struct store *s, const struct query *q, int64_t key, void *ret, struct err *err)
{
    _cleanup_run_ struct run run = {0};
    int rc = run_start(s, q, &run, err);

    if (rc < 0)
        return rc;
    run_i64(&run, 1, key);
    return run_row(&run, ret, err);
}
