// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/cli/diagnose.h"

#include "common/cleanup.h"
#include "common/filetime.h"
#include "daemon/cli/say.h"
#include "daemon/cli/table.h"
#include "daemon/cli/text.h"

#include <stdio.h>
#include <string.h>

enum { SIDES_MAX = TABLE_COLUMNS - 1, CELL = 96 };

struct diagnose {
    size_t count;
    char names[SIDES_MAX][CELL];
    struct record *sides[SIDES_MAX];
};

static void utc(int64_t us, char ret[static CELL])
{
    char text[FILETIME_TEXT];

    us_text(us, text);
    snprintf(ret, CELL, "%.19sZ", text); // to the second
}

// ---- the cells: each says one thing of one side, "" where it is not known ----

typedef void (*cell)(const struct record *r, const char *key, char ret[static CELL]);

static void as_text(const struct record *r, const char *key, char ret[static CELL])
{
    const char *value = record_get_or(r, key, "");

    snprintf(ret, CELL, strlen(value) < CELL ? "%s" : "%.90s...", value);
}

static void as_time(const struct record *r, const char *key, char ret[static CELL])
{
    int64_t us;

    if (record_get_i64(r, key, &us) == 0)
        utc(us, ret);
}

// RFC 3339 with its fraction: to the second, too.
static void as_date(const struct record *r, const char *key, char ret[static CELL])
{
    const char *value = record_get_or(r, key, "");

    if (strlen(value) >= 20)
        snprintf(ret, CELL, "%.19sZ", value);
}

static void as_answer(const struct record *r, const char *key, char ret[static CELL])
{
    int value = record_get_bool(r, key);

    snprintf(ret, CELL, "%s", value < 0 ? "" : value ? "yes" : "no");
}

static void as_offset(const struct record *r, const char *key, char ret[static CELL])
{
    int64_t ms;

    if (record_get_i64(r, key, &ms) == 0)
        snprintf(ret, CELL, "%+.1f s", (double)ms / 1000);
}

static void as_looked(const struct record *r, const char *key, char ret[static CELL])
{
    as_time(r, key, ret);
    if (ret[0] && record_get_bool(r, "fresh") == 1)
        snprintf(ret + strlen(ret), CELL - strlen(ret), " (now)");
}

static const struct field {
    const char *name, *key;
    cell show;
} fields[] = {
    {"looked at", "seen_us", as_looked},
    {"read by", "engine", as_text},
    {"not known:", "why", as_text},
    {"found", "found", as_answer},
    {"account", "account", as_text},
    {"domain", "domain", as_text},
    {"SID", "sid", as_text},
    {"GUID", "guid", as_text},
    {"lies at", "dn", as_text},
    {"secret", "secret", as_text},
    {"password set", "password_set", as_date},
    {"AD's password set", "directory_set", as_date},
    {"key version", "kvno", as_text},
    {"changed so often", "password_changes", as_text},
    {"changed on", "password_changed_at", as_text},
    {"proven good", "proven", as_answer},
    {"enabled", "enabled", as_answer},
    {"in the delegated OU", "in_base", as_answer},
    {"has its host SPN", "spn_host", as_answer},
    {"SPN also of", "spn_other", as_text},
    {"account made", "created_us", as_time},
    {"account changed", "changed_us", as_time},
    {"last logon", "last_logon", as_date},
    {"clock against host", "clock_ms", as_offset},
    {"name servers", "resolvers", as_text},
    {"address", "address", as_text},
    {"asked itself at", "asked_us", as_time},
    {"did not answer:", "not_asked", as_text},
    {"channel", "channel", as_text},
    {"its code", "channel_code", as_text},
    {"probed at", "probed_us", as_time},
    {"uses DC", "uses_dc", as_text},
    {"open ports", "dc_ports", as_text},
    {"doubt", "doubt", as_text},
};

static bool any_says(const struct diagnose *d, const struct field *field)
{
    for (size_t i = 0; i < d->count; i++)
        if (record_get(d->sides[i], field->key))
            return true;
    return false;
}

