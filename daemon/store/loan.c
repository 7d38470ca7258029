// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// Credentials lent for one repair, sealed, by case. As with the journal of sealed secrets, a blob that was wiped still
// lies in older frames of the WAL, which is emptied after the commit.
#include "daemon/store/db.h"

#include <errno.h>
#include <string.h>

int store_loan_get(struct store *s, int64_t case_id, void *ret_blob, size_t room, size_t *ret_len,
                   struct err *err)
{
    static const struct query get = {NULL, "SELECT blob FROM loan WHERE case_id = ?1"};
    _cleanup_run_ struct run run = {0};
    int rc = run_start(s, &get, &run, err);
    size_t len;

    if (rc < 0)
        return rc;
    run_i64(&run, 1, case_id);
    rc = run_step(&run, err);
    if (rc != 0)
        return rc;
    len = (size_t)sqlite3_column_bytes(run.stmt, 0);
    if (len == 0 || len > room)
        return err_set(
            err, -EUCLEAN,
            "%s: the credential lent for a case has %zu bytes, which none has; the database is damaged "
            "or was edited: restore a copy of it",
            s->path, len);
    memcpy(ret_blob, sqlite3_column_blob(run.stmt, 0), len);
    *ret_len = len;
    return 0;
}

static int change(struct store *s, const struct query *query, int64_t case_id, const void *blob, size_t len,
                  struct err *err)
{
    _cleanup_run_ struct run run = {0};
    int rc = run_start(s, query, &run, err);

    if (rc < 0)
        return rc;
    run_i64(&run, 1, case_id);
    if (blob)
        run_bytes(&run, 2, blob, len);
    return run_change(&run, err);
}

int store_loan_put(struct store *s, int64_t case_id, const void *blob, size_t len, struct err *err)
{
    static const struct query put = {NULL, "INSERT INTO loan (case_id, blob) VALUES (?1, ?2)"
                                           " ON CONFLICT (case_id) DO UPDATE SET blob = excluded.blob"};
    int rc = change(s, &put, case_id, blob, len, err);

    if (rc < 0)
        return rc;
    s->secret_left = true;
    db_forget_secrets(s);
    return 0;
}

int store_loan_wipe(struct store *s, int64_t case_id, struct err *err)
{
    static const struct query drop = {NULL, "DELETE FROM loan WHERE case_id = ?1"};
    int rc = change(s, &drop, case_id, NULL, 0, err);

    if (rc < 0)
        return rc;
    if (rc == STORE_NONE)
        return 0;
    s->secret_left = true;
    db_forget_secrets(s);
    return 0;
}
