// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/store/db.h"
#include "daemon/store/row.h"

static const struct column columns[] = {
    COLUMN(struct casefile, id),
    COLUMN(struct casefile, guest),
    COLUMN(struct casefile, name),
    COLUMN_OF_WORDS("kind", struct casefile, kind, COLUMN_WORD, rollback_words),
    COLUMN(struct casefile, witnessed),
    COLUMN(struct casefile, approved),
    COLUMN(struct casefile, dry_run),
    COLUMN_OF_WORDS("state", struct casefile, state, COLUMN_WORD, case_state_words),
    COLUMN_OF_WORDS("outcome", struct casefile, outcome, COLUMN_WORD, outcome_words),
    COLUMN_OF_WORDS("verdict", struct casefile, verdict, COLUMN_WORD, verdict_words),
    COLUMN(struct casefile, cause),
    COLUMN(struct casefile, text),
    COLUMN(struct casefile, would),
    COLUMN(struct casefile, next),
    COLUMN_FLAGGED(struct casefile, fingerprint, has_fingerprint),
    COLUMN(struct casefile, rolled_us),
    COLUMN(struct casefile, opened_us),
    COLUMN(struct casefile, changed_us),
    COLUMN(struct casefile, closed_us),
    COLUMN(struct casefile, wake_us),
    COLUMN(struct casefile, epoch),
    COLUMN(struct casefile, tries),
};
static const struct table case_table = TABLE("casefile", struct casefile, columns);

int store_case_add(struct store *s, struct casefile *c, struct err *err)
{
    static const struct query add = {&case_table, "INSERT INTO casefile ({columns}) VALUES ({values})"};

    return row_add(s, &add, c, &c->id, err);
}

int store_case_put(struct store *s, const struct casefile *c, struct err *err)
{
    static const struct query put = {&case_table, "UPDATE casefile SET {set} WHERE id = ?1"};

    return row_put(s, &put, c, err);
}

int store_case_get(struct store *s, int64_t id, struct casefile *ret, struct err *err)
{
    static const struct query get = {&case_table, "SELECT {columns} FROM casefile WHERE id = ?1"};

    return row_by_number(s, &get, id, ret, err);
}

// One text a combination, so that each finds its index.
static const struct query *which_cases(const char *guest, bool open_only)
{
    static const struct query all = {&case_table, "SELECT {columns} FROM casefile ORDER BY id DESC LIMIT ?1"};
    static const struct query open = {
        &case_table, "SELECT {columns} FROM casefile WHERE state <> 'closed' ORDER BY id DESC LIMIT ?1"};
    static const struct query of_guest = {
        &case_table, "SELECT {columns} FROM casefile WHERE guest = ?2 ORDER BY id DESC LIMIT ?1"};
    static const struct query open_of_guest = {
        &case_table,
        "SELECT {columns} FROM casefile WHERE guest = ?2 AND state <> 'closed' ORDER BY id DESC LIMIT ?1"};

    if (guest)
        return open_only ? &open_of_guest : &of_guest;
    return open_only ? &open : &all;
}

int store_case_each(struct store *s, const char *guest, bool open_only, size_t max,
                    int (*f)(const struct casefile *c, void *arg), void *arg, struct err *err)
{
    _cleanup_run_ struct run run = {0};
    struct casefile c;
    int rc = run_start(s, which_cases(guest, open_only), &run, err);

    if (rc < 0)
        return rc;
    run_i64(&run, 1, max ? (int64_t)max : -1); // -1: SQLite's word for no cap
    if (guest)
        run_text(&run, 2, guest);
    while ((rc = run_row(&run, &c, err)) == 0) {
        rc = f(&c, arg);
        if (rc != 0)
            return rc;
    }
    return rc == STORE_NONE ? 0 : rc;
}

