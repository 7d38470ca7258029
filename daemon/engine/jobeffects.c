// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
// The effects of a job: one request to one worker, its answer back as the job's next input.
#include "daemon/engine/attest.h"
#include "daemon/engine/engine.h"
#include "daemon/engine/journal.h"
#include "daemon/engine/loan.h"
#include "daemon/engine/worker.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { DIRECTORY_TIMEOUT_S = 90, VERB_TIMEOUT_S = 120, GRACE_S = 15 };

static void on_answer(struct engine *e, const struct worker_key *key, const struct record *answer,
                      const char *lost, void *arg)
{
    struct job_input in = {.kind = answer ? JOB_IN_ANSWER : JOB_IN_LOST, .answer = answer, .text = lost};
    struct job j;
    struct err err = {0};
    int rc = store_job_of_case(e->store, key->job_case, &j, &err);

    (void)arg;
    if (rc == STORE_NONE || (rc == 0 && (j.state == JOB_ENDED || j.epoch != key->epoch)))
        return;
    if (rc == 0)
        rc = engine_job_input(e, key->job_case, &in, &err);
    if (rc < 0) {
        engine_log(3, key->job_case, NULL, "cannot keep an answer: %s; asks again", err.text);
        engine_again(e, DUE_JOB, key->job_case, NULL);
    }
}

static struct record *verb(const struct job *j, const char *name, unsigned timeout_s)
{
    struct record *r = record_new("verb");

    record_add(r, "guest", j->guest);
    record_add(r, "verb", name);
    record_add_u64(r, "timeout_s", timeout_s);
    return r;
}

static struct record *helper_verb(struct engine *e, const struct job *j, const char *name)
{
    struct record *r = verb(j, name, VERB_TIMEOUT_S);
    struct config_choice choice;
    struct guest g = {0};
    struct err err = {0};

    store_guest_get(e->store, j->guest, &g, &err);
    engine_choice(e, j->guest, g.name, &choice);
    record_add(r, "token", j->token);
    record_add(r, "helper", e->config->helper_path);
    record_add(r, "helper_windows", e->config->helper_windows_path);
    record_add_bool(r, "push", choice.push_helper);
    return r;
}

static struct record *account(const struct job *j, const struct binding *b, const char *type)
{
    struct record *r = record_new(type);

    record_add(r, "domain", b->domain);
    record_add(r, "guid", b->guid);
    if (strcmp(type, "account") != 0)
        record_add(r, "sid", b->sid);
    if (j->dc[0])
        record_add(r, "dc", j->dc);
    return r;
}

static int add_secret(struct engine *e, const struct job *j, struct record *r, bool token, struct err *err)
{
    _cleanup_secret_ struct secret s = {0};
    char name[TOKEN_TEXT];
    int rc = journal_open(e->store, &e->key, j->guid, &s, name, err);

    if (rc < 0)
        return rc;
    record_add_bytes(r, "secret", s.data, s.len);
    if (token)
        record_add(r, "token", name);
    return 0;
}

static int add_sealed(struct engine *e, const struct job *j, struct record *r, struct err *err)
{
    _cleanup_secret_ struct secret s = {0};
    unsigned char blob[SEAL_BLOB_MAX];
    size_t len;
    int rc = journal_open(e->store, &e->key, j->guid, &s, NULL, err);

    if (rc == 0)
        rc = seal_to(j->public_key, j->token, &s, blob, &len, err);
    if (rc < 0)
        return rc;
    record_add_hex(r, "sealed", blob, len);
    record_add_i64(r, "kvno", j->kvno_reset);
    return 0;
}

// The credential as it is, for virtrust-directory to look at what it is good for.
static int add_credential(struct engine *e, const struct job *j, struct record *r, struct err *err)
{
    _cleanup_secret_ struct secret s = {0};
    int rc = loan_open(e->store, &e->key, j->case_id, &s, err);

    if (rc == 0)
        record_add_bytes(r, "credential", s.data, s.len);
    return rc;
}

// For the helper alone, and for this one call.
static int add_loan(struct engine *e, const struct job *j, const struct binding *b, struct record *r,
                    struct err *err)
{
    _cleanup_secret_ struct secret s = {0};
    unsigned char blob[SEAL_BLOB_MAX];
    size_t len;
    int rc = loan_open(e->store, &e->key, j->case_id, &s, err);

    if (rc == 0)
        rc = seal_to(j->public_key, j->token, &s, blob, &len, err);
    if (rc < 0)
        return rc;
    record_add_hex(r, "sealed", blob, len);
    record_add(r, "sid", b->sid);
    return 0;
}

