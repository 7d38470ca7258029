// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/config/config.h"

#include <string.h>
#include <strings.h>

static void words_done(struct config_words *w)
{
    for (size_t i = 0; i < w->count; i++)
        free(w->items[i]);
    free(w->items);
}

static void domain_done(struct config_domain *d)
{
    free(d->name);
    free(d->netbios);
    free(d->base);
    free(d->principal);
    free(d->keytab);
    free(d->credential);
    free(d->credentials);
    free(d->service);
    free(d->site);
    free(d->ldaps_ca);
    for (size_t i = 0; i < d->dcs_count; i++)
        free(d->dcs[i]);
    free(d->dcs);
}

static void policy_done(struct config_policy *p)
{
    free(p->name);
    free(p->match_name);
    free(p->match_title);
    free(p->match_domain);
    free(p->match_ou);
    free(p->match_role);
    for (size_t i = 0; p->metadata && i < p->match_metadata.count; i++)
        free((char *)p->metadata[i].key);
    free(p->metadata);
    words_done(&p->match_metadata);
    free(p->domain);
    free(p->computer);
    free(p->bind);
    free(p->look_key_file);
    words_done(&p->strategies);
    words_done(&p->quiet_hours);
    free(p->quiet);
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
    free(c->look_engine);
    free(c->helper_path);
    free(c->helper_push_source);
    words_done(&c->strategies);
    words_done(&c->quiet_hours);
    free(c->quiet);
    free(c->helper_windows_path);
    free(c->helper_windows_push_source);
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

const char *config_first_engine(const struct config *c)
{
    return strcmp(c->look_engine, "guestfs") == 0 ? "guestfs" : "direct";
}

// Not guestfs: whoever is asked so tells in the evidence why direct did not do.
const char *config_next_engine(const struct config *c)
{
    return strcmp(c->look_engine, "auto") == 0 ? "auto" : NULL;
}

unsigned config_looks_at_once(const struct config *c)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);

    if (c->looks_at_once)
        return c->looks_at_once;
    return processors < 1 ? 1 : processors > 64 ? 64 : (unsigned)processors;
}
