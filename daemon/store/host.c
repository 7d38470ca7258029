// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/store/db.h"

#include <errno.h>
#include <string.h>

int store_keycheck_get(struct store *s, unsigned char ret[static HASH], struct err *err)
{
    static const struct query get = {NULL, "SELECT value FROM host WHERE name = 'key-check'"};
    _cleanup_run_ struct run run = {0};
    int rc = run_start(s, &get, &run, err);

    if (rc == 0)
        rc = run_step(&run, err);
    if (rc != 0)
        return rc;
    if (sqlite3_column_bytes(run.stmt, 0) != HASH)
        return err_set(err, -EUCLEAN,
                       "%s: the value by which the host's key is known is not of its size; the database is "
                       "damaged or was edited: restore a copy of it",
                       s->path);
    memcpy(ret, sqlite3_column_blob(run.stmt, 0), HASH);
    return 0;
}

int store_keycheck_put(struct store *s, const unsigned char value[static HASH], struct err *err)
{
    static const struct query put = {NULL, "INSERT INTO host (name, value) VALUES ('key-check', ?1)"
                                           " ON CONFLICT (name) DO UPDATE SET value = excluded.value"};
    _cleanup_run_ struct run run = {0};
    int rc = run_start(s, &put, &run, err);

    if (rc < 0)
        return rc;
    run_bytes(&run, 1, value, HASH);
    return run_change(&run, err);
}

int store_needs_key(struct store *s, struct err *err)
{
    int64_t some;
    int rc = db_number(s,
                       "SELECT EXISTS (SELECT 1 FROM pair) OR EXISTS (SELECT 1 FROM journal)"
                       " OR EXISTS (SELECT 1 FROM loan)",
                       &some, err);

    if (rc < 0)
        return rc;
    return some ? 0 : STORE_NONE;
}

int store_forget_key(struct store *s, struct err *err)
{
    int rc = store_begin(s, err);

    if (rc < 0)
        return rc;
    rc = db_exec(s,
                 "DELETE FROM host WHERE name = 'key-check'; DELETE FROM pair; DELETE FROM journal;"
                 " DELETE FROM loan;",
                 "forget what hung on the host's key", err);
    if (rc < 0) {
        store_rollback(s);
        return rc;
    }
    s->secret_left = true;
    return store_commit(s, err);
}
