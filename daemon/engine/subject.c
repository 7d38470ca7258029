// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/engine/subject.h"

#include <stdio.h>
#include <string.h>

static void take_metadata(struct subject *s)
{
    for (size_t i = 0; i < SUBJECT_VALUES; i++) {
        char key[RECORD_KEY_MAX];
        struct policy_value *v = &s->values[s->sees.metadata_count];

        snprintf(key, sizeof key, "metadata.%zu.key", i);
        v->key = record_get(s->description, key);
        snprintf(key, sizeof key, "metadata.%zu.value", i);
        v->value = record_get(s->description, key);
        if (!v->key || !v->value)
            break;
        s->sees.metadata_count++;
    }
    s->sees.metadata = s->values;
}

// Where another account lies that the guest was bound to before says nothing.
static void take_account(struct engine *e, const char *uuid, struct subject *s)
{
    struct err err = {0};

    if (store_binding_get(e->store, uuid, &s->binding, &err) == 0)
        s->sees.domain = s->binding.domain;
    if (store_fact_get(e->store, uuid, &s->fact, &err) != 0)
        return;
    s->sees.role = s->fact.role;
    if (s->sees.domain && s->fact.dn[0] && strcmp(s->fact.guid, s->binding.guid) == 0)
        s->sees.dn = s->fact.dn;
}

static bool asks_for_account(const struct config *c)
{
    for (size_t i = 0; i < c->policies_count; i++) {
        const struct policy_match *m = &c->policies[i].match;

        if (m->domain || m->ou || m->role >= 0)
            return true;
    }
    return false;
}

bool subject_in_full(const struct config *c)
{
    for (size_t i = 0; i < c->policies_count; i++)
        if (c->policies[i].match.metadata_count)
            return true;
    return asks_for_account(c);
}

void subject_of(struct engine *e, const char *uuid, const char *name, bool all, struct subject *ret)
{
    struct err err = {0};

    *ret = (struct subject){0};
    snprintf(ret->name, sizeof ret->name, "%s", name);
    ret->sees.name = ret->name;
    if (!all && !e->config->policies_count)
        return;
    store_description_get(e->store, uuid, &ret->description, &err);
    if (ret->description) {
        ret->sees.title = record_get_or(ret->description, "title", "");
        ret->sees.described = true;
        take_metadata(ret);
    }
    if (all || asks_for_account(e->config))
        take_account(e, uuid, ret);
}

void subject_done(struct subject *s)
{
    s->description = record_free(s->description);
}

int subject_learn(struct engine *e, const char *guest, const char *source, const struct record *answer,
                  struct err *err)
{
    struct fact before = {.role = ROLE_UNKNOWN}, f;
    int role, rc;

    if (!record_is(answer, "account") && !record_is(answer, "evidence"))
        return 0;
    rc = store_fact_get(e->store, guest, &before, err);
    if (rc < 0)
        return rc;
    f = before;
    snprintf(f.guest, sizeof f.guest, "%s", guest);
    role = role_parse(record_get(answer, "role"));
    if (strcmp(source, "disk") == 0 && role > ROLE_UNKNOWN)
        f.role = (enum role)role;
    // A name that does not fit whole would lie somewhere else: it stays unknown.
    if (strcmp(source, "directory") == 0 && record_get_bool(answer, "found") == 1) {
        const char *dn = record_get_or(answer, "dn", "");

        snprintf(f.guid, sizeof f.guid, "%s", record_get_or(answer, "guid", ""));
        snprintf(f.dn, sizeof f.dn, "%s", strlen(dn) < sizeof f.dn ? dn : "");
    }
    if (rc == 0 && strcmp(f.dn, before.dn) == 0 && strcmp(f.guid, before.guid) == 0 && f.role == before.role)
        return 0;
    return store_fact_put(e->store, &f, err);
}
