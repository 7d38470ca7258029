// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/cli/text.h"

#include "common/cleanup.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

// One character of UTF-8: its length, and the character; 0 when the bytes are none.
static size_t character(const char *text, uint32_t *ret)
{
    static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    const unsigned char *p = (const unsigned char *)text;
    size_t len = *p < 0x80                 ? 1
                 : *p >= 0xc0 && *p < 0xe0 ? 2
                 : *p >= 0xe0 && *p < 0xf0 ? 3
                 : *p >= 0xf0              ? 4
                                           : 0;
    uint32_t c = len < 2 ? *p : *p & (0x7fu >> len);

    if (len == 0 || *p >= 0xf8)
        return 0;
    for (size_t i = 1; i < len; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return 0;
        c = c << 6 | (p[i] & 0x3f);
    }
    if (c < smallest[len] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
        return 0;
    *ret = c;
    return len;
}

static bool harmless(uint32_t c)
{
    if (c < 0x20 || (c >= 0x7f && c < 0xa0))
        return false;
    return !(c == 0x200e || c == 0x200f || (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069));
}

const char *text_safe(const char *text, char *ret, size_t size)
{
    size_t n = 0;

    for (const char *p = text ? text : ""; *p;) {
        uint32_t c = 0;

        if (*p >= 0x20 && *p < 0x7f && n + 5 <= size) { // nearly all of them
            ret[n++] = *p++;
            continue;
        }

        size_t len = character(p, &c);
        bool good = len && harmless(c);
        size_t out = good ? len : 1;

        if (n + out + 4 > size) {
            strcpy(ret + n, "...");
            return ret;
        }
        memcpy(ret + n, good ? p : "?", out);
        n += out;
        p += len ? len : 1;
    }
    ret[n] = '\0';
    return ret;
}

size_t text_width(const char *text)
{
    size_t n = 0;

    for (; *text; text++)
        n += ((unsigned char)*text & 0xc0) != 0x80;
    return n;
}

static bool local(int64_t us, struct tm *ret)
{
    time_t seconds = (time_t)(us / 1000000);

    return us > 0 && localtime_r(&seconds, ret);
}

void text_time(int64_t us, char ret[static TEXT_TIME])
{
    struct tm tm;

    if (!local(us, &tm) || strftime(ret, TEXT_TIME, "%Y-%m-%d %H:%M:%S %Z", &tm) == 0)
        strcpy(ret, "-");
}

void text_day(int64_t us, char ret[static TEXT_TIME])
{
    struct tm tm;

    if (!local(us, &tm) || strftime(ret, TEXT_TIME, "%Y-%m-%d (%Z)", &tm) == 0)
        strcpy(ret, "-");
}

void text_time_of_day(int64_t us, char ret[static TEXT_TIME])
{
    struct tm tm;

    strcpy(ret, "-");
    if (local(us, &tm))
        snprintf(ret, TEXT_TIME, "%02d:%02d:%02d.%03d", tm.tm_hour, tm.tm_min, tm.tm_sec,
                 (int)(us / 1000 % 1000));
}

static bool coloured(void)
{
    static int answer = -1; // a system call for each word of a long table would cost more than the table

    if (answer < 0)
        answer = isatty(STDOUT_FILENO) && !getenv("NO_COLOR");
    return answer;
}

const char *text_colour(const char *word)
{
    static const char *const good[] = {"in-step", "proven", "good", "connected", "installed"};
    static const char *const bad[] = {"behind",
                                      "failed",
                                      "claimed",
                                      "silent",
                                      "refused",
                                      "bad",
                                      "absent",
                                      "lost",
                                      "identity-mismatch",
                                      "other-directory",
                                      "twin",
                                      "recurring",
                                      "changed-elsewhere",
                                      "account-missing",
                                      "account-disabled",
                                      "account-recreated"};

    if (!coloured())
        return "";
    for (size_t i = 0; i < ARRAY_SIZE(good); i++)
        if (strcmp(word, good[i]) == 0)
            return "\033[32m";
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        if (strcmp(word, bad[i]) == 0)
            return "\033[31m";
    return "";
}

const char *text_plain(void)
{
    return coloured() ? "\033[0m" : "";
}
