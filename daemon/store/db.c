// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/store/db.h"

#include "daemon/store/row.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

// What the operating system said beneath an input/output error or a file that cannot be opened.
static int system_fail(struct store *s, int code, const char *doing, struct err *err)
{
    int number = s->db ? sqlite3_system_errno(s->db) : 0;

    if (number == ENOSPC || number == EDQUOT)
        return err_set(err, -ENOSPC, "%s: cannot %s: no space left on its file system; free some space there",
                       s->path, doing);
    if (number == EACCES || number == EPERM || number == EROFS)
        return err_set(err, -number, "%s: cannot %s: %s; it must belong to the user that virtrustd runs as",
                       s->path, doing, strerror(number));
    return err_set(err, number > 0 ? -number : -EIO, "%s: cannot %s: %s (%s); is its file system sound?",
                   s->path, doing, sqlite3_errstr(code),
                   number > 0 ? strerror(number) : "no reason was given");
}

int db_fail(struct store *s, int rc, const char *doing, struct err *err)
{
    const char *said = s->db ? sqlite3_errmsg(s->db) : sqlite3_errstr(rc);

    switch (rc & 0xff) { // the primary code
    case SQLITE_FULL:
        return err_set(err, -ENOSPC, "%s: cannot %s: no space left on its file system; free some space there",
                       s->path, doing);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return err_set(err, -EBUSY,
                       "%s: cannot %s: another virtrustd or program holds it; stop that one first", s->path,
                       doing);
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return err_set(
            err, -EUCLEAN,
            "%s: cannot %s: the database is damaged (%s); stop virtrustd and restore a copy, or move the "
            "file aside to begin anew (bindings must then be made again)",
            s->path, doing, said);
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
        return err_set(err, -EACCES, "%s: cannot %s: %s; it must belong to the user that virtrustd runs as",
                       s->path, doing, said);
    case SQLITE_NOMEM:
        return err_set(err, -ENOMEM, "%s: cannot %s: out of memory", s->path, doing);
    case SQLITE_CONSTRAINT:
        return err_set(
            err, rc == SQLITE_CONSTRAINT_UNIQUE || rc == SQLITE_CONSTRAINT_PRIMARYKEY ? -EEXIST : -EINVAL,
            "%s: cannot %s: it does not fit what is stored (%s)", s->path, doing, said);
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
        return system_fail(s, rc, doing, err);
    default: // SQLite's codes, not an enum of ours
        return err_set(err, -EIO, "%s: cannot %s: %s", s->path, doing, said);
    }
}

int db_exec(struct store *s, const char *sql, const char *doing, struct err *err)
{
    int rc = sqlite3_exec(s->db, sql, NULL, NULL, NULL);

    return rc == SQLITE_OK ? 0 : db_fail(s, rc, doing, err);
}

int db_number(struct store *s, const char *sql, int64_t *ret, struct err *err)
{
    sqlite3_stmt *stmt = NULL;
    int rc = sqlite3_prepare_v2(s->db, sql, -1, &stmt, NULL);
    int64_t value = 0;

    if (rc == SQLITE_OK)
        rc = sqlite3_step(stmt);
    if (rc == SQLITE_ROW)
        value = sqlite3_column_int64(stmt, 0);
    else
        rc = db_fail(s, rc, "read it", err);
    sqlite3_finalize(stmt);
    if (rc < 0)
        return rc;
    *ret = value;
    return 0;
}

void db_forget_secrets(struct store *s)
{
    if (!s->secret_left || s->transaction != TRANSACTION_NONE)
        return;
    if (sqlite3_wal_checkpoint_v2(s->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL) == SQLITE_OK)
        s->secret_left = false;
}

// ---- the transaction ----

void db_change_failed(struct store *s)
{
    if (s->transaction != TRANSACTION_OPEN)
        return;
    if (!sqlite3_get_autocommit(s->db)) // SQLite has rolled back by itself after some errors
        sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
    s->transaction = TRANSACTION_FAILED;
}

