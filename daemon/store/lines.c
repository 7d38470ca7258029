// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/store/lines.h"

#include "daemon/store/db.h"
#include "daemon/store/row.h"
#include "daemon/store/view.h"

#include <errno.h>
#include <string.h>

// guest_line(columns of the overview..., description): what triggers and the check call.
static void guest_line(sqlite3_context *context, int count, sqlite3_value **values)
{
    struct store *s = sqlite3_user_data(context);
    struct overview o = {0};
    char *line = NULL;
    size_t len = 0;
    int rc;

    for (int i = 0; i + 1 < count; i++)
        view_value(&o, (size_t)i, values[i]);
    o.description = (const char *)sqlite3_value_text(values[count - 1]);
    rc = s->make_line(&o, s->make_line_arg, &line, &len);
    if (rc == -ENOMEM)
        sqlite3_result_error_nomem(context);
    else if (rc < 0)
        sqlite3_result_error(context, "a guest's line cannot be made", -1);
    else
        sqlite3_result_text64(context, line, len, free, SQLITE_UTF8);
}

#define LINE "guest_line({columns}, d.record)"
#define PUT_LINES(from, where)                                                                             \
    "INSERT INTO line (name, uuid, text) SELECT g.name, g.uuid, " LINE " FROM " from " WHERE " VIEW_LISTED \
    " AND " where " ON CONFLICT (name, uuid) DO UPDATE SET text = excluded.text"                           \
    " WHERE text IS NOT excluded.text"
#define PUT(uuid) PUT_LINES(VIEW_FROM, "g.uuid = " uuid) ";"
#define PUT_CASE(row) PUT_LINES(VIEW_FROM, "g.uuid = " row ".guest AND " VIEW_CASE " = " row ".id") ";"
#define ON(name, event, body)                                                                   \
    {                                                                                           \
        &overview_table, "CREATE TEMP TRIGGER line_" name " AFTER " event " BEGIN " body " END" \
    }

static const struct query triggers[] = {
    ON("guest_new", "INSERT ON main.guest", PUT("new.uuid")),
    ON("guest", "UPDATE ON main.guest",
       "DELETE FROM line WHERE name = old.name AND uuid = old.uuid AND"
       " NOT (name = new.name AND uuid = new.uuid AND (new.present OR new.open_case));" PUT("new.uuid")),
    ON("guest_gone", "DELETE ON main.guest", "DELETE FROM line WHERE name = old.name AND uuid = old.uuid;"),
    ON("binding_new", "INSERT ON main.binding", PUT("new.guest")),
    ON("binding", "UPDATE ON main.binding", PUT("new.guest")),
    ON("binding_gone", "DELETE ON main.binding", PUT("old.guest")),
    ON("description_new", "INSERT ON main.description", PUT("new.guest")),
    ON("description", "UPDATE ON main.description WHEN old.record IS NOT new.record", PUT("new.guest")),
    ON("description_gone", "DELETE ON main.description", PUT("old.guest")),
    ON("fact_new", "INSERT ON main.fact", PUT("new.guest")),
    ON("fact", "UPDATE ON main.fact", PUT("new.guest")),
    ON("fact_gone", "DELETE ON main.fact", PUT("old.guest")),
    ON("case_new", "INSERT ON main.casefile", PUT_CASE("new")),
    ON("case",
       "UPDATE ON main.casefile WHEN old.state <> new.state OR old.outcome <> new.outcome"
       " OR old.text <> new.text",
       PUT_CASE("new")),
    ON("case_gone", "DELETE ON main.casefile", PUT_CASE("old")),
};

static int make_triggers(struct store *s, struct err *err)
{
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < ARRAY_SIZE(triggers); i++) {
        _cleanup_free_ char *sql = db_expand(&triggers[i]);

        rc = sql ? db_exec(s, sql, "make its triggers", err)
                 : err_set(err, -ENOMEM, "%s: out of memory", s->path);
    }
    return rc;
}

int store_lines_by(struct store *s, line_maker *make, void *arg, struct err *err)
{
    int rc;

    if (s->make_line)
        return err_set(err, -EALREADY, "%s: its lines have a maker already", s->path);
    s->make_line = make;
    s->make_line_arg = arg;
    rc = sqlite3_create_function_v2(s->db, "guest_line", (int)overview_table.count + 1,
                                    SQLITE_UTF8 | SQLITE_DIRECTONLY, s, guest_line, NULL, NULL, NULL);
    return rc == SQLITE_OK ? make_triggers(s, err) : db_fail(s, rc, "make its triggers", err);
}

// ---- the check after a start ----

// The last place of the next page: STORE_NONE where fewer than max are left.
static int page_end(struct store *s, const struct overview_place *from, size_t max,
                    struct overview_place *ret, struct err *err)
{
    static const struct query end = {
        NULL, "SELECT name, uuid FROM guest g WHERE (name, uuid) > (?1, ?2) AND " VIEW_LISTED
              " ORDER BY name, uuid LIMIT 1 OFFSET ?3"};
    _cleanup_run_ struct run run = {0};
    int rc = run_start(s, &end, &run, err);