static void add_expect(const struct job *j, struct record *r)
{
    record_add_hex(r, "expect", j->live, HASH);
    if (j->dc[0])
        record_add(r, "dc", j->dc);
}

// The request of an effect; NULL with a sentence when it cannot be made. *ret_worker says whose it is.
static struct record *build(struct engine *e, const struct job *j, const struct binding *b,
                            enum job_effect effect, enum worker *ret_worker, struct err *err)
{
    struct record *r = NULL;
    int rc = 0;

    *ret_worker = WORKER_DELIVER;
    switch (effect) {
    case JOB_EFFECT_CLOCK:
        r = verb(j, "clock", VERB_TIMEOUT_S);
        record_add_u64(r, "tolerance_ms", e->config->clock_tolerance_ms);
        record_add_bool(r, "set", true);
        break;
    case JOB_EFFECT_PROBE:
        r = helper_verb(e, j, "probe");
        record_add_bool(r, "key", true);
        break;
    case JOB_EFFECT_CHECK:
    case JOB_EFFECT_ROTATE:
        r = helper_verb(e, j, effect == JOB_EFFECT_CHECK ? "store-check" : "rotate");
        add_expect(j, r);
        break;
    case JOB_EFFECT_STORE:
        r = helper_verb(e, j, "store");
        add_expect(j, r);
        rc = add_sealed(e, j, r, err);
        break;
    case JOB_EFFECT_ACCOUNT:
        *ret_worker = WORKER_DIRECTORY;
        r = account(j, b, "account");
        if (j->state == JOB_COMPARING)
            record_add_bool(r, "mark", true);
        break;
    case JOB_EFFECT_VET:
        *ret_worker = WORKER_DIRECTORY;
        r = account(j, b, "vet");
        rc = add_credential(e, j, r, err);
        break;
    case JOB_EFFECT_LEND:
        r = helper_verb(e, j, "repair");
        add_expect(j, r);
        rc = add_loan(e, j, b, r, err);
        break;
    case JOB_EFFECT_RESET:
        *ret_worker = WORKER_DIRECTORY;
        r = account(j, b, "reset");
        record_add_i64(r, "kvno", j->kvno_before);
        rc = add_secret(e, j, r, true, err);
        break;
    case JOB_EFFECT_LOGIN:
        *ret_worker = WORKER_DIRECTORY;
        r = account(j, b, "login");
        rc = add_secret(e, j, r, false, err);
        break;
    case JOB_EFFECT_ATTEST: // three calls, see attest.h
    case JOB_EFFECT_NONE:
        break;
    }
    return rc < 0 ? record_free(r) : r;
}

static void on_ticket(struct engine *e, const struct attest_end *end, void *arg)
{
    on_answer(e, &end->key, end->answer, end->lost, arg);
}

static void ask_for_ticket(struct engine *e, const struct job *j, const struct binding *b)
{
    struct attest_question q = {.guest = j->guest,
                                .domain = b->domain,
                                .guid = b->guid,
                                .sid = b->sid,
                                .dc = j->dc[0] ? j->dc : NULL,
                                .fresh = true,
                                .after = j->pwd_last_set_reset,
                                .key = {.job_case = j->case_id, .epoch = j->epoch}};
    struct config_choice choice;
    struct guest g = {0};
    struct err err = {0};

    store_guest_get(e->store, j->guest, &g, &err);
    engine_choice(e, j->guest, g.name, &choice);
    q.push = choice.push_helper;
    attest_ask(e, &q, on_ticket, NULL);
}

void engine_job_effect(struct engine *e, const struct job *j, enum job_effect effect)
{
    struct binding b = {0};
    struct err err = {0};
    enum worker worker;
    struct record *request = NULL;

    if (effect == JOB_EFFECT_NONE)
        return;
    // Without a binding there is nothing to ask: the step that is tried again finds that, and ends the job.
    if (store_binding_get(e->store, j->guest, &b, &err) == 0 && effect == JOB_EFFECT_ATTEST) {
        ask_for_ticket(e, j, &b);
        return;
    }
    if (b.guid[0])
        request = build(e, j, &b, effect, &worker, &err);
    if (!request) {
        engine_log(3, j->case_id, j->guest, "cannot make a request: %s; tries again",
                   err.text[0] ? err.text : "the guest's binding is gone");
        engine_again(e, DUE_JOB, j->case_id, NULL);
        return;
    }
    worker_call(e, worker, request,
                (worker == WORKER_DELIVER ? VERB_TIMEOUT_S : DIRECTORY_TIMEOUT_S) + GRACE_S,
                (struct worker_key){.job_case = j->case_id, .epoch = j->epoch}, on_answer, NULL);
}
