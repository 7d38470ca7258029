// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/cli/print.h"

#include "daemon/cli/print_policy.h"

#include "common/cleanup.h"
#include "common/filetime.h"
#include "daemon/cli/say.h"

#include <stdio.h>
#include <string.h>

void print_guest_row(struct printer *p, const struct record *r)
{
    static const char *const headers[] = {"GUEST",   "STATE", "MODE",    "VERDICT",
                                          "OUTCOME", "CASE",  "BINDING", NULL};
    const char *cells[] = {record_get_or(r, "name", record_get(r, "uuid")),
                           record_get(r, "state"),
                           record_get(r, "mode"),
                           record_get(r, "verdict"),
                           record_get(r, "outcome"),
                           record_get(r, "case"),
                           record_get_or(r, "computer", record_get_bool(r, "bound") == 0 ? "none" : NULL)};

    table_row(&p->table, headers, cells);
}

static void print_guest(const struct record *r)
{
    fputs("guest ", stdout);
    say(record_get_or(r, "name", "?"));
    say_also(r, "uuid", " (", ")");
    putchar('\n');
    say_line(r, "state", "state");
    say_line(r, "mode", "mode");
    say_line(r, "agent", "agent");
    say_label("binding");
    if (record_get(r, "rule"))
        say_also(r, "rule", "none yet: its policy names ", ", and binds it at the first verdict");
    else
        say(record_get_or(r, "computer",
                          record_get_bool(r, "bound") == 0 ? "none: it will never be repaired" : "unknown"));
    say_also(r, "domain", " in ", "");
    putchar('\n');
    say_line(r, "verdict", "verdict");
    say_line(r, "cause", "cause");
    say_line(r, "text", "because");
    say_line(r, "case", "case");
    say_line(r, "outcome", "outcome");
    say_time(r, "last_look_us", "last look");
    say_time(r, "last_seen_us", "last seen");
}

static void case_row(struct printer *p, const struct record *r)
{
    static const char *const headers[] = {"CASE",    "OPENED", "WHAT HAPPENED", "VERDICT", "STATE",
                                          "OUTCOME", NULL};
    char opened[TEXT_TIME];
    const char *cells[] = {record_get(r, "id"),    time_cell(r, "opened_us", opened),
                           record_get(r, "kind"),  record_get(r, "verdict"),
                           record_get(r, "state"), record_get(r, "outcome")};

    table_row(&p->table, headers, cells);
}

static void print_case(const struct record *r)
{
    fputs("case ", stdout);
    say(record_get_or(r, "id", "?"));
    fputs(": ", stdout);
    say(record_get_or(r, "name", record_get_or(r, "guest", "?")));
    say_also(r, "kind", ", ", "");
    putchar('\n');
    say_time(r, "opened_us", "opened");
    say_time(r, "closed_us", "closed");
    say_label("verdict");
    say_coloured(record_get_or(r, "verdict", "not judged yet"));
    say_also(r, "cause", ", ", "");
    putchar('\n');
    if (strcmp(record_get_or(r, "outcome", "open"), "open") == 0)
        say_line(r, "state", "state");
    else
        say_line(r, "outcome", "outcome");
    say_line(r, "mode", "mode");
    say_line(r, "text", "because");
    say_line(r, "would", "virtrust");
    say_line(r, "next", "next");
}

// Below a step's own line, indented as its text is.
static void below(void)
{
    printf("    %-12s  %-12s ", "", "");
}

static void step_detail(const struct record *r, const char *a, const char *before, const char *b,
                        const char *between)
{
    if (!record_get(r, a) && !record_get(r, b))
        return;
    below();
    fputs(before, stdout);
    say(record_get_or(r, a, "unknown"));
    fputs(between, stdout);
    say(record_get_or(r, b, "unknown"));
    putchar('\n');
}

// The DC is named where it is asked first, and where it is another one.
static void step_dc(struct printer *p, const struct record *r)
{
    const char *dc = record_get_or(r, "dc", "");

    if (!dc[0] || strcmp(dc, p->dc) == 0)
        return;
    snprintf(p->dc, sizeof p->dc, "%s", dc);
    if (strstr(record_get_or(r, "text", ""), dc))
        return;
    below();
    say_also(r, "dc", "asked: ", "\n");
}

static void print_day(struct printer *p, int64_t at)
{
    char day[TEXT_TIME];

    text_day(at, day);
    if (strcmp(day, p->day) != 0)
        printf("  %-12s %s\n", p->day[0] ? "" : "history", day);
    memcpy(p->day, day, sizeof day);
}

// Time, what it is about, what happened and why. The end of a repair is told once, although it ends the case, too.
static void print_step(struct printer *p, const struct record *r)
{
    const char *about = record_get_or(r, "about", record_get_or(r, "state", "?"));
    const char *text = record_get_or(r, "text", "");
    char of_day[TEXT_TIME], safe[TEXT_SAFE];
    int64_t at = 0;

    if (strcmp(about, "end") == 0 && strcmp(text_safe(text, safe, sizeof safe), p->text) == 0)
        return;
    record_get_i64(r, "at_us", &at);
    text_time_of_day(at, of_day);
    print_day(p, at);
    text_safe(text, p->text, sizeof p->text);
    printf("    %-12s  %-12s %s\n", of_day, text_safe(about, safe, sizeof safe), p->text);
    step_detail(r, "guest_kvno", "the guest holds key version ", "ad_kvno", ", AD ");
    step_detail(r, "guest_set_at", "the guest's password is of ", "ad_set_at", ", AD's of ");
    // That the usual one did is no news.
    if (strncmp(record_get_or(r, "engine", "direct"), "direct", 6) != 0) {
        below();
        say_also(r, "engine", "the disk was read by ", "\n");
    }
    step_detail(r, "binding", "bound to ", "binding_sid", ", ");
    step_dc(p, r);
    if (record_get(r, "offset_ms")) {
        below();
        say_also(r, "offset_ms", "the guest's clock was off by ", " ms\n");
    }
}

