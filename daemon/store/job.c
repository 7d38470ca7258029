// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/store/db.h"
#include "daemon/store/row.h"

static const struct column columns[] = {
    COLUMN(struct job, id),
    COLUMN(struct job, case_id),
    COLUMN(struct job, guest),
    COLUMN(struct job, guid),
    COLUMN_OF_WORDS("state", struct job, state, COLUMN_WORD, job_state_words),
    COLUMN_OF_WORDS("outcome", struct job, outcome, COLUMN_WORD, outcome_words),
    COLUMN_OF_WORDS("verdict", struct job, verdict, COLUMN_WORD, verdict_words),
    COLUMN(struct job, text),
    COLUMN(struct job, next),
    COLUMN(struct job, cause),
    COLUMN(struct job, token),
    COLUMN(struct job, dc),
    COLUMN_FLAGGED(struct job, live, has_live),
    COLUMN_FLAGGED(struct job, public_key, has_public_key),
    COLUMN(struct job, inherited),
    COLUMN(struct job, reset_answered),
    COLUMN(struct job, stored),
    COLUMN(struct job, no_rotation),
    COLUMN(struct job, heard),
    COLUMN(struct job, lends),
    COLUMN(struct job, lent),
    COLUMN_NAMED("dc_instance", struct job, seen.instance),
    COLUMN_NAMED("dc_usn", struct job, seen.usn),
    COLUMN_NAMED("dc_marked", struct job, marked),
    COLUMN(struct job, same_directory),
    COLUMN(struct job, kvno_before),
    COLUMN(struct job, kvno_reset),
    COLUMN(struct job, kvno_after),
    COLUMN(struct job, pwd_last_set_reset),
    COLUMN(struct job, created_us),
    COLUMN(struct job, changed_us),
    COLUMN(struct job, deadline_us),
    COLUMN(struct job, next_us),
    COLUMN(struct job, epoch),
    COLUMN(struct job, tries),
    COLUMN(struct job, rereads),
};
static const struct table job_table = TABLE("job", struct job, columns);

int store_job_add(struct store *s, struct job *j, struct err *err)
{
    static const struct query add = {&job_table, "INSERT INTO job ({columns}) VALUES ({values})"};

    return row_add(s, &add, j, &j->id, err);
}

int store_job_put(struct store *s, const struct job *j, struct err *err)
{
    static const struct query put = {&job_table, "UPDATE job SET {set} WHERE id = ?1"};

    return row_put(s, &put, j, err);
}

int store_job_of_case(struct store *s, int64_t case_id, struct job *ret, struct err *err)
{
    static const struct query newest = {
        &job_table, "SELECT {columns} FROM job WHERE case_id = ?1 ORDER BY id DESC LIMIT 1"};

    return row_by_number(s, &newest, case_id, ret, err);
}

int store_job_each_open(struct store *s, int (*f)(const struct job *j, void *arg), void *arg, struct err *err)
{
    // Named since the order by id alone would walk over all jobs there ever were.
    static const struct query open = {
        &job_table, "SELECT {columns} FROM job INDEXED BY job_open WHERE state <> 'ended' ORDER BY id"};
    _cleanup_run_ struct run run = {0};
    struct job j;
    int rc = run_start(s, &open, &run, err);

    while (rc == 0 && (rc = run_row(&run, &j, err)) == 0) {
        rc = f(&j, arg);
        if (rc != 0)
            return rc;
    }
    return rc == STORE_NONE ? 0 : rc;
}
