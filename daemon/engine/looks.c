// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
// The effects of a case: the look (at most so many at once, a rolled-back guest before a merely seen one, oldest
// first) and the directory's question.
#include "daemon/engine/engine.h"
#include "daemon/engine/sides.h"
#include "daemon/engine/worker.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { DIRECTORY_TIMEOUT_S = 90, GRACE_S = 15 };

// Keeps a worker's answer with the case and steps; a failed commit is tried again by looking anew.
static void take_evidence(struct engine *e, const struct worker_key *key, const char *source,
                          const struct record *answer, const char *lost, struct case_input *in)
{
    _cleanup_record_ struct record *made = NULL;
    struct casefile c;
    struct err err = {0};
    int rc = store_case_get(e->store, key->case_id, &c, &err);

    if (rc != 0 || c.epoch != key->epoch || c.state == CASE_CLOSED)
        return;
    if (!answer) {
        made = record_new("error");
        record_add(made, "code", "worker");
        record_add(made, "text", lost);
        answer = made;
    }
    rc = store_begin(e->store, &err);
    if (rc >= 0)
        rc = store_evidence_put(e->store, c.id, source, answer, &err);
    if (rc >= 0)
        rc = store_commit(e->store, &err);
    if (rc < 0)
        store_rollback(e->store);
    else
        rc = engine_case_input(e, c.id, in, &err);
    if (rc < 0) {
        engine_log(3, c.id, c.guest, "cannot keep what was learnt: %s; tries again", err.text);
        engine_again(e, DUE_CASE, c.id, NULL);
    }
}

static void on_look(struct engine *e, const struct worker_key *key, const struct record *answer,
                    const char *lost, void *arg)
{
    struct case_input in = {.kind = record_is(answer, "evidence") ? CASE_IN_LOOKED : CASE_IN_LOOK_FAILED};
    struct casefile c;
    struct guest g;
    struct err err = {0};

    (void)arg;
    in.transient = !answer; // the worker died: not the guest's fault, or only once
    // A look counts only if it began after the last signal of its burst: while one is open, it will be repeated.
    if (store_case_get(e->store, key->case_id, &c, &err) == 0 &&
        store_guest_get(e->store, c.guest, &g, &err) == 0 && g.burst.last_us) {
        due_set(&e->due, DUE_CASE, c.id, NULL, g.burst.last_us + 2 * (int64_t)e->config->settle_ms * 1000);
        engine_rearm(e);
        return;
    }
    take_evidence(e, key, "disk", answer, lost, &in);
}

static void copy_disks(const struct record *description, struct record *request)
{
    const char *key, *value;
    size_t len;

    for (size_t i = 0; i < record_count(description); i++) {
        record_at(description, i, &key, &value, &len);
        if (strncmp(key, "disk.", 5) == 0)
            record_add_bytes(request, key, value, len);
    }
}

static void start_look(struct engine *e, const struct casefile *c)
{
    _cleanup_record_ struct record *description = NULL;
    struct record *request;
    struct guest g = {0};
    struct err err = {0};

    worker_cancel_looks(e, c->id);
    store_description_get(e->store, c->guest, &description, &err);
    store_guest_get(e->store, c->guest, &g, &err);
    request = record_new("look");
    record_add(request, "guest", c->guest);
    record_add_bool(request, "running", g.running);
    record_add_u64(request, "timeout_s", e->config->look_timeout_s);
    copy_disks(description, request);
    worker_call(e, WORKER_INSPECT, request, e->config->look_timeout_s + GRACE_S,
                (struct worker_key){.case_id = c->id, .epoch = c->epoch}, on_look, NULL);
}

struct choice {
    struct engine *engine;
    struct casefile best;
};

static int better(const struct casefile *c, void *arg)
{
    struct choice *choice = arg;
    const struct casefile *b = &choice->best;

    if (c->state != CASE_LOOKING || worker_busy(choice->engine, c->id) || case_waits(c, now_us()))
        return 0;
    if (!b->id || c->witnessed > b->witnessed || (c->witnessed == b->witnessed && c->id < b->id))
        choice->best = *c;
    return 0;
}

