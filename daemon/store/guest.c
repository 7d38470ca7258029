// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/store/db.h"
#include "daemon/store/row.h"

static const struct column columns[] = {
    COLUMN(struct guest, uuid),
    COLUMN(struct guest, name),
    COLUMN(struct guest, present),
    COLUMN(struct guest, running),
    COLUMN(struct guest, agent_connected),
    COLUMN(struct guest, away),
    COLUMN(struct guest, seen_us),
    COLUMN(struct guest, ran_us),
    COLUMN_OF_WORDS("burst_seen", struct guest, burst.seen, COLUMN_WORDS, signal_words),
    COLUMN_NAMED("burst_first_us", struct guest, burst.first_us),
    COLUMN_NAMED("burst_last_us", struct guest, burst.last_us),
    COLUMN_NAMED("burst_was_running", struct guest, burst.was_running),
    COLUMN_NAMED("burst_was_managedsaved", struct guest, burst.was_managedsaved),
    COLUMN_NAMED("burst_persistent", struct guest, burst.persistent),
    COLUMN_NAMED("burst_disk_replaced", struct guest, burst.disk_replaced),
    COLUMN_NAMED("burst_disk_changed", struct guest, burst.disk_changed),
    COLUMN_NAMED("burst_snapshot_back", struct guest, burst.snapshot_back),
    COLUMN_NAMED("burst_xml_rewritten", struct guest, burst.xml_rewritten),
    COLUMN_NAMED("burst_first_sight", struct guest, burst.first_sight),
    COLUMN(struct guest, open_case),
    COLUMN(struct guest, last_case),
    COLUMN_OF_WORDS("verdict", struct guest, verdict, COLUMN_WORD, verdict_words),
    COLUMN(struct guest, cause),
    COLUMN(struct guest, looked_us),
};
static const struct table guest_table = TABLE("guest", struct guest, columns);

int store_guest_get(struct store *s, const char *uuid, struct guest *ret, struct err *err)
{
    static const struct query by_uuid = {&guest_table, "SELECT {columns} FROM guest WHERE uuid = ?1"};

    return row_by_text(s, &by_uuid, uuid, ret, err);
}

int store_guest_find(struct store *s, const char *name_or_uuid, struct guest *ret, struct err *err)
{
    // A guest may be named like another's UUID: the UUID is the stronger word.
    static const struct query find = {&guest_table,
                                      "SELECT {columns} FROM guest WHERE uuid = lower(?1) OR name = ?1"
                                      " ORDER BY uuid = lower(?1) DESC, present DESC, seen_us DESC LIMIT 1"};

    return row_by_text(s, &find, name_or_uuid, ret, err);
}

int store_guest_put(struct store *s, const struct guest *g, struct err *err)
{
    static const struct query put = {
        &guest_table,
        "INSERT INTO guest ({columns}) VALUES ({values}) ON CONFLICT (uuid) DO UPDATE SET {excluded}"};

    return row_put(s, &put, g, err);
}

int store_guest_each(struct store *s, int (*f)(const struct guest *g, void *arg), void *arg, struct err *err)
{
    static const struct query all = {&guest_table, "SELECT {columns} FROM guest ORDER BY name, uuid"};
    _cleanup_run_ struct run run = {0};
    struct guest g;
    int rc = run_start(s, &all, &run, err);

    while (rc == 0 && (rc = run_row(&run, &g, err)) == 0) {
        rc = f(&g, arg);
        if (rc != 0)
            return rc;
    }
    return rc == STORE_NONE ? 0 : rc;
}

