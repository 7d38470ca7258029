// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/store/attempt.h"

#include "daemon/store/db.h"
#include "daemon/store/row.h"

#include <string.h>

static const char *result_as_text(int value)
{
    return attempt_result_text((enum attempt_result)value);
}

static const char *state_as_text(int value)
{
    return breaker_state_text((enum breaker_state)value);
}

static const struct words result_words = {result_as_text, attempt_result_parse, ATTEMPT_RESULTS_COUNT};
static const struct words state_words = {state_as_text, breaker_state_parse, BREAKER_STATES_COUNT};

static const struct column attempt_columns[] = {
    COLUMN(struct attempt, case_id),
    COLUMN(struct attempt, guest),
    COLUMN(struct attempt, name),
    COLUMN(struct attempt, domain),
    COLUMN(struct attempt, policy),
    COLUMN(struct attempt, dc),
    COLUMN(struct attempt, begun_us),
    COLUMN(struct attempt, ended_us),
    COLUMN_OF_WORDS("result", struct attempt, result, COLUMN_WORD, result_words),
    COLUMN(struct attempt, at_us),
    COLUMN(struct attempt, text),
};
static const struct table attempt_table = TABLE("attempt", struct attempt, attempt_columns);

static const struct column breaker_columns[] = {
    COLUMN(struct breaker, name),
    COLUMN_OF_WORDS("state", struct breaker, state, COLUMN_WORD, state_words),
    COLUMN(struct breaker, since_us),
    COLUMN(struct breaker, reopen_us),
    COLUMN(struct breaker, pause_us),
    COLUMN(struct breaker, cleared_us),
    COLUMN(struct breaker, trips),
    COLUMN(struct breaker, probe),
    COLUMN(struct breaker, text),
};
static const struct table breaker_table = TABLE("breaker", struct breaker, breaker_columns);

int store_attempt_get(struct store *s, int64_t case_id, struct attempt *ret, struct err *err)
{
    static const struct query get = {&attempt_table, "SELECT {columns} FROM attempt WHERE case_id = ?1"};

    return row_by_number(s, &get, case_id, ret, err);
}

int store_attempt_put(struct store *s, const struct attempt *a, struct err *err)
{
    static const struct query put = {
        &attempt_table,
        "INSERT INTO attempt ({columns}) VALUES ({values}) ON CONFLICT (case_id) DO UPDATE SET {excluded}"};

    return row_put(s, &put, a, err);
}

// The scope is one of ours, compared in SQL so that one statement serves both.
#define OF_SCOPE "(?2 = '' OR (?2 = 'domain' AND domain = ?3) OR (?2 = 'policy' AND policy = ?3))"

static int start(struct store *s, const struct query *q, const char *scope, const char *name,
                 int64_t since_us, struct run *run, struct err *err)
{
    int rc = run_start(s, q, run, err);

    if (rc < 0)
        return rc;
    run_i64(run, 1, since_us);
    run_text(run, 2, scope);
    run_text(run, 3, name);
    return run_step(run, err);
}

int store_attempt_counts(struct store *s, const char *scope, const char *name, int64_t since_us,
                         struct breaker_counts *ret, struct err *err)
{
    static const struct query count = {NULL,
                                       "SELECT count(*), count(DISTINCT guest) FROM attempt WHERE at_us >= ?1"
                                       " AND result IN ('failed', 'strange') AND " OF_SCOPE};
    _cleanup_run_ struct run run = {0};
    int rc = start(s, &count, scope, name, since_us, &run, err);

    if (rc != 0)
        return rc;
    ret->failures = (unsigned)sqlite3_column_int64(run.stmt, 0);
    ret->guests = (unsigned)sqlite3_column_int64(run.stmt, 1);
    return 0;
}

int store_attempt_begun(struct store *s, const char *scope, const char *name, int64_t since_us,
                        unsigned *ret_count, int64_t *ret_first_us, struct err *err)
{
    static const struct query begun = {
        NULL, "SELECT count(*), coalesce(min(begun_us), 0) FROM attempt WHERE begun_us >= ?1 AND begun_us > 0"
              " AND " OF_SCOPE};
    _cleanup_run_ struct run run = {0};
    int rc = start(s, &begun, scope, name, since_us, &run, err);

    if (rc != 0)
        return rc;
    *ret_count = (unsigned)sqlite3_column_int64(run.stmt, 0);
    *ret_first_us = sqlite3_column_int64(run.stmt, 1);
    return 0;
}

int store_attempt_prune(struct store *s, int64_t before_us, struct err *err)
{
    static const struct query prune = {NULL, "DELETE FROM attempt WHERE at_us < ?1 AND ended_us > 0"};
    _cleanup_run_ struct run run = {0};
    int rc = run_start(s, &prune, &run, err);

    if (rc < 0)
        return rc;
    run_i64(&run, 1, before_us);
    rc = run_change(&run, err);
    return rc == STORE_NONE ? 0 : rc;
}

int store_breaker_get(struct store *s, const char *name, struct breaker *ret, struct err *err)
{
    static const struct query get = {&breaker_table, "SELECT {columns} FROM breaker WHERE name = ?1"};

    return row_by_text(s, &get, name, ret, err);
}

int store_breaker_put(struct store *s, const struct breaker *b, struct err *err)
{
    static const struct query put = {
        &breaker_table,
        "INSERT INTO breaker ({columns}) VALUES ({values}) ON CONFLICT (name) DO UPDATE SET {excluded}"};

    return row_put(s, &put, b, err);
}

int store_breaker_each(struct store *s, int (*f)(const struct breaker *b, void *arg), void *arg,
                       struct err *err)
{
    static const struct query all = {&breaker_table, "SELECT {columns} FROM breaker ORDER BY name"};
    _cleanup_run_ struct run run = {0};
    struct breaker b;
    int rc = run_start(s, &all, &run, err);

    while (rc == 0 && (rc = run_row(&run, &b, err)) == 0) {
        rc = f(&b, arg);
        if (rc != 0)
            return rc;
    }
    return rc == STORE_NONE ? 0 : rc;
}
