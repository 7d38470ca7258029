// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/core/glob.h"

#include <stddef.h>
#include <string.h>

static unsigned char lower(unsigned char c, bool fold)
{
    return fold && c >= 'A' && c <= 'Z' ? (unsigned char)(c - 'A' + 'a') : c;
}

static bool in_range(unsigned char c, unsigned char from, unsigned char to, bool fold)
{
    if (c >= from && c <= to)
        return true;
    if (!fold)
        return false;
    c = lower(c, true);
    return (c >= lower(from, true) && c <= lower(to, true));
}

// A set at `p` (behind its bracket): is c in it? *ret_end: behind its closing one; NULL: it has none, and is no set.
static bool in_set(const char *p, unsigned char c, bool fold, const char **ret_end)
{
    bool none = *p == '!' || *p == '^', found = false;
    const char *first = none ? ++p : p;

    while (*p && (*p != ']' || p == first)) {
        unsigned char from = (unsigned char)*p++, to = from;

        if (from == '\\' && *p)
            from = to = (unsigned char)*p++;
        if (*p == '-' && p[1] && p[1] != ']') {
            to = (unsigned char)p[1];
            p += 2;
        }
        found = found || in_range(c, from, to, fold);
    }
    *ret_end = *p ? p + 1 : NULL;
    return found != none;
}

// One item of the pattern that is no star, against one character. NULL: it does not match; else behind the item.
static const char *match_one(const char *p, unsigned char c, bool fold)
{
    const char *end = NULL;

    if (!c || !*p)
        return NULL;
    if (*p == '?')
        return p + 1;
    if (*p == '[') {
        bool in = in_set(p + 1, c, fold, &end);

        if (end)
            return in ? end : NULL;
    }
    if (*p == '\\' && p[1])
        p++;
    return lower((unsigned char)*p, fold) == lower(c, fold) ? p + 1 : NULL;
}

bool glob_match(const char *pattern, const char *text, bool fold)
{
    const char *star = NULL, *again = NULL;

    // A star that turns out too short takes one character more: only the last one can.
    for (;;) {
        const char *next = NULL;

        if (*pattern == '*') {
            star = ++pattern;
            again = text;
            continue;
        }
        if (!*pattern && !*text)
            return true;
        next = match_one(pattern, (unsigned char)*text, fold);
        if (next) {
            pattern = next;
            text++;
        } else if (star && *again) {
            pattern = star;
            text = ++again;
        } else {
            return false;
        }
    }
}

bool glob_sound(const char *pattern)
{
    const char *end = NULL;

    while (*pattern) {
        if (*pattern == '[') {
            in_set(pattern + 1, 0, false, &end);
            if (!end)
                return false;
            pattern = end;
        } else {
            pattern += *pattern == '\\' && pattern[1] ? 2 : 1;
        }
    }
    return true;
}

bool glob_is(const char *pattern)
{
    return pattern[strcspn(pattern, "*?[")] != '\0';
}
