// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/directory/silence.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

enum { SECOND = 1000 * 1000, LINE_TEXT = HOST_TEXT + 48 };

static size_t index_of(const struct silence *s, const char *host)
{
    size_t i = 0;

    while (i < s->n && strcasecmp(s->items[i].host, host) != 0)
        i++;
    return i;
}

const struct silent *silence_find(const struct silence *s, const char *host)
{
    size_t i = index_of(s, host);

    return i < s->n ? &s->items[i] : NULL;
}

static void drop(struct silence *s, size_t at)
{
    s->n--;
    memmove(&s->items[at], &s->items[at + 1], (s->n - at) * sizeof s->items[0]);
}

static void add(struct silence *s, const struct silent *one)
{
    size_t oldest = 0;

    if (s->n == SILENCE_MAX) {
        for (size_t i = 1; i < s->n; i++)
            if (s->items[i].asked_us < s->items[oldest].asked_us)
                oldest = i;
        drop(s, oldest);
    }
    s->items[s->n++] = *one;
}

void silence_parse(const char *text, int64_t now_us, struct silence *ret)
{
    *ret = (struct silence){0};
    for (const char *line = text, *end; *line; line = *end ? end + 1 : end) {
        struct silent one = {0};
        char copy[LINE_TEXT];

        end = line + strcspn(line, "\n");
        if (end - line >= LINE_TEXT)
            continue;
        snprintf(copy, sizeof copy, "%.*s", (int)(end - line), line);
        if (sscanf(copy, "%255s %" SCNd64 " %" SCNd64, one.host, &one.since_us, &one.asked_us) != 3 ||
            !hostname_valid(one.host) || one.since_us > one.asked_us || one.asked_us > now_us ||
            now_us - one.asked_us > (int64_t)SILENCE_KEPT_S * SECOND || silence_find(ret, one.host))
            continue;
        add(ret, &one);
    }
}

char *silence_format(const struct silence *s)
{
    char *text = calloc(SILENCE_MAX, LINE_TEXT), *at = text;

    for (size_t i = 0; text && i < s->n; i++)
        at += snprintf(at, LINE_TEXT, "%s %" PRId64 " %" PRId64 "\n", s->items[i].host, s->items[i].since_us,
                       s->items[i].asked_us);
    return text;
}

bool silence_note(struct silence *s, const char *host, bool answered, int64_t now_us)
{
    struct silent one = {.since_us = now_us, .asked_us = now_us};
    size_t i = index_of(s, host);

    if (i < s->n && answered)
        drop(s, i);
    else if (i < s->n)
        s->items[i].asked_us = now_us;
    else if (!answered && hostname_valid(host)) {
        snprintf(one.host, sizeof one.host, "%s", host);
        add(s, &one);
    } else
        return false;
    return true;
}

bool silence_rests(struct silence *s, const char *host, int64_t now_us, bool *ret_changed)
{
    size_t i = index_of(s, host);

    if (i == s->n)
        return false;
    if (now_us - s->items[i].asked_us < (int64_t)SILENCE_REST_S * SECOND)
        return true;
    s->items[i].asked_us = now_us;
    *ret_changed = true;
    return false;
}

void silence_text(const struct silent *s, int64_t now_us, char ret[static SILENCE_TEXT])
{
    time_t since = (time_t)(s->since_us / SECOND);
    struct tm tm;
    char when[48];

    gmtime_r(&since, &tm);
    strftime(when, sizeof when, "%Y-%m-%d %H:%M:%S", &tm);
    snprintf(ret, SILENCE_TEXT, "has not answered since %s UTC, and was asked %" PRId64 " s ago", when,
             (now_us - s->asked_us) / SECOND);
}
