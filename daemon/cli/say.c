// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/cli/say.h"

#include <stdio.h>

void say_label(const char *name)
{
    printf("  %-12s ", name);
}

void say(const char *text)
{
    char safe[TEXT_SAFE];

    fputs(text_safe(text, safe, sizeof safe), stdout);
}

void say_coloured(const char *word)
{
    fputs(text_colour(word), stdout);
    say(word);
    fputs(text_colour(word)[0] ? text_plain() : "", stdout);
}

// "  label        value", left out when the value is unknown.
void say_line(const struct record *r, const char *key, const char *name)
{
    const char *value = record_get_or(r, key, "");

    if (!value[0])
        return;
    say_label(name);
    say_coloured(value);
    putchar('\n');
}

void say_time(const struct record *r, const char *key, const char *name)
{
    char text[TEXT_TIME];
    int64_t us;

    if (record_get_i64(r, key, &us) < 0)
        return;
    text_time(us, text);
    say_label(name);
    puts(text);
}

const char *time_cell(const struct record *r, const char *key, char ret[static TEXT_TIME])
{
    int64_t us = 0;

    record_get_i64(r, key, &us);
    text_time(us, ret);
    return ret;
}

// Puts `value` behind `before` when it is there.
void say_also(const struct record *r, const char *key, const char *before, const char *behind)
{
    const char *value = record_get_or(r, key, "");

    if (!value[0])
        return;
    fputs(before, stdout);
    say_coloured(value);
    fputs(behind, stdout);
}
