// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/config/value.h"

#include "daemon/config/rule.h"
#include "daemon/config/zone.h"
#include "daemon/core/glob.h"
#include "daemon/core/quiet.h"
#include "daemon/core/words.h"

#include "common/cleanup.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static const struct unit {
    const char *name;
    uint64_t ms;
} units[] = {{"d", 86400000}, {"h", 3600000}, {"m", 60000}, {"s", 1000}, {"ms", 1}};

int value_bool(const char *text, bool *ret)
{
    bool yes = strcmp(text, "true") == 0;

    if (!yes && strcmp(text, "false") != 0)
        return -EINVAL;
    *ret = yes;
    return 0;
}

// Reads digits; *ret_rest is what follows.
static int number(const char *text, uint64_t *ret, const char **ret_rest)
{
    uint64_t value = 0;

    if (*text < '0' || *text > '9')
        return -EINVAL;
    for (; *text >= '0' && *text <= '9'; text++)
        if (__builtin_mul_overflow(value, 10, &value) || __builtin_add_overflow(value, *text - '0', &value))
            return -EINVAL;
    *ret = value;
    *ret_rest = text;
    return 0;
}

int value_count(const char *text, uint64_t *ret)
{
    uint64_t value;

    if (number(text, &value, &text) < 0 || *text != '\0')
        return -EINVAL;
    *ret = value;
    return 0;
}

int value_duration(const char *text, uint64_t *ret_ms)
{
    uint64_t value;

    if (number(text, &value, &text) < 0)
        return -EINVAL;
    for (size_t i = 0; i < ARRAY_SIZE(units); i++)
        if (strcmp(text, units[i].name) == 0) {
            if (__builtin_mul_overflow(value, units[i].ms, &value))
                return -EINVAL;
            *ret_ms = value;
            return 0;
        }
    return -EINVAL;
}

void value_duration_text(uint64_t ms, char ret[static DURATION_TEXT])
{
    const struct unit *unit = units;

    if (ms == 0)
        unit = &units[3]; // 0s
    while (ms % unit->ms != 0)
        unit++;
    snprintf(ret, DURATION_TEXT, "%" PRIu64 "%s", ms / unit->ms, unit->name);
}

int value_text(const char *text)
{
    if (!*text)
        return -EINVAL;
    for (; *text; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7f)
            return -EINVAL;
    return 0;
}

int value_pattern(const char *text)
{
    return value_text(text) == 0 && glob_sound(text) ? 0 : -EINVAL;
}

int value_path(const char *text)
{
    size_t len = strlen(text);

    if (*text != '/' || len >= PATH_MAX || value_text(text) < 0)
        return -EINVAL;
    return strstr(text, "/../") || (len >= 3 && strcmp(text + len - 3, "/..") == 0) ? -EINVAL : 0;
}

// Shorter than Windows' own limit for paths; no part of it is "." or ".." or ends in a dot or a blank, which Windows
// drops.
int value_windows_path(const char *text)
{
    size_t len = strlen(text);
    char drive = (char)(*text | 0x20);

    if (drive < 'a' || drive > 'z' || text[1] != ':' || text[2] != '\\' || len >= 260 || value_text(text) < 0)
        return -EINVAL;
    for (const char *part = text + 3;; part++) {
        size_t n = strcspn(part, "\\");

        if (n == 0 || strcspn(part, "/:*?\"<>|%&^!;,=") < n || part[n - 1] == '.' || part[n - 1] == ' ')
            return -EINVAL;
        part += n;
        if (!*part)
            return 0;
    }
}

static bool name_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

int value_engine(const char *text)
{
    return strcmp(text, "auto") == 0 || strcmp(text, "direct") == 0 || strcmp(text, "guestfs") == 0 ? 0
                                                                                                    : -EINVAL;
}

int value_credential(const char *text)
{
    size_t len = 0;

    while (name_char(text[len]) || (len > 0 && text[len] == '.'))
        len++;
    return len > 0 && len < 64 && !text[len] ? 0 : -EINVAL;
}

int value_host(const char *text)
{
    size_t label = 0;

    if (!*text || strlen(text) > 253)
        return -EINVAL;
    for (; *text; text++) {
        if (*text == '.' ? label == 0 : !name_char(*text) || ++label > 63)
            return -EINVAL;
        if (*text == '.')
            label = 0;
    }
    return label ? 0 : -EINVAL;
}

int value_netbios(const char *text)
{
    return strlen(text) <= 15 && value_text(text) == 0 && !strpbrk(text, "\\/:*?\"<>| ") ? 0 : -EINVAL;
}

int value_dn(const char *text)
{
    const char *dc = strcasestr(text, "DC=");

    if (value_text(text) < 0 || strlen(text) > 1024 || !dc || dc[3] == '\0')
        return -EINVAL;
    return dc == text || dc[-1] == ',' || dc[-1] == ' ' ? 0 : -EINVAL;
}

int value_principal(const char *text)
{
    const char *at = strrchr(text, '@');

    return value_text(text) == 0 && at && at > text && value_host(at + 1) == 0 ? 0 : -EINVAL;
}

int value_service(const char *text)
{
    size_t len = 0;

    while (name_char(text[len]))
        len++;
    return len > 0 && len < 33 && text[len] == '/' && value_host(text + len + 1) == 0 ? 0 : -EINVAL;
}

int value_rule(const char *text)
{
    char ignored[RULE_TEXT];

    return value_text(text) == 0 ? rule_fill(text, "name", "title", ignored) : -EINVAL;
}

int value_policy_name(const char *text)
{
    return value_credential(text);
}

int value_ou(const char *text)
{
    return value_dn(text) == 0                                                 ? 0
           : value_pattern(text) == 0 && glob_is(text) && strlen(text) <= 1024 ? 0
                                                                               : -EINVAL;
}

int value_role(const char *text)
{
    return role_parse(text) > ROLE_UNKNOWN ? 0 : -EINVAL;
}

int value_strategy(const char *text)
{
    return strcmp(text, "wait") == 0 || strcmp(text, "provision") == 0 || strcmp(text, "credential") == 0
               ? 0
               : -EINVAL;
}

int value_quiet(const char *text)
{
    struct quiet_span span;

    return quiet_parse(text, &span) < 0 || !zone_known(span.zone) ? -EINVAL : 0;
}

const char *value_metadata_split(const char *text)
{
    if (*text == '{')
        text = strchr(text, '}');
    return text ? strchr(text, '=') : NULL;
}

int value_metadata(const char *text)
{
    const char *equals = value_metadata_split(text);

    return value_text(text) == 0 && strlen(text) < 512 && equals && equals > text && equals[-1] != '}' &&
                   glob_sound(equals + 1)
               ? 0
               : -EINVAL;
}

int value_bind(const char *text)
{
    return strcmp(text, "by-proof") == 0 ? 0 : -EINVAL;
}