void engine_pump_looks(struct engine *e)
{
    struct err err = {0};

    while (e->looks < e->config->looks_at_once) {
        struct choice choice = {.engine = e};

        if (store_case_each(e->store, NULL, true, 0, better, &choice, &err) < 0 || !choice.best.id)
            return;
        start_look(e, &choice.best);
    }
}

// sAMAccountNames are compared without case; a rule gives its computer without the dollar.
static bool is_computer(const char *account, const char *computer)
{
    size_t len = strlen(computer);

    return strncasecmp(account, computer, len) == 0 && strcmp(account + len, "$") == 0;
}

static void on_account(struct engine *e, const struct worker_key *key, const struct record *answer,
                       const char *lost, void *arg)
{
    struct case_input in = {.kind = record_is(answer, "account") ? CASE_IN_ANSWERED : CASE_IN_UNANSWERED};
    struct casefile c;
    struct config_choice choice;
    struct binding b;
    struct err err = {0};

    (void)arg;
    in.transient = in.kind == CASE_IN_UNANSWERED;
    // A policy names the account: the directory's answer becomes the binding. It is compared with that name, for the
    // question may have been another one: the guest's claim, while no policy matched it, or a binding since undone.
    if (in.kind == CASE_IN_ANSWERED && store_case_get(e->store, key->case_id, &c, &err) == 0 &&
        c.epoch == key->epoch && store_binding_get(e->store, c.guest, &b, &err) == STORE_NONE) {
        engine_choice(e, c.guest, c.name, &choice);
        if (choice.computer[0] && choice.domain && record_get_bool(answer, "found") == 1 &&
            binding_of_account(answer, c.guest, choice.domain->name, "policy", now_us(), &b) == 0 &&
            is_computer(b.name, choice.computer))
            store_binding_put(e->store, &b, &err);
    }
    take_evidence(e, key, "directory", answer, lost, &in);
}

// By GUID where a binding stands; else by what a policy names; else, to tell the administrator what it looks like, by
// the guest's claim: that is read, and never acted upon.
static struct record *account_request(struct engine *e, const struct casefile *c)
{
    _cleanup_record_ struct record *disk = NULL;
    struct record *request = record_new("account");
    struct config_choice choice;
    struct binding b;
    struct err err = {0};

    if (store_binding_get(e->store, c->guest, &b, &err) == 0) {
        record_add(request, "domain", b.domain);
        record_add(request, "guid", b.guid);
        return request;
    }
    engine_choice(e, c->guest, c->name, &choice);
    store_evidence_get(e->store, c->id, "disk", &disk, &err);
    record_add(request, "domain", choice.domain ? choice.domain->name : NULL);
    record_add(request, "name", choice.computer[0] ? choice.computer : record_get(disk, "sam_account_name"));
    return request;
}

void engine_case_effect(struct engine *e, const struct casefile *c, enum case_effect effect)
{
    struct job_input wake = {.kind = JOB_IN_WAKE};
    struct err err = {0};

    switch (effect) {
    case CASE_EFFECT_LOOK:
        worker_cancel_looks(e, c->id);
        engine_pump_looks(e);
        break;
    case CASE_EFFECT_QUERY:
        worker_call(e, WORKER_DIRECTORY, account_request(e, c), DIRECTORY_TIMEOUT_S,
                    (struct worker_key){.case_id = c->id, .epoch = c->epoch}, on_account, NULL);
        break;
    case CASE_EFFECT_JOB:
        if (engine_job_input(e, c->id, &wake, &err) < 0) {
            engine_log(3, c->id, c->guest, "cannot begin the repair: %s; tries again", err.text);
            engine_again(e, DUE_JOB, c->id, NULL);
        }
        break;
    case CASE_EFFECT_NONE:
    case CASE_EFFECT_SUPERSEDE:
        break;
    }
}
