// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/core/quiet.h"

#include "common/cleanup.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static const char *const day_names[] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
enum { DAYS = 7, EVERY_DAY = (1 << DAYS) - 1 };

static int day(const char **text)
{
    for (int i = 0; i < DAYS; i++)
        if (strncasecmp(*text, day_names[i], 3) == 0) {
            *text += 3;
            return i;
        }
    return -EINVAL;
}

// "Mon-Fri", "Sat,Sun", "Fri-Mon"
static int parse_days(const char *word, unsigned *ret)
{
    unsigned days = 0;

    for (;;) {
        int from = day(&word), to = from;

        if (*word == '-') {
            word++;
            to = day(&word);
        }
        if (from < 0 || to < 0)
            return -EINVAL;
        for (int i = from;; i = (i + 1) % DAYS) {
            days |= 1U << i;
            if (i == to)
                break;
        }
        if (!*word)
            break;
        if (*word++ != ',')
            return -EINVAL;
    }
    *ret = days;
    return 0;
}

static bool digit(char c)
{
    return c >= '0' && c <= '9';
}

static int clock_time(const char **text)
{
    const char *p = *text;
    int hours, minutes;

    if (!digit(p[0]) || !digit(p[1]) || p[2] != ':' || !digit(p[3]) || !digit(p[4]))
        return -EINVAL;
    hours = (p[0] - '0') * 10 + p[1] - '0';
    minutes = (p[3] - '0') * 10 + p[4] - '0';
    if (minutes > 59 || hours * 60 + minutes > QUIET_DAY)
        return -EINVAL;
    *text += 5;
    return hours * 60 + minutes;
}

static int parse_times(const char *word, struct quiet_span *span)
{
    span->from = clock_time(&word);
    if (span->from < 0 || *word++ != '-')
        return -EINVAL;
    span->to = clock_time(&word);
    return span->to < 0 || *word || span->from == QUIET_DAY || span->from == span->to ? -EINVAL : 0;
}

static int parse_zone(const char *word, char ret[static QUIET_ZONE])
{
    if (strlen(word) >= QUIET_ZONE || *word == '/' || strstr(word, ".."))
        return -EINVAL;
    for (const char *p = word; *p; p++)
        if (!((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || digit(*p) || strchr("/_-+", *p)))
            return -EINVAL;
    snprintf(ret, QUIET_ZONE, "%s", word);
    return 0;
}

// The next word, apart by blanks; false when there is none, or it is too long to be one.
static bool next_word(const char **text, char *ret, size_t size)
{
    size_t len;

    *text += strspn(*text, " ");
    len = strcspn(*text, " ");
    if (len == 0 || len >= size)
        return false;
    snprintf(ret, size, "%.*s", (int)len, *text);
    *text += len;
    return true;
}

int quiet_parse(const char *text, struct quiet_span *ret)
{
    struct quiet_span span = {.days = EVERY_DAY, .to = QUIET_DAY};
    bool days = false, times = false, zone = false;
    char word[QUIET_ZONE];

    while (next_word(&text, word, sizeof word)) {
        if (!days && !times && !zone && parse_days(word, &span.days) == 0)
            days = true;
        else if (!times && !zone && digit(word[0])) {
            if (parse_times(word, &span) < 0)
                return -EINVAL;
            times = true;
        } else if (!zone && parse_zone(word, span.zone) == 0)
            zone = true;
        else
            return -EINVAL;
    }
    if (*text || (!days && !times))
        return -EINVAL;
    *ret = span;
    return 0;
}

int quiet_left(const struct quiet_span *span, int weekday, int minute)
{
    bool today = span->days & 1U << weekday;
    bool since_yesterday = span->days & 1U << (weekday + DAYS - 1) % DAYS;
    int left = 0;

    if (span->from < span->to)
        return today && minute >= span->from && minute < span->to ? span->to - minute : 0;
    if (since_yesterday && minute < span->to)
        left = span->to - minute;
    if (today && minute >= span->from)
        left = QUIET_DAY - minute + span->to;
    return left;
}
