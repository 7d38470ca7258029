// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// The store's inside: the connection, its transaction, and statements that are prepared once. A failed change inside
// a transaction rolls all of it back at once, and the transaction then refuses everything until it is closed: no
// half of an input is ever committed.
//
// A query is a constant; its address is its place in the cache. In its text {columns} stands for the table's column
// names, {values} for ?1, ?2 … in the same order, {set} for name=?n of all but the first, {excluded} for
// name=excluded.name of all but the first.
//
//     static const struct query by_uuid = {&guest_table, "SELECT {columns} FROM guest WHERE uuid = ?1"};
//     _cleanup_run_ struct run run = {0};
//     rc = run_start(s, &by_uuid, &run, err);
//     run_text(&run, 1, uuid);
//     rc = run_row(&run, &guest, err);        // 0, STORE_NONE, -errno
#pragma once

#include "daemon/store/lines.h"

#include <sqlite3.h>

enum { STATEMENTS_MAX = 64 };

struct table;

struct query {
    const struct table *table; // NULL: the text has none of the marks
    const char *text;
};

enum transaction { TRANSACTION_NONE, TRANSACTION_OPEN, TRANSACTION_FAILED };

struct statement {
    const struct query *query;
    sqlite3_stmt *stmt;
    bool busy; // a walk whose callback asks the same question gets a statement of its own
};

struct store {
    sqlite3 *db;
    char *path;
    enum transaction transaction;
    int changes_before;           // of the connection, when the transaction began
    struct store_trouble trouble; // since_us 0: none
    bool secret_left;             // a sealed secret was wiped or replaced: the WAL still holds it
    struct statement cache[STATEMENTS_MAX];
    size_t cached;
    line_maker *make_line; // lines.h; NULL: none was given yet
    void *make_line_arg;
    bool lines_ready;
};

// The sentence for what SQLite's last call on s->db answered; `doing` completes "cannot …". Negative errno.
int db_fail(struct store *s, int sqlite_rc, const char *doing, struct err *err);
// Runs statements without parameters and without answers.
int db_exec(struct store *s, const char *sql, const char *doing, struct err *err);
// A PRAGMA or query with one number as its answer.
int db_number(struct store *s, const char *sql, int64_t *ret, struct err *err);
// The query's text with its marks filled in; the caller frees. NULL: out of memory.
char *db_expand(const struct query *q);
// Empties the WAL when a secret went away and no transaction is open; what fails now is tried after the next commit.
void db_forget_secrets(struct store *s);

// A change was refused or failed: the transaction, if there is one, is rolled back and takes nothing more.
void db_change_failed(struct store *s);

// A write failed (the sentence is kept where it says something of the file) or reached the file. Passes rc on.
int db_write_failed(struct store *s, int rc, const struct err *why, struct err *err);
void db_written(struct store *s);

struct run {
    struct store *store;
    const struct query *query;
    sqlite3_stmt *stmt;
    bool *busy; // NULL: the statement is this run's own
    int rc;     // the first error of a binding; the step reports it
};

int run_start(struct store *s, const struct query *q, struct run *ret, struct err *err);
void run_done(struct run *r);
#define _cleanup_run_ _cleanup_(run_done)

void run_text(struct run *r, int at, const char *text); // borrowed until the run is done; NULL is SQL's NULL
void run_bytes(struct run *r, int at, const void *data, size_t len);
void run_i64(struct run *r, int at, int64_t value);
void run_null(struct run *r, int at);
// Binds every column of the query's table: column i at ?i+1. -EINVAL for a value that is none of its words.
int run_bind(struct run *r, const void *row, struct err *err);

int run_step(struct run *r, struct err *err);           // 0: a row; STORE_NONE: no (more) row
int run_row(struct run *r, void *ret, struct err *err); // a step, and its columns into a struct of the table
int run_change(struct run *r,
               struct err *err); // a statement that answers nothing; STORE_NONE: no row changed
// ---- whole rows of a table, in one call ----
int row_put(struct store *s, const struct query *q, const void *row,
            struct err *err); // every column at its place
// The same, but the database gives the row's number (its first column), and never one again.
int row_add(struct store *s, const struct query *q, const void *row, int64_t *ret_id, struct err *err);
// The first row for the one parameter.
int row_by_text(struct store *s, const struct query *q, const char *key, void *ret, struct err *err);
int row_by_number(struct store *s, const struct query *q, int64_t key, void *ret, struct err *err);

// The column as a record: -EUCLEAN when it is none. *ret NULL where the column is NULL.
int run_record(struct run *r, int column, struct record **ret, struct err *err);
// Encodes r (NULL: SQL's NULL) and binds it. The text is the run's.
int run_bind_record(struct run *r, int at, const struct record *record, struct err *err);