static void print_job(const struct record *r)
{
    const char *state = record_get_or(r, "state", "?");
    bool ended = strcmp(state, "ended") == 0;

    say_label("repair");
    if (!ended)
        say_coloured(state);
    say_also(r, "attempt", ended ? "attempt " : ", attempt ", "");
    say_also(r, "dc", " on ", "");
    if (record_get(r, "kvno_before")) {
        say_also(r, "kvno_before", "; AD's key version ", " before");
        say_also(r, "kvno_reset", ", ", " after the reset");
        say_also(r, "kvno_after", ", ", " in the end");
    }
    putchar('\n');
    if (ended)
        return;
    say_time(r, "next_us", "next try");
    say_time(r, "deadline_us", "gives up at");
}

static void binding_row(struct printer *p, const struct record *r)
{
    static const char *const headers[] = {"GUEST", "COMPUTER", "DOMAIN", "BY", "SINCE", "SID", NULL};
    char since[TEXT_TIME];
    const char *cells[] = {record_get_or(r, "name", record_get(r, "guest")),
                           record_get(r, "computer"),
                           record_get(r, "domain"),
                           record_get(r, "how"),
                           time_cell(r, "since_us", since),
                           record_get(r, "sid")};

    table_row(&p->table, headers, cells);
}

static void print_finding(const struct record *r)
{
    const char *result = record_get_or(r, "result", "unknown");

    say_coloured(result);
    printf("%*s", (int)(strlen(result) < 8 ? 8 - strlen(result) : 1), "");
    printf("%-16s ", record_get_or(r, "id", "?"));
    say(record_get_or(r, "text", ""));
    putchar('\n');
    if (strcmp(result, "good") != 0 && record_get(r, "next")) {
        printf("%-8s%-16s ", "", "");
        say_also(r, "next", "-> ", "\n");
    }
}

// Times as people read them; all else as it was reported.
static void evidence_line(const struct record *r, const char *key, const char *value)
{
    static const char *const filetimes[] = {"pwd_last_set", "set_at", "password.filetime"};
    char text[TEXT_TIME + FILETIME_TEXT];
    size_t len = strlen(key);
    uint64_t filetime;
    int64_t us;

    for (size_t i = 0; i < ARRAY_SIZE(filetimes); i++)
        if (strcmp(key, filetimes[i]) == 0 && record_get_u64(r, key, &filetime) == 0 &&
            filetime_plausible(filetime)) {
            filetime_text(filetime, text);
            value = text;
        }
    if (len > 3 && strcmp(key + len - 3, "_us") == 0 && record_get_i64(r, key, &us) == 0) {
        text_time(us, text);
        value = text;
        len -= 3;
    }
    printf("    %-34.*s ", (int)len, key);
    say(value);
    putchar('\n');
}

static void print_evidence(const struct record *r)
{
    fputs("  evidence: ", stdout);
    say(record_get_or(r, "source", "?"));
    putchar('\n');
    for (size_t i = 2; i < record_count(r); i++) {
        const char *key, *value;
        size_t len;

        record_at(r, i, &key, &value, &len);
        if (strcmp(key, "source") == 0)
            continue;
        evidence_line(r, key, value);
    }
}

// A table ends where another noun begins.
static void print_line(struct printer *p, const struct record *r)
{
    const char *type = record_type(r);

    print_end(p);
    if (strcmp(type, "status") == 0)
        print_status(r);
    else if (strcmp(type, "guest") == 0)
        print_guest(r);
    else if (strcmp(type, "case") == 0)
        print_case(r);
    else if (strcmp(type, "step") == 0)
        print_step(p, r);
    else if (strcmp(type, "job") == 0)
        print_job(r);
    else if (strcmp(type, "finding") == 0)
        print_finding(r);
    else if (strcmp(type, "evidence") == 0)
        print_evidence(r);
    else
        say_line(r, "text", type);
}

void print_record(struct printer *p, const struct record *r)
{
    bool shows = strcmp(p->command, "show") == 0;

    if (diagnose_record(&p->diagnose, r) || policy_record(&p->table, r))
        return;
    if (record_is(r, "guest") && strcmp(p->command, "list") == 0)
        print_guest_row(p, r);
    else if (record_is(r, "case") && (shows || strcmp(p->command, "list") == 0))
        case_row(p, r);
    else if (record_is(r, "binding") && !shows)
        binding_row(p, r);
    else if (record_is(r, "binding"))
        say_time(r, "since_us", "bound since");
    else
        print_line(p, r);
}

void print_end(struct printer *p)
{
    diagnose_end(&p->diagnose);
    table_print(&p->table);
}
