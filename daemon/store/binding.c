// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/store/db.h"
#include "daemon/store/row.h"

static const struct column columns[] = {
    COLUMN(struct binding, guest),    COLUMN(struct binding, domain), COLUMN(struct binding, guid),
    COLUMN(struct binding, sid),      COLUMN(struct binding, name),   COLUMN(struct binding, how),
    COLUMN(struct binding, since_us),
};
static const struct table binding_table = TABLE("binding", struct binding, columns);

int store_binding_get(struct store *s, const char *guest, struct binding *ret, struct err *err)
{
    static const struct query get = {&binding_table, "SELECT {columns} FROM binding WHERE guest = ?1"};

    return row_by_text(s, &get, guest, ret, err);
}

int store_binding_put(struct store *s, const struct binding *b, struct err *err)
{
    static const struct query put = {
        &binding_table,
        "INSERT INTO binding ({columns}) VALUES ({values}) ON CONFLICT (guest) DO UPDATE SET {excluded}"};

    return row_put(s, &put, b, err);
}

int store_binding_delete(struct store *s, const char *guest, struct err *err)
{
    static const struct query drop = {NULL, "DELETE FROM binding WHERE guest = ?1"};
    _cleanup_run_ struct run run = {0};
    int rc = run_start(s, &drop, &run, err);

    if (rc < 0)
        return rc;
    run_text(&run, 1, guest);
    return run_change(&run, err);
}

int store_binding_page(struct store *s, const char *after, size_t max,
                       int (*f)(const struct binding *b, void *arg), void *arg, struct err *err)
{
    static const struct query page = {
        &binding_table, "SELECT {columns} FROM binding WHERE guest > ?1 ORDER BY guest LIMIT ?2"};
    _cleanup_run_ struct run run = {0};
    struct binding b;
    int rc = run_start(s, &page, &run, err);

    if (rc < 0)
        return rc;
    run_text(&run, 1, after);
    run_i64(&run, 2, (int64_t)max);
    while ((rc = run_row(&run, &b, err)) == 0 && (rc = f(&b, arg)) == 0)
        ;
    return rc == STORE_NONE ? 0 : rc;
}

int store_binding_each(struct store *s, int (*f)(const struct binding *b, void *arg), void *arg,
                       struct err *err)
{
    static const struct query all = {&binding_table, "SELECT {columns} FROM binding ORDER BY guest"};
    _cleanup_run_ struct run run = {0};
    struct binding b;
    int rc = run_start(s, &all, &run, err);

    while (rc == 0 && (rc = run_row(&run, &b, err)) == 0) {
        rc = f(&b, arg);
        if (rc != 0)
            return rc;
    }
    return rc == STORE_NONE ? 0 : rc;
}

int store_twin(struct store *s, const char *guest, const char *guid, int64_t since_us, char ret[NAME_TEXT],
               struct err *err)
{
    static const struct query twin = {
        NULL, "SELECT guest.name FROM binding JOIN guest ON guest.uuid = binding.guest"
              " WHERE binding.guid = ?1 AND binding.guest <> ?2 AND"
              " (guest.running = 1 OR guest.ran_us >= ?3)"
              " ORDER BY guest.ran_us DESC LIMIT 1"};
    _cleanup_run_ struct run run = {0};
    int rc = run_start(s, &twin, &run, err);

    if (rc < 0)
        return rc;
    run_text(&run, 1, guid);
    run_text(&run, 2, guest);
    run_i64(&run, 3, since_us);
    rc = run_step(&run, err);
    if (rc == 0)
        snprintf(ret, NAME_TEXT, "%s", (const char *)sqlite3_column_text(run.stmt, 0));
    return rc;
}
