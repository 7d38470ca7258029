// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
// The nouns as records for the command line.
#include "daemon/control/session.h"

#include <stdio.h>
#include <string.h>

struct record *view_guest(struct engine *e, const struct guest *g)
{
    struct record *r = record_new("guest");
    _cleanup_record_ struct record *description = NULL;
    struct config_choice choice;
    struct binding b;
    struct casefile c;
    struct err err = {0};
    bool bound = store_binding_get(e->store, g->uuid, &b, &err) == 0;

    store_description_get(e->store, g->uuid, &description, &err);
    engine_choice(e, g->uuid, g->name, &choice);
    record_add(r, "uuid", g->uuid);
    record_add(r, "name", g->name);
    record_add(r, "state",
               !g->present ? "gone" : record_get_or(description, "state", g->running ? "running" : "off"));
    record_add(r, "mode", config_mode_text(choice.mode));
    record_add(r, "policy", choice.policy ? choice.policy->name : NULL);
    record_add(r, "rule", bound || !choice.domain || !choice.computer[0] ? NULL : choice.computer);
    record_add_bool(r, "bound", bound);
    if (bound) {
        record_add(r, "computer", b.name);
        record_add(r, "domain", b.domain);
    }
    record_add(r, "agent",
               !g->running          ? "off"
               : g->agent_connected ? "connected"
                                    : record_get_or(description, "agent", "none"));
    record_add_bool(r, "genid", record_get(description, "genid") != NULL);
    record_add_i64(r, "last_seen_us", g->seen_us);
    if (!g->last_case)
        return r;
    record_add(r, "verdict", g->looked_us ? verdict_text(g->verdict) : NULL);
    record_add(r, "cause", g->cause[0] ? g->cause : NULL);
    if (g->looked_us)
        record_add_i64(r, "last_look_us", g->looked_us);
    record_add_i64(r, "case", g->open_case ? g->open_case : g->last_case);
    if (store_case_get(e->store, g->open_case ? g->open_case : g->last_case, &c, &err) == 0) {
        record_add(r, "case_state", case_state_text(c.state));
        record_add(r, "outcome", outcome_text(c.outcome));
        record_add(r, "text", c.text);
    }
    return r;
}

struct record *view_case(struct engine *e, const struct casefile *c)
{
    struct record *r = record_new("case");
    struct config_choice choice;

    engine_choice(e, c->guest, c->name, &choice);
    record_add_i64(r, "id", c->id);
    record_add(r, "guest", c->guest);
    record_add(r, "name", c->name);
    record_add(r, "kind", rollback_kind_text(c->kind));
    record_add_bool(r, "witnessed", c->witnessed);
    record_add_bool(r, "approved", c->approved);
    record_add(r, "state", case_state_text(c->state));
    record_add(r, "outcome", outcome_text(c->outcome));
    if (c->cause[0]) {
        record_add(r, "verdict", verdict_text(c->verdict));
        record_add(r, "cause", c->cause);
    }
    record_add(r, "text", c->text);
    record_add(r, "would", c->would);
    record_add(r, "next", c->next);
    record_add(r, "mode", config_mode_text(choice.mode));
    record_add_i64(r, "epoch", c->epoch);
    record_add_i64(r, "opened_us", c->opened_us);
    record_add_i64(r, "changed_us", c->changed_us);
    if (c->closed_us)
        record_add_i64(r, "closed_us", c->closed_us);
    return r;
}

struct record *view_binding(struct engine *e, const struct binding *b)
{
    struct record *r = record_new("binding");
    struct guest g;
    struct err err = {0};

    record_add(r, "guest", b->guest);
    if (store_guest_get(e->store, b->guest, &g, &err) == 0)
        record_add(r, "name", g.name);
    record_add(r, "computer", b->name);
    record_add(r, "sid", b->sid);
    record_add(r, "guid", b->guid);
    record_add(r, "domain", b->domain);
    record_add(r, "how", b->how);
    record_add_i64(r, "since_us", b->since_us);
    return r;
}