int store_begin(struct store *s, struct err *err)
{
    struct err why = {0};
    int rc;

    if (s->transaction != TRANSACTION_NONE)
        return err_set(err, -EALREADY, "%s: a transaction is open already", s->path);
    rc = db_exec(s, "BEGIN IMMEDIATE", "begin a transaction", &why);
    if (rc < 0)
        return db_write_failed(s, rc, &why, err);
    s->transaction = TRANSACTION_OPEN;
    s->changes_before = sqlite3_total_changes(s->db);
    return 0;
}

int store_commit(struct store *s, struct err *err)
{
    struct err why = {0};
    int rc;

    switch (s->transaction) {
    case TRANSACTION_NONE:
        return err_set(err, -EINVAL, "%s: there is no transaction to commit", s->path);
    case TRANSACTION_FAILED:
        s->transaction = TRANSACTION_NONE;
        return err_set(err, -ECANCELED,
                       "%s: an earlier change of this transaction failed, nothing was stored", s->path);
    case TRANSACTION_OPEN:
        break;
    }
    rc = db_exec(s, "COMMIT", "write to it", &why);
    if (rc < 0) // the sentence is written; a commit that failed leaves the transaction open now and then
        db_change_failed(s);
    s->transaction = TRANSACTION_NONE;
    if (rc < 0)
        return db_write_failed(s, rc, &why, err);
    if (sqlite3_total_changes(s->db) != s->changes_before) // an empty one writes nothing
        db_written(s);
    db_forget_secrets(s);
    return 0;
}

void store_rollback(struct store *s)
{
    db_change_failed(s);
    s->transaction = TRANSACTION_NONE;
}

// ---- statements ----

static void expand_list(FILE *f, const struct table *t, const char *mark, size_t len)
{
    bool all = strncmp(mark, "{columns}", len) == 0 || strncmp(mark, "{values}", len) == 0;
    const char *between = "";

    for (size_t i = all ? 0 : 1; i < t->count; i++, between = ", ") {
        const char *name = t->columns[i].name;

        if (strncmp(mark, "{columns}", len) == 0)
            fprintf(f, "%s%s", between, name);
        else if (strncmp(mark, "{values}", len) == 0)
            fprintf(f, "%s?%zu", between, i + 1);
        else if (strncmp(mark, "{set}", len) == 0)
            fprintf(f, "%s%s = ?%zu", between, name, i + 1);
        else
            fprintf(f, "%s%s = excluded.%s", between, name, name);
    }
}

char *db_expand(const struct query *q)
{
    char *sql = NULL;
    size_t size;
    FILE *f = open_memstream(&sql, &size);

    if (!f)
        return NULL;
    for (const char *at = q->text; *at;) {
        size_t len = strcspn(at, "{");

        fwrite(at, 1, len, f);
        at += len;
        if (*at == '{') {
            len = strcspn(at, "}") + 1;
            expand_list(f, q->table, at, len);
            at += len;
        }
    }
    if (fclose(f) != 0) {
        free(sql);
        return NULL;
    }
    return sql;
}

static int prepare(struct store *s, const struct query *q, bool keep, sqlite3_stmt **ret, struct err *err)
{
    _cleanup_free_ char *sql = db_expand(q);
    int rc;

    if (!sql)
        return err_set(err, -ENOMEM, "%s: out of memory", s->path);
    rc = sqlite3_prepare_v3(s->db, sql, -1, keep ? SQLITE_PREPARE_PERSISTENT : 0, ret, NULL);
    return rc == SQLITE_OK ? 0 : db_fail(s, rc, "use it", err);
}

// A free place in the cache for this query, or NULL: it is in use, or the cache is full.
static struct statement *place_for(struct store *s, const struct query *q)
{
    for (size_t i = 0; i < s->cached; i++)
        if (s->cache[i].query == q)
            return s->cache[i].busy ? NULL : &s->cache[i];
    if (s->cached == STATEMENTS_MAX)
        return NULL;
    s->cache[s->cached] = (struct statement){.query = q};
    return &s->cache[s->cached++];
}

