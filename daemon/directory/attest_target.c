// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/directory/attest.h"

#include "daemon/directory/krb.h"

#include <ctype.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

// The name that the host has for itself; where that has no dot, what the resolver makes of it; else with the domain's.
static void host_name(const char *domain, char ret[static HOST_TEXT])
{
    const struct addrinfo hints = {.ai_flags = AI_CANONNAME, .ai_socktype = SOCK_STREAM};
    struct addrinfo *list = NULL;
    char own[HOST_TEXT] = "";

    if (gethostname(own, sizeof own - 1) < 0 || !own[0])
        snprintf(own, sizeof own, "localhost");
    snprintf(ret, HOST_TEXT, "%s", own);
    if (!strchr(own, '.') && getaddrinfo(own, NULL, &hints, &list) == 0 && list) {
        if (list->ai_canonname && strchr(list->ai_canonname, '.') &&
            strncmp(list->ai_canonname, "localhost", 9) != 0)
            snprintf(ret, HOST_TEXT, "%s", list->ai_canonname);
        freeaddrinfo(list);
    }
    if (!strchr(ret, '.'))
        snprintf(ret, HOST_TEXT, "%.100s.%.150s", own, domain);
    for (char *c = ret; *c; c++)
        *c = (char)tolower((unsigned char)*c);
}

int attest_target(const struct config_domain *domain, char ret[static ATTESTATION_TARGET], struct failure *f)
{
    char host[HOST_TEXT], realm[HOST_TEXT], text[ATTESTATION_TARGET];
    int rc = krb_realm_of(domain, realm, f), n;

    if (rc < 0)
        return rc;
    host_name(domain->name, host);
    if (domain->service)
        n = snprintf(text, sizeof text, "%s@%s", domain->service, realm);
    else
        n = snprintf(text, sizeof text, "virtrust/%s@%s", host, realm);
    if (n < 0 || n >= (int)sizeof text || !hostname_valid(host))
        return failure_set(f, -EINVAL, "config", "name virtrust's service principal under `service`",
                           "domain %s: this host has no name of which a service principal could be made",
                           domain->name);
    memcpy(ret, text, (size_t)n + 1);
    return 0;
}