int store_case_looking(struct store *s, bool witnessed, int (*f)(const struct casefile *c, void *arg),
                       void *arg, struct err *err)
{
    // Twice the state: the first names the index, which holds the open ones only.
    static const struct query looking = {&case_table,
                                         "SELECT {columns} FROM casefile WHERE state <> 'closed'"
                                         " AND state = 'looking' AND witnessed = ?1 ORDER BY id"};
    _cleanup_run_ struct run run = {0};
    struct casefile c;
    int rc = run_start(s, &looking, &run, err);

    if (rc < 0)
        return rc;
    run_i64(&run, 1, witnessed);
    while ((rc = run_row(&run, &c, err)) == 0) {
        rc = f(&c, arg);
        if (rc != 0)
            return rc;
    }
    return rc == STORE_NONE ? 0 : rc;
}

int store_case_same_fingerprint(struct store *s, const char *guest, const unsigned char fingerprint[HASH],
                                int64_t since_us, unsigned *ret, struct err *err)
{
    static const struct query same = {NULL, "SELECT count(*) FROM casefile WHERE guest = ?1 AND fingerprint "
                                            "= ?2 AND witnessed = 1 AND opened_us >= ?3"};
    _cleanup_run_ struct run run = {0};
    int rc = run_start(s, &same, &run, err);

    if (rc < 0)
        return rc;
    run_text(&run, 1, guest);
    run_bytes(&run, 2, fingerprint, HASH);
    run_i64(&run, 3, since_us);
    rc = run_step(&run, err);
    if (rc == 0)
        *ret = (unsigned)sqlite3_column_int64(run.stmt, 0);
    return rc;
}

static int prune(struct store *s, const struct query *q, int64_t closed_before_us, struct err *err)
{
    _cleanup_run_ struct run run = {0};
    int rc = run_start(s, q, &run, err);

    if (rc < 0)
        return rc;
    run_i64(&run, 1, closed_before_us);
    rc = run_change(&run, err);
    return rc == STORE_NONE ? 0 : rc;
}

int store_case_prune(struct store *s, int64_t closed_before_us, struct err *err)
{
    // Steps, evidence and jobs go by their foreign keys; a guest does not keep the number of a file that is gone.
    static const struct query forget = {
        NULL, "UPDATE guest SET last_case = 0 WHERE uuid IN"
              " (SELECT guest FROM casefile WHERE state = 'closed' AND closed_us > 0 AND closed_us < ?1)"
              " AND last_case IN"
              " (SELECT id FROM casefile WHERE state = 'closed' AND closed_us > 0 AND closed_us < ?1)"};
    static const struct query drop = {
        NULL, "DELETE FROM casefile WHERE state = 'closed' AND closed_us > 0 AND closed_us < ?1"};
    bool own = s->transaction == TRANSACTION_NONE;
    int rc = own ? store_begin(s, err) : 0;

    if (rc == 0)
        rc = prune(s, &forget, closed_before_us, err);
    if (rc == 0)
        rc = prune(s, &drop, closed_before_us, err);
    if (!own)
        return rc;
    if (rc == 0)
        return store_commit(s, err);
    store_rollback(s);
    return rc;
}

// The index casefile_quiet has these words; a guest's last case is kept, for `show` tells it.
#define QUIET                                                      \
    "state = 'closed' AND outcome = 'no-action' AND witnessed = 0" \
    " AND verdict IN ('in-step', 'not-a-member', 'domain-controller') AND closed_us > 0"

int store_case_prune_quiet(struct store *s, int64_t closed_before_us, unsigned max, unsigned *ret_count,
                           struct err *err)
{
    static const struct query drop = {
        NULL, "DELETE FROM casefile WHERE id IN (SELECT c.id FROM casefile c WHERE " QUIET
              " AND closed_us < ?1 AND NOT EXISTS"
              " (SELECT 1 FROM guest g WHERE g.uuid = c.guest AND c.id IN (g.last_case, g.open_case))"
              " ORDER BY closed_us LIMIT ?2)"};
    _cleanup_run_ struct run run = {0};
    int rc = run_start(s, &drop, &run, err);

    if (rc < 0)
        return rc;
    run_i64(&run, 1, closed_before_us);
    run_i64(&run, 2, max);
    rc = run_change(&run, err);
    if (rc < 0)
        return rc;
    *ret_count = rc == 0 ? (unsigned)sqlite3_changes(s->db) : 0;
    return 0;
}
