// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/directory/sharing.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

static const char at_word[] = " at ", from_word[] = " from ", before_word[] = ", before that from ";

// A word up to the next blank, comma or the end; false where it is none or too long.
static bool word(const char *text, char *ret, size_t size)
{
    size_t len = strcspn(text, " ,;(");

    if (len == 0 || len >= size)
        return false;
    memcpy(ret, text, len);
    ret[len] = '\0';
    return true;
}

// "… from HOST at WHEN …"
static bool writer(const char *text, char ret_host[static HOSTNAME_TEXT], char ret_when[static WHEN_TEXT])
{
    char host[HOSTNAME_TEXT], when[WHEN_TEXT];
    const char *at;

    if (!word(text, host, sizeof host) || !hostname_valid(host))
        return false;
    at = text + strlen(host);
    if (strncmp(at, at_word, strlen(at_word)) != 0 || !word(at + strlen(at_word), when, sizeof when))
        return false;
    memcpy(ret_host, host, sizeof host);
    memcpy(ret_when, when, sizeof when);
    return true;
}

bool sharing_other(const char *mark, const char *own, char ret_host[static HOSTNAME_TEXT],
                   char ret_when[static WHEN_TEXT])
{
    char host[HOSTNAME_TEXT], when[WHEN_TEXT];
    const char *words[] = {from_word, before_word};

    if (!mark || strncmp(mark, "virtrust: ", 10) != 0)
        return false;
    for (size_t i = 0; i < 2; i++) {
        const char *at = strstr(mark, words[i]);

        if (!at || !writer(at + strlen(words[i]), host, when) || strcasecmp(host, own) == 0)
            continue;
        memcpy(ret_host, host, sizeof host);
        memcpy(ret_when, when, sizeof when);
        return true;
    }
    return false;
}

void sharing_mark(const char *old, const char *host, const char *when, const char *unique,
                  char ret[static MARK_TEXT])
{
    char other[HOSTNAME_TEXT], then[WHEN_TEXT];

    if (!sharing_other(old, host, other, then))
        other[0] = '\0';
    snprintf(ret, MARK_TEXT, "virtrust: last compared with a guest's directory from %s at %s%s%s%s%s %s",
             host[0] ? host : "localhost", when, other[0] ? before_word : "", other, other[0] ? at_word : "",
             other[0] ? then : "", unique);
}

bool sharing_service(const char *service, const char *own, char ret_host[static HOSTNAME_TEXT])
{
    static const char class[] = "virtrust/";
    char host[HOSTNAME_TEXT];
    size_t len;

    if (strncasecmp(service, class, strlen(class)) != 0)
        return false;
    service += strlen(class);
    len = strcspn(service, ":/@");
    if (len == 0 || len >= sizeof host)
        return false;
    memcpy(host, service, len);
    host[len] = '\0';
    if (!hostname_valid(host) || strcasecmp(host, own) == 0)
        return false;
    memcpy(ret_host, host, sizeof host);
    return true;
}
