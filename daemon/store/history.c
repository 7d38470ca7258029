// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// What a case gathered and went through: its evidence and its steps.
#include "daemon/store/db.h"

int store_evidence_put(struct store *s, int64_t case_id, const char *source, const struct record *r,
                       struct err *err)
{
    static const struct query put = {NULL,
                                     "INSERT INTO evidence (case_id, source, record) VALUES (?1, ?2, ?3)"
                                     " ON CONFLICT (case_id, source) DO UPDATE SET record = excluded.record"};
    _cleanup_run_ struct run run = {0};
    int rc = run_start(s, &put, &run, err);

    if (rc < 0)
        return rc;
    run_i64(&run, 1, case_id);
    run_text(&run, 2, source);
    rc = run_bind_record(&run, 3, r, err);
    return rc == 0 ? run_change(&run, err) : rc;
}

int store_evidence_get(struct store *s, int64_t case_id, const char *source, struct record **ret,
                       struct err *err)
{
    static const struct query get = {NULL, "SELECT record FROM evidence WHERE case_id = ?1 AND source = ?2"};
    _cleanup_run_ struct run run = {0};
    int rc = run_start(s, &get, &run, err);

    if (rc < 0)
        return rc;
    run_i64(&run, 1, case_id);
    run_text(&run, 2, source);
    rc = run_step(&run, err);
    return rc == 0 ? run_record(&run, 0, ret, err) : rc;
}

int store_step_add(struct store *s, int64_t case_id, int64_t at_us, const char *state, const char *text,
                   const struct record *details, struct err *err)
{
    static const struct query add = {
        NULL, "INSERT INTO step (case_id, at_us, state, text, details) VALUES (?1, ?2, ?3, ?4, ?5)"};
    _cleanup_run_ struct run run = {0};
    int rc = run_start(s, &add, &run, err);

    if (rc < 0)
        return rc;
    run_i64(&run, 1, case_id);
    run_i64(&run, 2, at_us);
    run_text(&run, 3, state);
    run_text(&run, 4, text);
    rc = run_bind_record(&run, 5, details, err);
    return rc == 0 ? run_change(&run, err) : rc;
}

int store_step_each(struct store *s, int64_t case_id,
                    int (*f)(int64_t at_us, const char *state, const char *text, const struct record *details,
                             void *arg),
                    void *arg, struct err *err)
{
    static const struct query all = {
        NULL, "SELECT at_us, state, text, details FROM step WHERE case_id = ?1 ORDER BY id"};
    _cleanup_run_ struct run run = {0};
    int rc = run_start(s, &all, &run, err);

    if (rc < 0)
        return rc;
    run_i64(&run, 1, case_id);
    while ((rc = run_step(&run, err)) == 0) {
        _cleanup_record_ struct record *details = NULL;

        rc = run_record(&run, 3, &details, err);
        if (rc < 0)
            return rc;
        rc = f(sqlite3_column_int64(run.stmt, 0), (const char *)sqlite3_column_text(run.stmt, 1),
               (const char *)sqlite3_column_text(run.stmt, 2), details, arg);
        if (rc != 0)
            return rc;
    }
    return rc == STORE_NONE ? 0 : rc;
}
