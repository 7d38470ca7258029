// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/directory/dcs.h"

#include "daemon/directory/silence.h"
#include "daemon/directory/site.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { PINGS_MAX = 2 };

static bool same_host(const char *host, const char *wish)
{
    size_t len = strlen(wish), label = strcspn(host, ".");

    if (len > 0 && wish[len - 1] == '.')
        len--;
    if (!memchr(wish, '.', len) && label == len)
        return strncasecmp(host, wish, len) == 0;
    return strlen(host) == len && strncasecmp(host, wish, len) == 0;
}

bool dcs_choose(struct dc_list *list, const char *wish)
{
    size_t found = 0, n = 0;

    for (size_t i = 0; i < list->n; i++)
        if (same_host(list->hosts[i], wish)) {
            found = i;
            n++;
        }
    if (n != 1)
        return false;
    if (found != 0)
        memcpy(list->hosts[0], list->hosts[found], HOST_TEXT);
    list->n = 1;
    return true;
}

void dcs_first(struct dc_list *list, const struct srv_target *near, size_t n)
{
    struct dc_list ordered = {0};

    for (size_t i = 0; i < n && ordered.n < SRV_MAX; i++)
        memcpy(ordered.hosts[ordered.n++], near[i].host, HOST_TEXT);
    for (size_t i = 0; i < list->n && ordered.n < SRV_MAX; i++) {
        bool stands = false;

        for (size_t k = 0; k < n; k++)
            stands |= strcasecmp(list->hosts[i], near[k].host) == 0;
        if (!stands)
            memcpy(ordered.hosts[ordered.n++], list->hosts[i], HOST_TEXT);
    }
    *list = ordered;
}

static int from_config(const struct config_domain *domain, struct dc_list *list, struct failure *f)
{
    for (size_t i = 0; i < domain->dcs_count && list->n < SRV_MAX; i++) {
        if (!hostname_valid(domain->dcs[i]))
            return failure_set(f, -EINVAL, "config", "write the DC's full DNS name, as Kerberos knows it",
                               "domain %s: the DC %s is no host name", domain->name, domain->dcs[i]);
        snprintf(list->hosts[list->n++], HOST_TEXT, "%s", domain->dcs[i]);
    }
    return 0;
}

static int from_dns(const struct config_domain *domain, struct dc_list *list, struct failure *f)
{
    struct srv_target targets[SRV_MAX];
    char name[HOST_TEXT + 32];
    struct err err = {0};
    size_t n = 0;
    int rc;

    snprintf(name, sizeof name, "_ldap._tcp.dc._msdcs.%s.", domain->name);
    rc = srv_lookup(name, targets, &n, &err);
    if (rc < 0)
        return failure_set(f, rc, "dns",
                           "let this host ask the domain's DNS servers, or name the DCs under `dcs`",
                           "domain %s: %s", domain->name, err.text);
    for (size_t i = 0; i < n; i++)
        memcpy(list->hosts[i], targets[i].host, HOST_TEXT);
    list->n = n;
    return 0;
}

// A host without a site, or one whose site has no DC, takes them as they come.
static void near_first(const struct config_domain *domain, struct dc_list *list)
{
    struct srv_target targets[SRV_MAX];
    char site[SITE_TEXT] = "", name[HOST_TEXT + SITE_TEXT + 32];
    struct err ignored = {0};
    size_t n = 0;

    if (domain->site)
        snprintf(site, sizeof site, "%s", domain->site);
    for (size_t i = 0; !site[0] && i < list->n && i < PINGS_MAX; i++)
        if (site_ask(list->hosts[i], domain->name, site) < 0)
            site[0] = '\0';
    if (!site[0])
        return;
    snprintf(name, sizeof name, "_ldap._tcp.%s._sites.dc._msdcs.%s.", site, domain->name);
    if (srv_lookup(name, targets, &n, &ignored) == 0)
        dcs_first(list, targets, n);
}

int dcs_find(const struct config_domain *domain, const char *wish, struct dc_list *ret, struct failure *f)
{
    struct dc_list list = {0};
    int rc = domain->dcs_count > 0 ? from_config(domain, &list, f) : from_dns(domain, &list, f);

    if (rc < 0)
        return rc;
    list.wished = wish[0] && dcs_choose(&list, wish);
    if (!list.wished && domain->dcs_count == 0 && list.n > 1) {
        silence_order(domain->name, &list); // who is asked for the site
        near_first(domain, &list);
    }
    if (!list.wished)
        list.resting = silence_order(domain->name, &list);
    *ret = list;
    return 0;
}