static void print_sides(const struct diagnose *d)
{
    const char *headers[TABLE_COLUMNS + 1] = {"EVIDENCE"};
    struct table table = {0};

    for (size_t i = 0; i < d->count; i++)
        headers[i + 1] = d->names[i];
    headers[d->count + 1] = NULL;
    putchar('\n');
    for (size_t f = 0; f < ARRAY_SIZE(fields); f++) {
        char texts[SIDES_MAX][CELL] = {{0}};
        const char *cells[TABLE_COLUMNS] = {fields[f].name};

        if (!any_says(d, &fields[f]))
            continue;
        for (size_t i = 0; i < d->count; i++) {
            fields[f].show(d->sides[i], fields[f].key, texts[i]);
            cells[i + 1] = texts[i];
        }
        table_row(&table, headers, cells);
    }
    table_print(&table);
}

// ---- the records ----

static void add_side(struct diagnose **d, const struct record *r)
{
    struct record *copy;
    const char *key, *value;
    size_t len;

    if (!*d)
        *d = calloc(1, sizeof **d);
    if (!*d || (*d)->count == SIDES_MAX)
        return;
    copy = record_new("side");
    for (size_t i = 2; i < record_count(r); i++) {
        record_at(r, i, &key, &value, &len);
        record_add_bytes(copy, key, value, len);
    }
    text_safe(record_get_or(r, "side", "?"), (*d)->names[(*d)->count], CELL);
    (*d)->sides[(*d)->count++] = copy;
}

static void say_cause(const struct record *r, const char *name)
{
    say_label(name);
    say_also(r, "cause", "", "");
    say_also(r, "health", " (", "");
    say_also(r, "confidence", ", ", "");
    say_also(r, "rests_on", "; rests on ", "");
    fputs(")\n", stdout);
    say_line(r, "text", "because");
    if (!record_get(r, "command"))
        return;
    say_line(r, "where", "do");
    say_line(r, "command", "");
}

static void say_diagnosis(const struct record *r)
{
    char at[CELL] = "";

    as_time(r, "at_us", at);
    fputs("guest ", stdout);
    say(record_get_or(r, "guest", "?"));
    say_also(r, "uuid", " (", ")");
    say_also(r, "state", ", ", "");
    printf(", at %s\n", at);
    say_label("binding");
    // Where a policy names the account, only the directory's word is missing.
    say(record_get_or(r, "computer",
                      strcmp(record_get_or(r, "rule", ""), "no-directory") == 0
                          ? "none yet"
                          : "none: it will never be repaired"));
    say_also(r, "domain", " in ", "\n");
    if (!record_get(r, "domain"))
        putchar('\n');
    say_label("verdict");
    say_also(r, "verdict", "", "");
    say_also(r, "judged_by", ", by ", "\n");
    if (record_get(r, "rollback")) {
        as_time(r, "rolled_back_us", at);
        say_label("rollback");
        say_also(r, "rollback", "", "");
        printf(" at %s\n", at);
    }
    say_cause(r, "cause");
    say_line(r, "would", "virtrust");
    say_line(r, "rule", "held by rule");
    say_line(r, "mode", "mode");
    say_line(r, "next", "to let it");
    say_line(r, "open_case", "open case");
    if (record_get_bool(r, "others_compared") == 0)
        puts("  note         not every other guest of this host was compared: there are too many");
}

bool diagnose_record(struct diagnose **d, const struct record *r)
{
    if (record_is(r, "diagnosis")) {
        say_diagnosis(r);
    } else if (record_is(r, "side")) {
        add_side(d, r);
    } else if (record_is(r, "beside")) {
        diagnose_end(d);
        putchar('\n');
        say_cause(r, "also");
    } else {
        return false;
    }
    return true;
}

void diagnose_end(struct diagnose **d)
{
    if (!*d)
        return;
    print_sides(*d);
    for (size_t i = 0; i < (*d)->count; i++)
        record_free((*d)->sides[i]);
    free(*d);
    *d = NULL;
}
