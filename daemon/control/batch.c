// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/control/batch.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { PAGE = 20 };

struct batch {
    struct engine *engine;
    char domain[NAME_TEXT], policy[NAME_TEXT]; // "": any
    int64_t newest;                            // 0: any
    bool dry_run;
    int64_t *ids; // the oldest last
    size_t count, room;
};

struct batch *batch_free(struct batch *b)
{
    if (b)
        free(b->ids);
    free(b);
    return NULL;
}

static const char *policy_of(struct engine *e, const struct casefile *c)
{
    struct config_choice choice;

    engine_choice(e, c->guest, c->name, &choice);
    return choice.policy ? choice.policy->name : "";
}

static bool wanted(struct batch *b, const struct casefile *c, char ret_domain[static NAME_TEXT])
{
    struct binding binding = {0};
    struct err err = {0};

    store_binding_get(b->engine->store, c->guest, &binding, &err);
    snprintf(ret_domain, NAME_TEXT, "%s", binding.domain);
    return c->state == CASE_AWAITING_APPROVAL && (!b->newest || c->id <= b->newest) &&
           (!b->domain[0] || strcasecmp(binding.domain, b->domain) == 0) &&
           (!b->policy[0] || strcmp(policy_of(b->engine, c), b->policy) == 0);
}

static int note_case(const struct casefile *c, void *arg)
{
    struct batch *b = arg;
    char domain[NAME_TEXT];

    if (!wanted(b, c, domain))
        return 0;
    if (b->count == b->room) {
        size_t room = b->room ? 2 * b->room : 64;
        int64_t *grown = realloc(b->ids, room * sizeof *grown);

        if (!grown)
            return -ENOMEM;
        b->ids = grown;
        b->room = room;
    }
    b->ids[b->count++] = c->id;
    return 0;
}

static void tell(struct session *s, const struct casefile *c, const char *domain, const char *error)
{
    _cleanup_record_ struct record *r = record_new(s->batch->dry_run ? "waiting" : "approved");
    const char *policy = policy_of(s->engine, c);

    record_add_i64(r, "id", c->id);
    record_add(r, "guest", c->guest);
    record_add(r, "name", c->name);
    record_add(r, "domain", domain);
    record_add(r, "policy", policy[0] ? policy : NULL);
    record_add(r, "verdict", verdict_text(c->verdict));
    record_add(r, "cause", c->cause);
    record_add(r, "text", c->text);
    record_add_i64(r, "opened_us", c->opened_us);
    record_add(r, "error", error);
    stream_send(s->stream, r);
}

// One that does not wait any more by now is passed over: it was approved, or has become another case.
static int take_one(struct session *s, int64_t id, struct err *err)
{
    struct case_input in = {.kind = CASE_IN_APPROVED};
    struct casefile c;
    char domain[NAME_TEXT];
    int rc = store_case_get(s->engine->store, id, &c, err);

    if (rc != 0 || !wanted(s->batch, &c, domain))
        return rc < 0 ? rc : 0;
    if (!s->batch->dry_run)
        rc = engine_case_input(s->engine, id, &in, err);
    tell(s, &c, domain, rc < 0 ? err->text : NULL);
    return rc;
}

static void send_page(struct stream *stream, void *arg)
{
    struct session *s = arg;
    struct batch *b = s->batch;
    struct err err = {0};
    int rc = 0;

    for (unsigned n = 0; rc == 0 && n < PAGE && b->count; n++)
        rc = take_one(s, b->ids[--b->count], &err);
    if (rc < 0)
        session_store_error(s, rc, &err);
    else if (b->count)
        stream_when_sent(stream, send_page);
    else
        session_end(s, EXIT_ANSWERED);
}

static bool known_policy(const struct config *c, const char *name)
{
    for (size_t i = 0; i < c->policies_count; i++)
        if (strcmp(c->policies[i].name, name) == 0)
            return true;
    return false;
}

// False when the session was ended with an error.
static bool read_request(struct session *s, const struct record *r, struct batch *b)
{
    const char *domain = record_get_or(r, "domain", ""), *policy = record_get_or(r, "policy", "");
    const struct config *c = s->engine->config;
    uint64_t newest = 0;

    b->dry_run = record_get_bool(r, "dry_run") == 1;
    if (record_get_u64(r, "newest", &newest) == 0 && newest <= INT64_MAX)
        b->newest = (int64_t)newest;
    if (domain[0] && !config_domain(c, domain)) {
        session_error(s, EXIT_NO_WORK, "no-such-domain", "`virtrust breaker` lists the domains",
                      "the domain %.200s is not configured", domain);
        return false;
    }
    if (policy[0] && !known_policy(c, policy)) {
        session_error(s, EXIT_NO_WORK, "no-such-policy", "`virtrust breaker` lists the policies",
                      "no policy is called %.200s", policy);
        return false;
    }
    snprintf(b->domain, sizeof b->domain, "%s", domain[0] ? config_domain(c, domain)->name : "");
    snprintf(b->policy, sizeof b->policy, "%s", policy);
    return true;
}

void handle_approve_all(struct session *s, const struct record *request)
{
    struct batch *b = calloc(1, sizeof *b);
    struct err err = {0};
    int rc;

    if (!b) {
        session_error(s, EXIT_NO_WORK, "internal", "", "out of memory");
        return;
    }
    s->batch = b;
    b->engine = s->engine;
    if (!read_request(s, request, b))
        return;
    rc = store_case_each(s->engine->store, NULL, true, 0, note_case, b, &err);
    if (rc < 0)
        session_store_error(s, rc, &err);
    else
        send_page(s->stream, s);
}
