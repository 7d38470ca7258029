// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/config/rule.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// One "{...}" at *rule, which is moved behind it: the text and how much of it, or -EINVAL.
static int field(const char **rule, const char *name, const char *title, const char **ret, size_t *ret_len)
{
    const char *p = *rule + 1;
    size_t most = (size_t)-1, len;

    if (strncmp(p, "name", 4) == 0) {
        *ret = name;
        p += 4;
    } else if (strncmp(p, "title", 5) == 0) {
        *ret = title ? title : "";
        p += 5;
    } else {
        return -EINVAL;
    }
    if (*p == ':') {
        if (p[1] < '1' || p[1] > '9')
            return -EINVAL;
        most = 0;
        for (p++; *p >= '0' && *p <= '9'; p++)
            if ((most = most * 10 + (size_t)(*p - '0')) >= RULE_TEXT)
                return -EINVAL;
    }
    if (*p != '}')
        return -EINVAL;
    len = strlen(*ret);
    *ret_len = len < most ? len : most;
    *rule = p + 1;
    return 0;
}

// What sAMAccountName forbids, and what would be no ASCII (a cut could halve a character).
static bool account_name(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text <= 0x20 || (unsigned char)*text >= 0x7f ||
            strchr("\"/\\[]:;|=,+*?<>@$", *text))
            return false;
    return true;
}

int rule_fill(const char *rule, const char *name, const char *title, char ret[static RULE_TEXT])
{
    char out[RULE_TEXT];
    size_t n = 0;
    bool whole = true;

    while (*rule) {
        const char *part = rule;
        size_t len = 1;

        if (*rule == '}')
            return -EINVAL;
        if (*rule != '{')
            rule++;
        else if (field(&rule, name, title, &part, &len) < 0)
            return -EINVAL;
        if (len == 0 || len >= sizeof out - n)
            whole = false;
        if (!whole)
            continue; // the rest is still checked
        memcpy(out + n, part, len);
        n += len;
    }
    out[n] = '\0';
    if (n > 0 && out[n - 1] == '$')
        out[--n] = '\0';
    snprintf(ret, RULE_TEXT, "%s", whole && account_name(out) ? out : "");
    return 0;
}
