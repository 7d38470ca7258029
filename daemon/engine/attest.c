// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/engine/attest.h"

#include "common/attestation.h"
#include "common/hex.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>

enum { DIRECTORY_S = 90, VERB_S = 60, GRACE_S = 15 };

struct attest_run {
    struct attest_run *next;
    struct record *question; // the last `attest` to the directory, filled in as it becomes known
    char guest[UUID_TEXT];
    bool fresh, push;
    struct worker_key key;
    attest_done done;
    void *arg;
};

static void forget(struct engine *e, struct attest_run *run)
{
    for (struct attest_run **p = &e->attests; *p; p = &(*p)->next)
        if (*p == run) {
            *p = run->next;
            break;
        }
    worker_cancel_arg(e, run);
    record_free(run->question);
    free(run);
}

static void end(struct engine *e, struct attest_run *run, const struct record *answer, const char *lost)
{
    char guest[UUID_TEXT];
    struct attest_end end = {.guest = guest, .key = run->key, .answer = answer, .lost = lost};
    attest_done done = run->done;
    void *arg = run->arg;

    memcpy(guest, run->guest, sizeof guest);
    forget(e, run);
    done(e, &end, arg);
}

static void on_verdict(struct engine *e, const struct worker_key *key, const struct record *answer,
                       const char *lost, void *arg)
{
    (void)key;
    end(e, arg, answer, lost);
}

// The guest's token goes on as it came: measured there.
static void on_token(struct engine *e, const struct worker_key *key, const struct record *answer,
                     const char *lost, void *arg)
{
    struct attest_run *run = arg;
    _cleanup_attestation_ struct attestation a = {0};

    (void)key;
    if (!record_is(answer, "done") || attestation_read(answer, &a, NULL) < 0) {
        end(e, run, answer, lost);
        return;
    }
    attestation_add(run->question, &a);
    worker_call(e, WORKER_DIRECTORY, run->question, DIRECTORY_S, (struct worker_key){0}, on_verdict, run);
    run->question = NULL;
}

static struct record *verb(struct engine *e, const struct attest_run *run,
                           const struct attestation_claim *claim)
{
    struct record *r = record_new("verb");
    unsigned char token[16];

    record_add(r, "guest", run->guest);
    record_add(r, "verb", "attest");
    record_add_u64(r, "timeout_s", VERB_S);
    record_add(r, "helper", e->config->helper_path);
    record_add(r, "helper_windows", e->config->helper_windows_path);
    record_add_bool(r, "push", run->push);
    if (getrandom(token, sizeof token, 0) == (ssize_t)sizeof token)
        record_add_hex(r, "token", token, sizeof token);
    record_add(r, "nonce", claim->nonce);
    record_add(r, "target", claim->target);
    record_add(r, "dc", record_get(run->question, "dc"));
    record_add_bool(r, "fresh", run->fresh);
    return r;
}

static void on_challenge(struct engine *e, const struct worker_key *key, const struct record *answer,
                         const char *lost, void *arg)
{
    struct attest_run *run = arg;
    struct attestation_claim claim;

    (void)key;
    if (!record_is(answer, "challenge") || attestation_claim_read(answer, &claim, NULL) < 0) {
        end(e, run, answer, lost);
        return;
    }
    record_add(run->question, "nonce", claim.nonce);
    record_add(run->question, "target", claim.target);
    worker_call(e, WORKER_DELIVER, verb(e, run, &claim), VERB_S + GRACE_S, (struct worker_key){0}, on_token,
                run);
}

void attest_ask(struct engine *e, const struct attest_question *q, attest_done done, void *arg)
{
    struct attest_run *run = calloc(1, sizeof *run);
    struct record *challenge;

    if (!run) {
        done(e, &(struct attest_end){.guest = q->guest, .key = q->key, .lost = "out of memory"}, arg);
        return;
    }
    snprintf(run->guest, sizeof run->guest, "%s", q->guest);
    run->fresh = q->fresh;
    run->push = q->push;
    run->key = q->key;
    run->done = done;
    run->arg = arg;
    run->next = e->attests;
    e->attests = run;
    run->question = record_new("attest");
    record_add(run->question, "domain", q->domain);
    record_add(run->question, "guest", q->guest);
    record_add(run->question, "guid", q->guid);
    record_add(run->question, "sid", q->sid);
    record_add(run->question, "dc", q->dc);
    record_add_bool(run->question, "fresh", q->fresh);
    if (q->after)
        record_add_u64(run->question, "after", q->after);
    challenge = record_new("challenge");
    record_add(challenge, "domain", q->domain);
    record_add(challenge, "guest", q->guest);
    worker_call(e, WORKER_DIRECTORY, challenge, DIRECTORY_S, (struct worker_key){0}, on_challenge, run);
}

void attest_cancel_arg(struct engine *e, const void *arg)
{
    for (struct attest_run *run = e->attests, *next; run; run = next) {
        next = run->next;
        if (run->arg == arg)
            forget(e, run);
    }
}

void attest_cancel_all(struct engine *e)
{
    while (e->attests)
        forget(e, e->attests);
}

const char *attest_why_not(const struct record *answer, const char *lost)
{
    return lost ? lost : record_get_or(answer, "text", "the guest made no proof, and did not say why");
}
