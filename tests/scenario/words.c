// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// The words of a line: key=value, and times.
#include "tests/scenario/script.h"

#include "common/cleanup.h"
#include "common/filetime.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int script_fail(struct script *s, const char *format, ...)
{
    int n = snprintf(s->error, sizeof s->error, "%s:%u: ", s->file, s->line);
    va_list args;

    va_start(args, format);
    vsnprintf(s->error + n, sizeof s->error - (size_t)n, format, args);
    va_end(args);
    return -1;
}

int script_time(struct script *s, const char *text, int64_t *ret)
{
    static const struct {
        char unit;
        double seconds;
    } units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}};
    char *end;
    double value = strtod(text, &end);

    for (size_t i = 0; i < ARRAY_SIZE(units); i++)
        if (end > text && end[0] == units[i].unit && !end[1]) {
            *ret = s->stage->start + (int64_t)(value * units[i].seconds * SECOND);
            return 0;
        }
    return script_fail(s, "\"%s\" is no time such as 12.5s, 10m, 3h or -5d", text);
}

int script_word(struct script *s, struct script_words *w)
{
    char *word;

    while ((word = strsep(&w->rest, " "))) {
        if (!word[0])
            continue;
        w->value = strchr(word, '=');
        if (!w->value)
            return script_fail(s, "\"%s\" is no key=value", word);
        *w->value++ = '\0';
        w->key = word;
        return 1;
    }
    return 0;
}

struct record *script_record(struct script *s, const char *type, char *rest)
{
    struct record *r = record_new(type);
    struct script_words w = {.rest = rest};
    int rc;

    while ((rc = script_word(s, &w)) > 0)
        record_set(r, w.key, w.value);
    return rc < 0 ? record_free(r) : r;
}

const char *script_default(struct record *r, const char *key, const char *fallback)
{
    if (!record_get(r, key))
        record_add(r, key, fallback);
    return record_get(r, key);
}

int script_filetime(struct script *s, const char *text, uint64_t *ret)
{
    int64_t us;

    if (!text || strcmp(text, "?") == 0) {
        *ret = 0;
        return 0;
    }
    if (script_time(s, text, &us) < 0)
        return -1;
    *ret = filetime_from_us(us);
    return 0;
}
