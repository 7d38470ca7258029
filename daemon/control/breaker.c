// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
// `virtrust breaker`: answers are records of type `breaker`, one for each domain and each policy:
// name scope state since_us reopen_us trips case text failures guests pool under_way held begun limit_at_once
// limit_per_hour (0: none).
#include "daemon/control/breaker.h"

#include "common/plural.h"
#include "daemon/control/doctor.h"
#include "daemon/engine/breakers.h"
#include "daemon/engine/turns.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

static const int64_t HOUR_US = INT64_C(3600) * 1000000;

static int send_one(struct session *s, const struct config_domain *d, const struct config_policy *p,
                    struct err *err)
{
    struct engine *e = s->engine;
    const char *scope = d ? "domain" : "policy", *name = d ? d->name : p ? p->name : "";
    _cleanup_record_ struct record *r = record_new("breaker");
    struct breaker_counts n;
    struct breaker b;
    unsigned begun = 0;
    int64_t first, now = now_us();
    int rc = breakers_get(e, scope, name, &b, err);

    if (rc == 0)
        rc = breakers_count(e, scope, name, &b, now, true, &n, err);
    if (rc == 0)
        rc = store_attempt_begun(e->store, scope, name, now - HOUR_US, &begun, &first, err);
    if (rc < 0)
        return rc;
    record_add(r, "name", name);
    record_add(r, "scope", scope);
    record_add(r, "state", breaker_state_text(b.state));
    if (b.since_us)
        record_add_i64(r, "since_us", b.since_us);
    if (b.state == BREAKER_OPEN)
        record_add_i64(r, "reopen_us", b.reopen_us);
    record_add_u64(r, "trips", b.trips);
    if (b.probe)
        record_add_i64(r, "case", b.probe);
    record_add(r, "text", b.state != BREAKER_CLOSED ? b.text : NULL);
    record_add_u64(r, "failures", n.failures);
    record_add_u64(r, "failed_guests", n.guests);
    record_add_u64(r, "pool", n.pool);
    record_add_u64(r, "under_way", turns_active(e, d, p));
    record_add_u64(r, "held", turns_held(e, d, p));
    record_add_u64(r, "begun", begun);
    record_add_u64(r, "limit_at_once", d ? d->repairs_at_once : p->at_once);
    record_add_u64(r, "limit_per_hour", d ? d->resets_per_hour : p->per_hour);
    stream_send(s->stream, r);
    return 0;
}

// A domain by either of its names, else a policy.
static bool find(const struct config *c, const char *name, const struct config_domain **ret_d,
                 const struct config_policy **ret_p)
{
    *ret_d = config_domain(c, name);
    for (size_t i = 0; !*ret_d && i < c->policies_count; i++)
        if (strcmp(c->policies[i].name, name) == 0)
            *ret_p = &c->policies[i];
    return *ret_d || *ret_p;
}

static void reset(struct session *s, const char *name)
{
    const struct config_domain *d = NULL;
    const struct config_policy *p = NULL;
    struct err err = {0};
    int rc;

    if (!name[0] || !find(s->engine->config, name, &d, &p)) {
        session_error(s, EXIT_NO_WORK, "no-such-breaker", "`virtrust breaker` lists them",
                      "neither a domain nor a policy is called %.200s", name);
        return;
    }
    rc = breakers_reset(s->engine, d ? "domain" : "policy", d ? d->name : p->name, &err);
    turns_wake(s->engine);
    if (rc == 0)
        rc = send_one(s, d, p, &err);
    if (rc < 0)
        session_store_error(s, rc, &err);
    else
        session_end(s, EXIT_ANSWERED);
}

void handle_breaker(struct session *s, const struct record *request)
{
    const struct config *c = s->engine->config;
    struct err err = {0};
    int rc = 0;

    if (record_get(request, "reset")) {
        reset(s, record_get(request, "reset"));
        return;
    }
    for (size_t i = 0; rc == 0 && i < c->domains_count; i++)
        rc = send_one(s, &c->domains[i], NULL, &err);
    for (size_t i = 0; rc == 0 && i < c->policies_count; i++)
        rc = send_one(s, NULL, &c->policies[i], &err);
    if (rc < 0)
        session_store_error(s, rc, &err);
    else
        session_end(s, EXIT_ANSWERED);
}

// ---- what is not closed, for status and doctor ----

struct telling {
    struct engine *engine;
    struct record *record;   // status
    struct session *session; // doctor
    unsigned *notes;
};

static void what_next(const struct breaker *b, char *ret, size_t size)
{
    const char *name = strchr(b->name, ' ');

    snprintf(ret, size,
             "see to what it says, then `virtrust breaker reset %.200s`; without that one repair tries by "
             "itself after a pause",
             name ? name + 1 : b->name);
}

static int tell(const struct breaker *b, void *arg)
{
    struct telling *t = arg;
    char text[LONG_TEXT], next[LONG_TEXT], key[32];

    if (b->state == BREAKER_CLOSED)
        return 0;
    snprintf(text, sizeof text, "the circuit breaker of %.150s is %s, and holds its repairs back: %.280s",
             b->name, breaker_state_text(b->state), b->text);
    what_next(b, next, sizeof next);
    if (t->session) {
        doctor_finding(t->session, "breaker", "bad", text, next);
        return 0;
    }
    snprintf(key, sizeof key, "note.%u", (*t->notes)++);
    record_addf(t->record, key, "%s; %s", text, next);
    return 0;
}

void breaker_notes(struct engine *e, struct record *r, unsigned *notes)
{
    struct telling t = {.engine = e, .record = r, .notes = notes};
    unsigned held = turns_held(e, NULL, NULL);
    struct err err = {0};
    char key[32];

    record_add_u64(r, "held", held);
    store_breaker_each(e->store, tell, &t, &err);
    if (!held)
        return;
    snprintf(key, sizeof key, "note.%u", (*notes)++);
    record_addf(r, key,
                "%u %s held back by limits, quiet hours or a circuit breaker; `virtrust case` says by which",
                held, plural(held, "repair is", "repairs are"));
}

void breaker_findings(struct session *s)
{
    struct telling t = {.engine = s->engine, .session = s};
    struct err err = {0};

    store_breaker_each(s->engine->store, tell, &t, &err);
}