static struct record *view_job(const struct job *j)
{
    struct record *r = record_new("job");

    record_add_i64(r, "id", j->id);
    record_add(r, "state", job_state_text(j->state));
    record_add_i64(r, "attempt", j->tries + 1);
    record_add(r, "text", j->text);
    record_add(r, "dc", j->dc[0] ? j->dc : NULL);
    if (j->next_us)
        record_add_i64(r, "next_us", j->next_us);
    if (j->deadline_us)
        record_add_i64(r, "deadline_us", j->deadline_us);
    if (j->kvno_before >= 0)
        record_add_i64(r, "kvno_before", j->kvno_before);
    if (j->kvno_reset >= 0)
        record_add_i64(r, "kvno_reset", j->kvno_reset);
    if (j->kvno_after >= 0)
        record_add_i64(r, "kvno_after", j->kvno_after);
    return r;
}

static int send_step(int64_t at_us, const char *state, const char *text, const struct record *details,
                     void *arg)
{
    struct session *s = arg;
    _cleanup_record_ struct record *r = record_new("step");
    const char *key, *value;
    size_t len;

    record_add_i64(r, "at_us", at_us);
    record_add(r, "state", state);
    record_add(r, "text", text);
    if (!record_get(details, "about"))
        record_add(r, "about", state);
    for (size_t i = 2; i < record_count(details); i++) { // behind type and v
        record_at(details, i, &key, &value, &len);
        record_add_bytes(r, key, value, len);
    }
    stream_send(s->stream, r);
    return 0;
}

// Evidence as it was reported, under `source`; the one-use public key says nothing to anybody and stays out.
static void send_evidence(struct session *s, int64_t id, const char *source)
{
    _cleanup_record_ struct record *kept = NULL;
    _cleanup_record_ struct record *r = record_new("evidence");
    struct err err = {0};
    const char *key, *value;
    size_t len;

    if (store_evidence_get(s->engine->store, id, source, &kept, &err) != 0)
        return;
    record_add(r, "source", source);
    for (size_t i = 2; i < record_count(kept); i++) {
        record_at(kept, i, &key, &value, &len);
        if (strcmp(key, "public_key") != 0 && strcmp(key, "source") != 0)
            record_add_bytes(r, key, value, len);
    }
    stream_send(s->stream, r);
}

void send_case(struct session *s, const struct casefile *c, bool with_evidence)
{
    _cleanup_record_ struct record *r = view_case(s->engine, c);
    struct job j;
    struct err err = {0};

    stream_send(s->stream, r);
    store_step_each(s->engine->store, c->id, send_step, s, &err);
    if (store_job_of_case(s->engine->store, c->id, &j, &err) == 0) {
        _cleanup_record_ struct record *job = view_job(&j);

        stream_send(s->stream, job);
    }
    if (!with_evidence)
        return;
    send_evidence(s, c->id, "disk");
    send_evidence(s, c->id, "directory");
    send_evidence(s, c->id, "probe");
}

int case_exit_code(const struct casefile *c)
{
    switch (c->outcome) {
    case OUTCOME_PROVEN:
    case OUTCOME_LEFT:
    case OUTCOME_SUPERSEDED:
    case OUTCOME_OPEN:
        return EXIT_ANSWERED;
    case OUTCOME_CLAIMED:
    case OUTCOME_FAILED:
    case OUTCOME_SILENT:
        return EXIT_BAD_NEWS;
    case OUTCOME_REFUSED:
        return EXIT_REFUSED;
    case OUTCOME_NO_ACTION:
        return c->verdict == VERDICT_BEHIND || c->verdict == VERDICT_CHANGED_ELSEWHERE ? EXIT_BAD_NEWS
               : c->verdict == VERDICT_UNKNOWN && strcmp(c->cause, "not-read") == 0    ? EXIT_NO_LOOK
                                                                                       : EXIT_ANSWERED;
    case OUTCOMES_COUNT:
        break;
    }
    return EXIT_NO_WORK;
}
