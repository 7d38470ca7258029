// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/config/option.h"

#include "daemon/config/config.h"
#include "daemon/config/value.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { SHORT_WORD = 64 };

static const char *const mode_names[] = {
    [MODE_OBSERVE] = "observe", [MODE_ASK] = "ask", [MODE_REPAIR] = "repair"};

const char *config_mode_text(enum config_mode mode)
{
    return mode_names[mode];
}

static void *at(const struct option *o, void *base)
{
    return (char *)base + o->offset;
}

static const void *at_const(const struct option *o, const void *base)
{
    return (const char *)base + o->offset;
}

static int set_mode(const struct option *o, void *base, const char *text, struct err *err)
{
    for (size_t i = 0; i < ARRAY_SIZE(mode_names); i++)
        if (strcmp(text, mode_names[i]) == 0) {
            *(int *)at(o, base) = (int)i;
            return 0;
        }
    return err_set(err, -EINVAL, "'%.40s' is no mode; write observe, ask or repair", text);
}

static int set_bool(const struct option *o, void *base, const char *text, struct err *err)
{
    bool value;

    if (value_bool(text, &value) < 0)
        return err_set(err, -EINVAL, "'%.40s' is neither true nor false; write one of the two", text);
    if (o->type == OPTION_BOOL)
        *(bool *)at(o, base) = value;
    else
        *(int *)at(o, base) = value;
    return 0;
}

static int set_count(const struct option *o, void *base, const char *text, struct err *err)
{
    uint64_t value;

    if (value_count(text, &value) < 0 || value < o->min || value > o->max)
        return err_set(err, -EINVAL,
                       "'%.40s' does not fit; write a whole number from %" PRIu64 " to %" PRIu64, text,
                       o->min, o->max);
    *(unsigned *)at(o, base) = (unsigned)value;
    return 0;
}

static int set_duration(const struct option *o, void *base, const char *text, struct err *err)
{
    uint64_t ms, step = o->type == OPTION_SECONDS ? 1000 : 1;
    char min[DURATION_TEXT], max[DURATION_TEXT];

    if (value_duration(text, &ms) == 0 && ms >= o->min && ms <= o->max && ms % step == 0) {
        *(unsigned *)at(o, base) = (unsigned)(ms / step);
        return 0;
    }
    value_duration_text(o->min, min);
    value_duration_text(o->max, max);
    return err_set(err, -EINVAL, "'%.40s' does not fit; write a duration from %s to %s, such as %s", text,
                   min, max, o->initial);
}

static int set_string(const struct option *o, void *base, const char *text, struct err *err)
{
    char *copy;

    if (o->check(text) < 0)
        return err_set(err, -EINVAL, "'%.100s' does not fit; write %s", text, o->form);
    copy = strdup(text);
    if (!copy)
        return -ENOMEM;
    free(*(char **)at(o, base));
    *(char **)at(o, base) = copy;
    return 0;
}

int option_set(const struct option *o, void *base, const char *text, struct err *err)
{
    switch (o->type) {
    case OPTION_MODE:
        return set_mode(o, base, text, err);
    case OPTION_BOOL:
    case OPTION_TRISTATE:
        return set_bool(o, base, text, err);
    case OPTION_COUNT:
        return set_count(o, base, text, err);
    case OPTION_SECONDS:
    case OPTION_MS:
        return set_duration(o, base, text, err);
    case OPTION_STRING:
        return set_string(o, base, text, err);
    case OPTION_WORDS:
    case OPTION_DOMAINS:
    case OPTION_POLICIES:
        break;
    }
    return err_set(err, -EINVAL, "is a list; write its entries below it, each with a dash");
}

int option_add_word(const struct option *o, void *base, const char *text, struct err *err)
{
    struct config_words *w = at(o, base);
    char **grown;

    if (o->check(text) < 0)
        return err_set(err, -EINVAL, "'%.100s' does not fit; write %s", text, o->form);
    grown = realloc(w->items, (w->count + 1) * sizeof *grown);
    if (!grown)
        return -ENOMEM;
    w->items = grown;
    w->items[w->count] = strdup(text);
    if (!w->items[w->count])
        return -ENOMEM;
    w->count++;
    return 0;
}

void option_clear_words(const struct option *o, void *base)
{
    struct config_words *w = at(o, base);

    for (size_t i = 0; i < w->count; i++)
        free(w->items[i]);
    free(w->items);
    *w = (struct config_words){0};
}

int option_no_words(const struct option *o, void *base)
{
    struct config_words *w = at(o, base);

    w->items = calloc(1, sizeof *w->items);
    return w->items ? 0 : -ENOMEM;
}

// "[one, two]"
static int default_words(const struct option *o, void *base)
{
    const char *p = o->initial + 1;
    char word[SHORT_WORD];

    while (*p && *p != ']') {
        size_t len = strcspn(p, ",]");
        int rc;

        snprintf(word, sizeof word, "%.*s", (int)len, p);
        rc = option_add_word(o, base, word, NULL);
        if (rc < 0)
            return rc;
        p += len;
        p += strspn(p, ", ");
    }
    return 0;
}

static void words_text(const struct config_words *w, char ret[static OPTION_TEXT])
{
    size_t n = (size_t)snprintf(ret, OPTION_TEXT, "[");

    for (size_t i = 0; i < w->count && n < OPTION_TEXT - 2; i++)
        n += (size_t)snprintf(ret + n, OPTION_TEXT - n, "%s%s", i ? ", " : "", w->items[i]);
    if (n > OPTION_TEXT - 2)
        n = OPTION_TEXT - 2;
    strcpy(ret + n, "]");
}

// In a policy, what is left out inherits: -1 stands for that.
int option_default(const struct option *o, void *base)
{
    if (o->type == OPTION_TRISTATE || (o->type == OPTION_MODE && !o->initial))
        *(int *)at(o, base) = -1;
    if (!o->initial || strcmp(o->initial, "[]") == 0)
        return 0;
    return o->type == OPTION_WORDS ? default_words(o, base) : option_set(o, base, o->initial, NULL);
}

static void duration_text(uint64_t ms, char *ret)
{
    char text[DURATION_TEXT];

    value_duration_text(ms, text);
    strcpy(ret, text);
}

void option_text(const struct option *o, const void *base, char ret[static OPTION_TEXT])
{
    const void *p = at_const(o, base);
    int number;

    ret[0] = '\0';
    switch (o->type) {
    case OPTION_MODE:
        number = *(const int *)p;
        strcpy(ret, number < 0 ? "" : mode_names[number]);
        break;
    case OPTION_BOOL:
        strcpy(ret, *(const bool *)p ? "true" : "false");
        break;
    case OPTION_TRISTATE:
        number = *(const int *)p;
        strcpy(ret, number < 0 ? "" : number ? "true" : "false");
        break;
    case OPTION_COUNT:
        snprintf(ret, OPTION_TEXT, "%u", *(const unsigned *)p);
        break;
    case OPTION_SECONDS:
        duration_text((uint64_t) * (const unsigned *)p * 1000, ret);
        break;
    case OPTION_MS:
        duration_text(*(const unsigned *)p, ret);
        break;
    case OPTION_STRING:
        snprintf(ret, OPTION_TEXT, "%s", *(char *const *)p ? *(char *const *)p : "");
        break;
    case OPTION_WORDS:
        words_text(p, ret);
        break;
    case OPTION_DOMAINS:
    case OPTION_POLICIES:
        strcpy(ret, *(void *const *)p ? "[...]" : "[]");
        break;
    }
}