    if (rc < 0)
        return rc;
    run_text(&run, 1, from->name);
    run_text(&run, 2, from->uuid);
    run_i64(&run, 3, (int64_t)max - 1);
    rc = run_step(&run, err);
    if (rc == 0)
        view_place(&run, ret);
    return rc;
}

// A question about what lies behind `from`, until `until` (its place included; NULL: all of it).
static int change_page(struct store *s, const struct query *q, const struct overview_place *from,
                       const struct overview_place *until, struct err *err)
{
    _cleanup_run_ struct run run = {0};
    int rc = run_start(s, q, &run, err);

    if (rc < 0)
        return rc;
    run_text(&run, 1, from->name);
    run_text(&run, 2, from->uuid);
    run_text(&run, 3, until ? until->name : NULL);
    run_text(&run, 4, until ? until->uuid : NULL);
    rc = run_change(&run, err);
    return rc < 0 ? rc : 0;
}

// Row values that are compared with NULL are never true: the last page has a question of its own.
#define PAGE(name, uuid) "(" name ", " uuid ") > (?1, ?2) AND (" name ", " uuid ") <= (?3, ?4)"
#define REST(name, uuid) "(" name ", " uuid ") > (?1, ?2) AND ?3 IS NULL AND ?4 IS NULL"
#define ORPHANS(part)                                                                                \
    "DELETE FROM line WHERE " part " AND NOT EXISTS (SELECT 1 FROM guest g WHERE g.uuid = line.uuid" \
    " AND g.name = line.name AND " VIEW_LISTED ")"

static int check_page(struct store *s, const struct overview_place *from, const struct overview_place *until,
                      struct err *err)
{
    static const struct query page = {&overview_table, PUT_LINES(VIEW_FROM, PAGE("g.name", "g.uuid"))};
    static const struct query rest = {&overview_table, PUT_LINES(VIEW_FROM, REST("g.name", "g.uuid"))};
    static const struct query page_orphans = {NULL, ORPHANS(PAGE("name", "uuid"))};
    static const struct query rest_orphans = {NULL, ORPHANS(REST("name", "uuid"))};
    int rc = store_begin(s, err);

    if (rc == 0)
        rc = change_page(s, until ? &page_orphans : &rest_orphans, from, until, err);
    if (rc == 0)
        rc = change_page(s, until ? &page : &rest, from, until, err);
    if (rc == 0)
        return store_commit(s, err);
    store_rollback(s);
    return rc;
}

int store_lines_check(struct store *s, struct overview_place *place, size_t max, bool *ret_more,
                      struct err *err)
{
    struct overview_place until;
    int end = s->make_line ? page_end(s, place, max, &until, err)
                           : err_set(err, -EINVAL, "%s: its lines have no maker", s->path);
    int rc = end < 0 ? end : check_page(s, place, end == 0 ? &until : NULL, err);

    if (rc < 0)
        return rc;
    if (end == 0)
        *place = until;
    else
        s->lines_ready = true;
    *ret_more = end == 0;
    return 0;
}

bool store_lines_ready(const struct store *s)
{
    return s->lines_ready;
}

// ---- reading them ----

int store_lines(struct store *s, struct overview_place *place, const char *only, size_t max,
                int (*f)(const char *line, size_t len, void *arg), void *arg, bool *ret_more, struct err *err)
{
    static const struct query all = {
        NULL, "SELECT name, uuid, text FROM line WHERE (name, uuid) > (?1, ?2) ORDER BY name, uuid LIMIT ?3"};
    // By the index of names: lines that do not match are not read.
    static const struct query matching = {
        NULL,
        "SELECT g.name, g.uuid, l.text FROM guest g CROSS JOIN line l ON l.name = g.name AND l.uuid = g.uuid"
        " WHERE (g.name, g.uuid) > (?1, ?2) AND g.name GLOB ?4 ORDER BY g.name, g.uuid LIMIT ?3"};
    _cleanup_run_ struct run run = {0};
    struct overview_place from = *place;
    bool some = only && only[0];
    size_t count = 0;
    int rc = run_start(s, some ? &matching : &all, &run, err);

    if (rc < 0)
        return rc;
    run_text(&run, 1, from.name);
    run_text(&run, 2, from.uuid);
    run_i64(&run, 3, (int64_t)max);
    if (some)
        run_text(&run, 4, only);
    while ((rc = run_step(&run, err)) == 0) {
        const char *text = (const char *)sqlite3_column_text(run.stmt, 2);
        size_t len = (size_t)sqlite3_column_bytes(run.stmt, 2);

        count++;
        rc = text ? f(text, len, arg) : err_set(err, -ENOMEM, "%s: out of memory", s->path);
        if (rc != 0 || count == max) // the place of the last is enough
            view_place(&run, place);
        if (rc != 0)
            return rc;
    }
    if (rc != STORE_NONE)
        return rc;
    *ret_more = count == max;
    return 0;
}

void store_rest(struct store *s)
{
    sqlite3_db_release_memory(s->db);
}
