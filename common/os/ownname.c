// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "common/os/ownname.h"

#include "common/hostname.h"

#include <ctype.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void dns_name(const char *domain, char ret[static HOSTNAME_TEXT])
{
    const struct addrinfo hints = {.ai_flags = AI_CANONNAME, .ai_socktype = SOCK_STREAM};
    struct addrinfo *list = NULL;
    char own[HOSTNAME_TEXT] = "";

    if (gethostname(own, sizeof own - 1) < 0 || !own[0])
        snprintf(own, sizeof own, "localhost");
    snprintf(ret, HOSTNAME_TEXT, "%s", own);
    if (!strchr(own, '.') && getaddrinfo(own, NULL, &hints, &list) == 0 && list) {
        const char *name = list->ai_canonname;

        if (name && strchr(name, '.') && strncmp(name, "localhost", 9) != 0)
            snprintf(ret, HOSTNAME_TEXT, "%s", name);
        freeaddrinfo(list);
    }
    if (!strchr(ret, '.'))
        snprintf(ret, HOSTNAME_TEXT, "%.100s.%.150s", own, domain);
    for (char *c = ret; *c; c++)
        *c = (char)tolower((unsigned char)*c);
}

void own_host(const char *domain, char ret[static HOSTNAME_TEXT])
{
    dns_name(domain, ret);
    if (!hostname_valid(ret))
        ret[0] = '\0';
}

void own_service(const char *domain, char *ret, size_t size)
{
    char name[HOSTNAME_TEXT];

    own_host(domain, name);
    snprintf(ret, size, name[0] ? "virtrust/%s" : "", name);
}
