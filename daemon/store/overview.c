// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/store/overview.h"

#include "common/hex.h"
#include "daemon/store/row.h"
#include "daemon/store/view.h"

#include <stdio.h>
#include <string.h>

// A column's name is whatever SQL gives the value.
static const struct column columns[] = {
    COLUMN_NAMED("g.uuid", struct overview, uuid),
    COLUMN_NAMED("g.name", struct overview, name),
    COLUMN_NAMED("g.present", struct overview, present),
    COLUMN_NAMED("g.running", struct overview, running),
    COLUMN_NAMED("g.agent_connected", struct overview, agent_connected),
    COLUMN_NAMED("g.seen_us", struct overview, seen_us),
    COLUMN_NAMED("g.looked_us", struct overview, looked_us),
    COLUMN_NAMED("g.open_case", struct overview, open_case),
    COLUMN_NAMED("g.last_case", struct overview, last_case),
    COLUMN_NAMED("g.verdict", struct overview, verdict),
    COLUMN_NAMED("g.cause", struct overview, cause),
    COLUMN_NAMED("b.guest IS NOT NULL", struct overview, bound),
    COLUMN_NAMED("coalesce(b.name, '')", struct overview, computer),
    COLUMN_NAMED("coalesce(b.domain, '')", struct overview, domain),
    COLUMN_NAMED("c.id IS NOT NULL", struct overview, has_case),
    COLUMN_NAMED("coalesce(c.state, '')", struct overview, case_state),
    COLUMN_NAMED("coalesce(c.outcome, '')", struct overview, outcome),
    COLUMN_NAMED("coalesce(c.text, '')", struct overview, text),
};
const struct table overview_table = TABLE("overview", struct overview, columns);

void view_value(struct overview *o, size_t i, sqlite3_value *value)
{
    const struct column *c = &columns[i];
    unsigned char *field = (unsigned char *)o + c->offset;
    const char *text;
    int64_t number;
    bool flag;

    if (c->kind == COLUMN_TEXT) {
        text = (const char *)sqlite3_value_text(value);
        snprintf((char *)field, c->size, "%s", text ? text : "");
        return;
    }
    number = sqlite3_value_int64(value);
    flag = number != 0;
    if (c->kind == COLUMN_BOOL)
        memcpy(field, &flag, sizeof flag);
    else
        memcpy(field, &number, sizeof number);
}

void view_place(struct run *r, struct overview_place *ret)
{
    snprintf(ret->name, sizeof ret->name, "%s", (const char *)sqlite3_column_text(r->stmt, 0));
    snprintf(ret->uuid, sizeof ret->uuid, "%s", (const char *)sqlite3_column_text(r->stmt, 1));
}

int store_overview(struct store *s, struct overview_place *place, const char *only, size_t max,
                   int (*f)(const struct overview *o, void *arg), void *arg, bool *ret_more, struct err *err)
{
    // The page is cut out of the index by name first; only what is told is looked up elsewhere.
    static const struct query page = {&overview_table,
                                      "SELECT {columns}, d.record FROM " VIEW_FROM
                                      " WHERE (g.name, g.uuid) > (?1, ?2) AND g.name GLOB ?4 AND " VIEW_LISTED
                                      " ORDER BY g.name, g.uuid LIMIT ?3"};
    _cleanup_run_ struct run run = {0};
    struct overview_place from = *place;
    struct overview o = {0};
    size_t count = 0;
    int rc = run_start(s, &page, &run, err);

    if (rc < 0)
        return rc;
    run_text(&run, 1, from.name);
    run_text(&run, 2, from.uuid);
    run_i64(&run, 3, (int64_t)max);
    run_text(&run, 4, only && only[0] ? only : "*");
    while ((rc = run_row(&run, &o, err)) == 0) {
        o.description = (const char *)sqlite3_column_text(run.stmt, ARRAY_SIZE(columns));
        memcpy(place->name, o.name, sizeof place->name);
        memcpy(place->uuid, o.uuid, sizeof place->uuid);
        count++;
        rc = f(&o, arg);
        if (rc != 0)
            return rc;
    }
    if (rc != STORE_NONE)
        return rc;
    *ret_more = count == max;
    return 0;
}

int store_present(struct store *s, struct overview_place *place, const char *only, size_t max,
                  int (*f)(const char *uuid, void *arg), void *arg, bool *ret_more, struct err *err)
{
    static const struct query page = {NULL, "SELECT name, uuid, name GLOB ?4 AND present FROM guest"
                                            " WHERE (name, uuid) > (?1, ?2) ORDER BY name, uuid LIMIT ?3"};
    _cleanup_run_ struct run run = {0};
    struct overview_place from = *place;
    size_t count = 0;
    int rc = run_start(s, &page, &run, err);

    if (rc < 0)
        return rc;
    run_text(&run, 1, from.name);
    run_text(&run, 2, from.uuid);
    run_i64(&run, 3, (int64_t)max);
    run_text(&run, 4, only && only[0] ? only : "*");
    while ((rc = run_step(&run, err)) == 0) {
        count++;
        view_place(&run, place);
        rc = sqlite3_column_int(run.stmt, 2) ? f(place->uuid, arg) : 0;
        if (rc != 0)
            return rc;
    }
    if (rc != STORE_NONE)
        return rc;
    *ret_more = count == max;
    return 0;
}

int store_overview_count(struct store *s, const char *only, unsigned *ret, struct err *err)
{
    // Names lie close together in their index; only those that match are looked up beside it.
    static const struct query count = {NULL,
                                       "SELECT count(*) FROM guest n CROSS JOIN guest g ON g.uuid = n.uuid"
                                       " WHERE n.name GLOB ?1 AND g.present"};
    struct store_counts n = {0};
    _cleanup_run_ struct run run = {0};
    int rc = only && only[0] ? run_start(s, &count, &run, err) : store_counts(s, &n, err);

    if (rc < 0)
        return rc;
    if (!run.stmt) {
        *ret = n.guests;
        return 0;
    }
    run_text(&run, 1, only);
    rc = run_step(&run, err);
    if (rc == 0)
        *ret = (unsigned)sqlite3_column_int64(run.stmt, 0);
    return rc;
}

bool overview_get(const char *description, const char *key, char *ret, size_t size)
{
    char wanted[RECORD_KEY_MAX + 3];
    size_t n = 0;
    const char *at;

    snprintf(wanted, sizeof wanted, "\n%s=", key);
    at = description ? strstr(description, wanted) : NULL;
    if (!at)
        return false;
    for (at += strlen(wanted); *at && *at != '\n' && n + 1 < size; at++) {
        unsigned char byte = (unsigned char)*at;

        if (byte == '%' && at[1] && hex_decode(at + 1, &byte, 1) == 0)
            at += 2;
        ret[n++] = (char)byte;
    }
    ret[n] = '\0';
    return true;
}