int run_start(struct store *s, const struct query *q, struct run *ret, struct err *err)
{
    struct statement *place = place_for(s, q);
    sqlite3_stmt *own = NULL, **stmt = place ? &place->stmt : &own;
    int rc = 0;

    if (!*stmt)
        rc = prepare(s, q, place, stmt, err);
    if (rc < 0)
        return rc;
    if (s->transaction == TRANSACTION_FAILED && !sqlite3_stmt_readonly(*stmt)) {
        sqlite3_finalize(own);
        return err_set(err, -ECANCELED,
                       "%s: an earlier change of this transaction failed, nothing more is stored", s->path);
    }
    if (place)
        place->busy = true;
    *ret = (struct run){.store = s, .query = q, .stmt = *stmt, .busy = place ? &place->busy : NULL};
    return 0;
}

void run_done(struct run *r)
{
    if (!r->stmt)
        return;
    if (r->busy) {
        sqlite3_reset(r->stmt);
        sqlite3_clear_bindings(r->stmt);
        *r->busy = false;
    } else {
        sqlite3_finalize(r->stmt);
    }
    *r = (struct run){0};
}

static void bound(struct run *r, int rc)
{
    if (rc != SQLITE_OK && r->rc == SQLITE_OK)
        r->rc = rc;
}

void run_text(struct run *r, int at, const char *text)
{
    bound(r, sqlite3_bind_text(r->stmt, at, text, -1, SQLITE_STATIC));
}

void run_bytes(struct run *r, int at, const void *data, size_t len)
{
    bound(r, sqlite3_bind_blob64(r->stmt, at, len ? data : "", len, SQLITE_STATIC));
}

void run_i64(struct run *r, int at, int64_t value)
{
    bound(r, sqlite3_bind_int64(r->stmt, at, value));
}

void run_null(struct run *r, int at)
{
    bound(r, sqlite3_bind_null(r->stmt, at));
}

int run_step(struct run *r, struct err *err)
{
    bool reads = sqlite3_stmt_readonly(r->stmt);
    int rc = r->rc == SQLITE_OK ? sqlite3_step(r->stmt) : r->rc;
    struct err why = {0};

    if (rc == SQLITE_ROW)
        return 0;
    if (rc == SQLITE_DONE)
        return STORE_NONE;
    rc = db_fail(r->store, rc, reads ? "read it" : "write to it", &why);
    sqlite3_reset(r->stmt); // a statement that failed half-way would hold up the rollback
    if (reads)
        return err_set(err, rc, "%s", why.text);
    db_change_failed(r->store);
    return db_write_failed(r->store, rc, &why, err);
}

int run_change(struct run *r, struct err *err)
{
    int rc = run_step(r, err);

    if (rc < 0)
        return rc;
    assert(rc == STORE_NONE);
    if (sqlite3_changes(r->store->db) == 0)
        return STORE_NONE;
    if (r->store->transaction == TRANSACTION_NONE)
        db_written(r->store);
    return 0;
}

int run_record(struct run *r, int column, struct record **ret, struct err *err)
{
    const char *text = (const char *)sqlite3_column_text(r->stmt, column);
    struct err why = {0};
    size_t used;
    int rc;

    if (!text) {
        *ret = NULL;
        return 0;
    }
    rc = record_decode(text, (size_t)sqlite3_column_bytes(r->stmt, column), &used, ret, &why);
    if (rc == 0 || rc == -ENOMEM)
        return rc;
    return err_set(err, -EUCLEAN,
                   "%s: a stored record cannot be read (%s); the database is damaged or was edited: "
                   "restore a copy of it",
                   r->store->path, rc == RECORD_MORE ? "it is cut short" : why.text);
}

int run_bind_record(struct run *r, int at, const struct record *record, struct err *err)
{
    char *text;
    size_t len;
    int rc;

    if (!record) {
        run_null(r, at);
        return 0;
    }
    rc = record_encode(record, &text, &len);
    if (rc < 0) {
        db_change_failed(r->store);
        return err_set(err, rc, "%s: cannot store a record of type %s: %s", r->store->path,
                       record_type(record), strerror(-rc));
    }
    bound(r, sqlite3_bind_text64(r->stmt, at, text, len, free, SQLITE_UTF8));
    return 0;
}
