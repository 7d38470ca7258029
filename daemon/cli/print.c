// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
// Records as text for people: tables for lists, lines for one noun. A guest's words are shown without control
// characters: they must not reach the terminal.
#include "daemon/cli/cli.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static char last_type[RECORD_KEY_MAX + 1];

// Static buffers, a few at once: the callers are printf lines.
static const char *shown(const struct record *r, const char *key, const char *fallback)
{
    static char buffers[8][640];
    static unsigned turn;
    char *out = buffers[turn++ % ARRAY_SIZE(buffers)];
    const char *value = record_get_or(r, key, "");
    size_t n = 0;

    if (!value[0])
        return fallback;
    for (; *value && n < sizeof buffers[0] - 1; value++)
        out[n++] = (unsigned char)*value < 0x20 || *value == 0x7f ? '?' : *value;
    out[n] = '\0';
    return out;
}

static const char *local_time(const struct record *r, const char *key, bool date)
{
    static char text[4][64];
    static unsigned turn;
    char *out = text[turn++ % ARRAY_SIZE(text)];
    struct tm tm;
    int64_t us;
    time_t seconds;
    size_t n;

    if (record_get_i64(r, key, &us) < 0 || us <= 0)
        return "-";
    seconds = (time_t)(us / 1000000);
    localtime_r(&seconds, &tm);
    n = strftime(out, sizeof text[0], date ? "%Y-%m-%d %H:%M:%S" : "%H:%M:%S", &tm);
    if (date)
        strftime(out + n, sizeof text[0] - n, " %Z", &tm);
    else
        snprintf(out + n, sizeof text[0] - n, ".%03d", (int)(us / 1000 % 1000));
    return out;
}

static const char *colour(const char *code)
{
    return isatty(STDOUT_FILENO) && !getenv("NO_COLOR") ? code : "";
}

static const char *mood(const char *word)
{
    static const char *const good[] = {"in-step", "proven", "good", "connected"};
    static const char *const bad[] = {"behind", "failed", "claimed", "silent", "refused", "bad", "identity-mismatch",
                                      "absent", "lost"};

    for (size_t i = 0; i < ARRAY_SIZE(good); i++)
        if (strcmp(word, good[i]) == 0)
            return colour("\033[32m");
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        if (strcmp(word, bad[i]) == 0)
            return colour("\033[31m");
    return "";
}

// "label  value", left out when the value is unknown.
static void line(const struct record *r, const char *key, const char *label)
{
    const char *value = shown(r, key, "");

    if (value[0])
        printf("  %-12s %s\n", label, value);
}

static void print_status(const struct record *r)
{
    const char *watch = shown(r, "watch", "?");

    printf("virtrustd %s, mode %s, since %s\n", shown(r, "version", "?"), shown(r, "mode", "?"),
           local_time(r, "since_us", true));
    printf("  %-12s %s%s%s\n", "libvirt", mood(watch), watch, colour("\033[0m"));
    printf("  %-12s %s known, %s running, %s bound\n", "guests", shown(r, "guests", "0"), shown(r, "running", "0"),
           shown(r, "bound", "0"));
    printf("  %-12s %s open, %s awaiting approval, %s repairs under way\n", "cases", shown(r, "open_cases", "0"),
           shown(r, "waiting_approval", "0"), shown(r, "open_jobs", "0"));
    line(r, "config", "config");
    for (unsigned i = 0; i < 64; i++) {
        char key[32];

        snprintf(key, sizeof key, "note.%u", i);
        if (!record_get(r, key))
            break;
        printf("  note: %s\n", shown(r, key, ""));
    }
}

static void print_guest(const struct record *r, bool first)
{
    const char *verdict = shown(r, "verdict", "-");

    if (first)
        printf("%-24s %-8s %-8s %-18s %-10s %6s  %s\n", "GUEST", "STATE", "MODE", "VERDICT", "OUTCOME", "CASE", "BINDING");
    printf("%-24s %-8s %-8s %s%-18s%s %-10s %6s  %s\n", shown(r, "name", "?"), shown(r, "state", "?"),
           shown(r, "mode", "?"), mood(verdict), verdict, colour("\033[0m"), shown(r, "outcome", "-"),
           shown(r, "case", "-"), shown(r, "computer", "none"));
}