int store_guest_absent(struct store *s, int64_t before_us, int (*f)(const struct guest *g, void *arg),
                       void *arg, struct err *err)
{
    // All rows are changed before the first is answered, so f may change them again.
    static const struct query absent = {&guest_table,
                                        "UPDATE guest SET present = 0, running = 0, agent_connected = 0 "
                                        "WHERE present = 1 AND seen_us < ?1 RETURNING {columns}"};
    _cleanup_run_ struct run run = {0};
    struct guest g;
    int rc = run_start(s, &absent, &run, err);

    if (rc < 0)
        return rc;
    run_i64(&run, 1, before_us);
    while ((rc = run_row(&run, &g, err)) == 0) {
        rc = f(&g, arg);
        if (rc != 0)
            return rc;
    }
    return rc == STORE_NONE ? 0 : rc;
}

// A burst that is not settled yet may open a case still.
#define GONE_GUESTS                                                               \
    "SELECT uuid FROM guest WHERE present = 0 AND seen_us < ?1 AND open_case = 0" \
    " AND burst_last_us = 0 AND uuid NOT IN (SELECT guest FROM binding)"          \
    " AND NOT EXISTS (SELECT 1 FROM casefile WHERE casefile.guest = guest.uuid)"  \
    " ORDER BY seen_us, uuid LIMIT ?2"

// *ret_count (may be NULL) is added to.
static int drop(struct store *s, const struct query *q, int64_t before_us, unsigned max, unsigned *ret_count,
                struct err *err)
{
    _cleanup_run_ struct run run = {0};
    int rc = run_start(s, q, &run, err);

    if (rc < 0)
        return rc;
    run_i64(&run, 1, before_us);
    run_i64(&run, 2, max);
    rc = run_change(&run, err);
    if (rc == 0 && ret_count)
        *ret_count = (unsigned)sqlite3_changes(s->db);
    return rc < 0 ? rc : 0;
}

int store_guest_prune(struct store *s, int64_t seen_before_us, unsigned max, unsigned *ret_count,
                      struct err *err)
{
    static const struct query descriptions = {NULL,
                                              "DELETE FROM description WHERE guest IN (" GONE_GUESTS ")"};
    static const struct query guests = {NULL, "DELETE FROM guest WHERE uuid IN (" GONE_GUESTS ")"};
    // Also those that were kept for an account that nobody is bound to any more.
    static const struct query pairs = {
        NULL,
        "DELETE FROM pair WHERE rowid IN (SELECT rowid FROM pair WHERE last_us < ?1"
        " AND guest NOT IN (SELECT uuid FROM guest) AND guid NOT IN (SELECT guid FROM binding) LIMIT ?2)"};
    bool own = s->transaction == TRANSACTION_NONE;
    unsigned count = 0;
    int rc = own ? store_begin(s, err) : 0;

    if (rc == 0)
        rc = drop(s, &descriptions, seen_before_us, max, NULL, err);
    if (rc == 0)
        rc = drop(s, &guests, seen_before_us, max, &count, err);
    if (rc == 0)
        rc = drop(s, &pairs, seen_before_us, max, NULL, err);
    if (rc == 0 && own)
        rc = store_commit(s, err);
    else if (own)
        store_rollback(s);
    if (rc == 0)
        *ret_count = count;
    return rc;
}

int store_description_get(struct store *s, const char *uuid, struct record **ret, struct err *err)
{
    static const struct query get = {NULL, "SELECT record FROM description WHERE guest = ?1"};
    _cleanup_run_ struct run run = {0};
    int rc = run_start(s, &get, &run, err);

    if (rc < 0)
        return rc;
    run_text(&run, 1, uuid);
    rc = run_step(&run, err);
    return rc == 0 ? run_record(&run, 0, ret, err) : rc;
}

int store_description_put(struct store *s, const char *uuid, const struct record *r, struct err *err)
{
    static const struct query put = {NULL, "INSERT INTO description (guest, record) VALUES (?1, ?2)"
                                           " ON CONFLICT (guest) DO UPDATE SET record = excluded.record"};
    _cleanup_run_ struct run run = {0};
    int rc = run_start(s, &put, &run, err);

    if (rc < 0)
        return rc;
    run_text(&run, 1, uuid);
    rc = run_bind_record(&run, 2, r, err);
    return rc == 0 ? run_change(&run, err) : rc;
}
