// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/config/config.h"

#include "daemon/config/rule.h"

#include <fnmatch.h>
#include <string.h>
#include <strings.h>

static void domain_done(struct config_domain *d)
{
    free(d->name);
    free(d->netbios);
    free(d->base);
    free(d->principal);
    free(d->keytab);
    free(d->credential);
    free(d->site);
    free(d->ldaps_ca);
    for (size_t i = 0; i < d->dcs_count; i++)
        free(d->dcs[i]);
    free(d->dcs);
}

static void policy_done(struct config_policy *p)
{
    free(p->match_name);
    free(p->match_title);
    free(p->domain);
    free(p->computer);
}

struct config *config_free(struct config *c)
{
    if (!c)
        return NULL;
    for (size_t i = 0; i < c->domains_count; i++)
        domain_done(&c->domains[i]);
    for (size_t i = 0; i < c->policies_count; i++)
        policy_done(&c->policies[i]);
    free(c->domains);
    free(c->policies);
    free(c->file);
    free(c->runtime_dir);
    free(c->state_dir);
    free(c->spool_dir);
    free(c->libvirt_uri);
    free(c->helper_path);
    free(c->helper_push_source);
    free(c);
    return NULL;
}

const struct config_domain *config_domain(const struct config *c, const char *name)
{
    if (!name || !*name)
        return c->domains_count == 1 ? &c->domains[0] : NULL;
    for (size_t i = 0; i < c->domains_count; i++)
        if (strcasecmp(c->domains[i].name, name) == 0 || strcasecmp(c->domains[i].netbios, name) == 0)
            return &c->domains[i];
    return NULL;
}

static bool matches(const struct config_policy *p, const char *name, const char *title)
{
    if (p->match_name && fnmatch(p->match_name, name, 0) != 0)
        return false;
    return !p->match_title || fnmatch(p->match_title, title ? title : "", 0) == 0;
}

void config_choose(const struct config *c, const char *name, const char *title, struct config_choice *ret)
{
    const struct config_policy *p = NULL;

    for (size_t i = 0; i < c->policies_count && !p; i++)
        if (matches(&c->policies[i], name, title))
            p = &c->policies[i];
    *ret = (struct config_choice){
        .mode = p && p->mode >= 0 ? (enum config_mode)p->mode : c->mode,
        .policy = p,
        .domain = config_domain(c, p ? p->domain : NULL),
        .push_helper = p && p->push_helper >= 0 ? p->push_helper : c->push_helper,
        .look_on_every_start = p && p->look_on_every_start >= 0 ? p->look_on_every_start
                                                                : c->look_on_every_start,
    };
    if (p && p->computer)
        rule_fill(p->computer, name, title, ret->computer);
}

unsigned config_looks_at_once(const struct config *c)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);

    if (c->looks_at_once)
        return c->looks_at_once;
    return processors < 1 ? 1 : processors > 64 ? 64 : (unsigned)processors;
}
