// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
// What `status` says.
#include "common/plural.h"
#include "daemon/cli/print.h"
#include "daemon/cli/say.h"

#include <stdio.h>
#include <string.h>

static void print_notes(const struct record *r)
{
    for (unsigned i = 0; i < RECORD_KEYS_MAX; i++) {
        char key[32];

        snprintf(key, sizeof key, "note.%u", i);
        if (!record_get(r, key))
            return;
        say_line(r, key, "note");
    }
}

static bool is_some(const struct record *r, const char *key)
{
    return strcmp(record_get_or(r, key, "0"), "0") != 0;
}

// "1 repair", "2 repairs": the number, and the form of the word that belongs to it.
static void say_count(const struct record *r, const char *key, const char *before, const char *one,
                      const char *many)
{
    uint64_t number = 0;

    record_get_u64(r, key, &number);
    say_also(r, key, before, plural(number, one, many));
}

// What virtrust is busy with; at rest there is nothing to say.
static void print_queue(const struct record *r)
{
    char since[TEXT_TIME];

    if (is_some(r, "looks") || is_some(r, "looks_waiting")) {
        say_label("looks");
        say_also(r, "looks", "", " under way");
        say_also(r, "looks_most", " (at most ", ")");
        say_also(r, "looks_waiting", ", ", " waiting");
        if (record_get(r, "looks_oldest_us"))
            printf(", the oldest since %s", time_cell(r, "looks_oldest_us", since));
        putchar('\n');
    }
    if (is_some(r, "questions") || is_some(r, "questions_waiting") || is_some(r, "directory_waiting")) {
        say_label("directory");
        say_count(r, "questions", "", " question under way", " questions under way");
        say_also(r, "questions_waiting", ", ", " waiting");
        say_count(r, "directory_running", "; ", " request of any kind", " requests of all kinds");
        say_also(r, "directory_waiting", ", ", " more waiting");
        putchar('\n');
    }
    if (is_some(r, "deliver_running") || is_some(r, "deliver_waiting")) {
        say_label("agents");
        say_count(r, "deliver_running", "", " guest spoken with", " guests spoken with");
        say_also(r, "deliver_waiting", ", ", " waiting");
        putchar('\n');
    }
}

void print_status(const struct record *r)
{
    char since[TEXT_TIME];

    fputs("virtrustd", stdout);
    say_also(r, "version", " ", "");
    say_also(r, "mode", ", mode ", "");
    if (record_get(r, "since_us"))
        printf(", since %s", time_cell(r, "since_us", since));
    putchar('\n');
    say_line(r, "watch", "libvirt");
    if (record_get_bool(r, "hook") >= 0)
        printf("  %-12s %s\n", "hook", record_get_bool(r, "hook") ? "installed" : "not installed");
    say_label("guests");
    say_also(r, "guests", "", " known");
    say_also(r, "running", ", ", " running");
    say_also(r, "bound", ", ", " bound");
    putchar('\n');
    say_label("cases");
    say_also(r, "open_cases", "", " open");
    say_also(r, "waiting_approval", ", ", " waiting for approval");
    say_count(r, "open_jobs", ", ", " repair under way", " repairs under way");
    putchar('\n');
    print_queue(r);
    say_line(r, "domains", "domains");
    say_line(r, "config", "config");
    if (is_some(r, "store")) {
        say_label("store");
        printf("cannot be written since %s", time_cell(r, "store_since_us", since));
        say_also(r, "store_text", ": ", "");
        putchar('\n');
    }
    print_notes(r);
}
