// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// The sealed secrets, by account. A blob that was wiped or replaced still lies in older frames of the WAL: that is
// emptied after the commit (db_forget_secrets), and again at the next opening should the process end in between.
#include "daemon/store/db.h"

#include <errno.h>
#include <string.h>

static const char *const state_texts[] = {
    [JOURNAL_NONE] = "none",
    [JOURNAL_MINTED] = "minted",
    [JOURNAL_CONFIRMED] = "confirmed",
};

static int state_parse(const char *text)
{
    for (size_t i = JOURNAL_MINTED; text && i < ARRAY_SIZE(state_texts); i++)
        if (strcmp(text, state_texts[i]) == 0)
            return (int)i;
    return -EUCLEAN;
}

// "None" is the absence of a row.
static int state_check(struct store *s, enum journal_state state, struct err *err)
{
    if (state == JOURNAL_MINTED || state == JOURNAL_CONFIRMED)
        return 0;
    db_change_failed(s);
    return err_set(err, -EINVAL, "%s: cannot store state %d of a sealed secret: wipe it instead", s->path,
                   (int)state);
}

int store_journal_get(struct store *s, const char *guid, enum journal_state *ret_state,
                      char ret_dc[NAME_TEXT], void *ret_blob, size_t room, size_t *ret_len, struct err *err)
{
    static const struct query get = {NULL, "SELECT state, blob, dc FROM journal WHERE guid = ?1"};
    _cleanup_run_ struct run run = {0};
    int state, rc = run_start(s, &get, &run, err);
    size_t len;

    if (rc < 0)
        return rc;
    run_text(&run, 1, guid);
    rc = run_step(&run, err);
    if (rc != 0)
        return rc;
    state = state_parse((const char *)sqlite3_column_text(run.stmt, 0));
    if (state < 0)
        return err_set(err, -EUCLEAN,
                       "%s: the sealed secret of account %s has a state that this version does not "
                       "know; the database is damaged or was edited: restore a copy of it",
                       s->path, guid);
    len = (size_t)sqlite3_column_bytes(run.stmt, 1);
    if (len > room)
        return err_set(err, -EUCLEAN,
                       "%s: the sealed secret of account %s has %zu bytes, more than any has; the "
                       "database is damaged or was edited: restore a copy of it",
                       s->path, guid, len);
    if (len)
        memcpy(ret_blob, sqlite3_column_blob(run.stmt, 1), len);
    snprintf(ret_dc, NAME_TEXT, "%s", (const char *)sqlite3_column_text(run.stmt, 2));
    *ret_state = (enum journal_state)state;
    *ret_len = len;
    return 0;
}

static int put(struct store *s, const char *guid, enum journal_state state, const char *dc, const void *blob,
               size_t len, int64_t at_us, struct err *err)
{
    static const struct query put_query = {
        NULL, "INSERT INTO journal (guid, state, blob, at_us, dc) VALUES (?1, ?2, ?3, ?4, ?5)"
              " ON CONFLICT (guid) DO UPDATE SET state = excluded.state, blob = excluded.blob,"
              " at_us = excluded.at_us, dc = excluded.dc"};
    _cleanup_run_ struct run run = {0};
    int rc = run_start(s, &put_query, &run, err);

    if (rc < 0)
        return rc;
    run_text(&run, 1, guid);
    run_text(&run, 2, state_texts[state]);
    run_bytes(&run, 3, blob, len);
    run_i64(&run, 4, at_us);
    run_text(&run, 5, dc);
    return run_change(&run, err);
}

int store_journal_put(struct store *s, const char *guid, enum journal_state state, const char *dc,
                      const void *blob, size_t len, int64_t at_us, struct err *err)
{
    int rc = state_check(s, state, err);

    if (rc == 0)
        rc = put(s, guid, state, dc, blob, len, at_us, err);
    if (rc < 0)
        return rc;
    s->secret_left = true;
    db_forget_secrets(s);
    return 0;
}

int store_journal_state(struct store *s, const char *guid, enum journal_state state, const char *dc,
                        struct err *err)
{
    static const struct query set = {NULL, "UPDATE journal SET state = ?2, dc = ?3 WHERE guid = ?1"};
    _cleanup_run_ struct run run = {0};
    int rc = state_check(s, state, err);

    if (rc == 0)
        rc = run_start(s, &set, &run, err);
    if (rc < 0)
        return rc;
    run_text(&run, 1, guid);
    run_text(&run, 2, state_texts[state]);
    run_text(&run, 3, dc);
    return run_change(&run, err);
}

static int wipe(struct store *s, const char *guid, struct err *err)
{
    static const struct query drop = {NULL, "DELETE FROM journal WHERE guid = ?1"};
    _cleanup_run_ struct run run = {0};
    int rc = run_start(s, &drop, &run, err);

    if (rc < 0)
        return rc;
    run_text(&run, 1, guid);
    return run_change(&run, err);
}

int store_journal_wipe(struct store *s, const char *guid, struct err *err)
{
    int rc = wipe(s, guid, err);

    if (rc < 0)
        return rc;
    if (rc == STORE_NONE)
        return 0;
    s->secret_left = true;
    db_forget_secrets(s);
    return 0;
}
