// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/cli/progress.h"

#include "daemon/cli/text.h"

#include <stdio.h>
#include <unistd.h>

static void clear_line(struct progress *p)
{
    if (p->open)
        fputs("\r\033[K", stdout);
    p->open = false;
}

static void say_how_far(const struct progress *p)
{
    printf("%u of %u looked at, %u behind", p->looked, p->guests, p->behind);
    if (p->unread)
        printf(", %u could not be looked at", p->unread);
}

static void show(struct progress *p)
{
    unsigned tenths = p->guests ? (unsigned)((uint64_t)p->looked * 10 / p->guests) : 10;

    if (isatty(STDOUT_FILENO)) {
        clear_line(p);
        say_how_far(p);
        p->open = true;
    } else if (tenths > p->tenths && p->looked < p->guests) {
        p->tenths = tenths;
        say_how_far(p);
        putchar('\n');
    }
    fflush(stdout);
}

static void put(const struct record *r, const char *key)
{
    char safe[TEXT_SAFE];

    fputs(text_safe(record_get_or(r, key, "?"), safe, sizeof safe), stdout);
}

static void tell_guest(struct progress *p, const struct record *r)
{
    const char *verdict = record_get_or(r, "verdict", "unknown");

    clear_line(p);
    printf("%s%-18s%s ", text_colour(verdict), verdict, text_colour(verdict)[0] ? text_plain() : "");
    put(r, "name");
    fputs(", case ", stdout);
    put(r, "case");
    fputs(": ", stdout);
    put(r, "text");
    putchar('\n');
}

void progress_record(struct progress *p, const struct record *r)
{
    bool behind = record_get_bool(r, "behind") == 1;
    bool unread = record_get_bool(r, "unread") == 1;
    uint64_t guests;

    if (record_is(r, "sweep") && record_get_u64(r, "guests", &guests) == 0)
        p->guests = guests < UINT32_MAX ? (unsigned)guests : UINT32_MAX;
    if (record_is(r, "looked")) {
        p->looked++;
        p->behind += behind;
        p->unread += unread;
        if (p->looked > p->guests) // more were defined since it began
            p->guests = p->looked;
        if (behind || unread)
            tell_guest(p, r);
    }
    show(p);
}

void progress_end(struct progress *p)
{
    clear_line(p);
    say_how_far(p);
    putchar('\n');
    fflush(stdout);
}