static void print_case(const struct record *r)
{
    const char *outcome = shown(r, "outcome", "?"), *verdict = shown(r, "verdict", "not judged yet");

    printf("case %s: %s, %s\n", shown(r, "id", "?"), shown(r, "name", "?"), shown(r, "kind", "?"));
    printf("  %-12s %s\n", "opened", local_time(r, "opened_us", true));
    printf("  %-12s %s%s%s%s%s\n", "verdict", mood(verdict), verdict, colour("\033[0m"), record_get(r, "cause") ? ", " : "",
           shown(r, "cause", ""));
    if (strcmp(outcome, "open") == 0)
        line(r, "state", "state");
    else
        printf("  %-12s %s%s%s\n", "outcome", mood(outcome), outcome, colour("\033[0m"));
    line(r, "text", "because");
    line(r, "would", "virtrust");
    line(r, "next", "next");
}

static void print_step(const struct record *r, bool first)
{
    if (first)
        puts("  history");
    printf("    %s  %-18s %s\n", local_time(r, "at_us", false), shown(r, "state", "?"), shown(r, "text", ""));
    if (record_get(r, "guest_kvno") || record_get(r, "ad_kvno"))
        printf("    %-12s  %-18s guest key version %s, AD %s\n", "", "", shown(r, "guest_kvno", "unknown"),
               shown(r, "ad_kvno", "unknown"));
    if (record_get(r, "guest_set_at") || record_get(r, "ad_set_at"))
        printf("    %-12s  %-18s guest's password of %s, AD's of %s\n", "", "", shown(r, "guest_set_at", "unknown"),
               shown(r, "ad_set_at", "unknown"));
    if (record_get(r, "binding"))
        printf("    %-12s  %-18s bound to %s (%s, by %s)\n", "", "", shown(r, "binding", "?"),
               shown(r, "binding_sid", "?"), shown(r, "binding_how", "?"));
}

static void print_job(const struct record *r)
{
    printf("  repair       %s", shown(r, "state", "?"));
    if (record_get(r, "dc"))
        printf(" on %s", shown(r, "dc", ""));
    if (record_get(r, "kvno_before"))
        printf("; AD's key version %s before, %s after the reset, %s now", shown(r, "kvno_before", "?"),
               shown(r, "kvno_reset", "-"), shown(r, "kvno_after", "-"));
    putchar('\n');
}

static void print_binding(const struct record *r, bool first)
{
    if (first)
        printf("%-24s %-20s %-24s %-14s %s\n", "GUEST", "COMPUTER", "DOMAIN", "BY", "SID");
    printf("%-24s %-20s %-24s %-14s %s\n", shown(r, "name", shown(r, "guest", "?")), shown(r, "computer", "?"),
           shown(r, "domain", "?"), shown(r, "how", "?"), shown(r, "sid", "?"));
}

static void print_finding(const struct record *r)
{
    const char *result = shown(r, "result", "unknown");

    printf("%s%-7s%s %-16s %s\n", mood(result), result, colour("\033[0m"), shown(r, "id", "?"), shown(r, "text", ""));
    if (strcmp(result, "good") != 0 && record_get(r, "next"))
        printf("%-7s %-16s -> %s\n", "", "", shown(r, "next", ""));
}

static void print_evidence(const struct record *r)
{
    printf("  evidence: %s\n", shown(r, "source", "?"));
    for (size_t i = 2; i < record_count(r); i++) {
        const char *key, *value;
        size_t len;

        record_at(r, i, &key, &value, &len);
        if (strcmp(key, "source") != 0)
            printf("    %-34s %s\n", key, shown(r, key, ""));
    }
}

void print_record(const struct record *r)
{
    const char *type = record_type(r);
    bool first = strcmp(last_type, type) != 0;

    if (strcmp(type, "status") == 0)
        print_status(r);
    else if (strcmp(type, "guest") == 0)
        print_guest(r, first);
    else if (strcmp(type, "case") == 0)
        print_case(r);
    else if (strcmp(type, "step") == 0)
        print_step(r, first);
    else if (strcmp(type, "job") == 0)
        print_job(r);
    else if (strcmp(type, "binding") == 0)
        print_binding(r, first);
    else if (strcmp(type, "finding") == 0)
        print_finding(r);
    else if (strcmp(type, "evidence") == 0)
        print_evidence(r);
    snprintf(last_type, sizeof last_type, "%s", type);
}

void print_end(void)
{
    last_type[0] = '\0';
}
