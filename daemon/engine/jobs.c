// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
// A job's inputs: one step, one transaction (with the journal of sealed secrets), then the effect.
#include "common/hex.h"
#include "common/os/fault.h"
#include "common/os/seal.h"
#include "daemon/engine/engine.h"
#include "daemon/engine/journal.h"
#include "daemon/engine/loan.h"
#include "daemon/engine/sides.h"
#include "daemon/engine/turns.h"
#include "daemon/engine/worker.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

// What is under way with a secret that is out is never held back, and a guest that does not run needs no turn yet.
static int ask_turn(struct engine *e, const struct job *j, const struct casefile *c, struct job_world *w,
                    struct err *err)
{
    if (!w->running || w->journal != JOURNAL_NONE)
        return turns_enter(e, j, &w->binding);
    return turns_ask(e, j, c, &w->binding, &w->hold, err);
}

// How the guest runs now, where that decides: paused by a migration it runs on the one host or on the other, and it may
// have been started with disks that are discarded.
static int read_guest(struct engine *e, const struct job *j, const struct casefile *c, struct job_world *w,
                      struct err *err)
{
    _cleanup_record_ struct record *description = NULL;
    struct config_choice choice;
    int rc;

    if (j->state < JOB_COMPARING || j->state == JOB_PROVING)
        return 0;
    rc = store_description_get(e->store, j->guest, &description, err);
    if (rc < 0)
        return rc;
    engine_choice(e, j->guest, c->name, &choice);
    w->discarded = choice.discarded || record_get_bool(description, "transient_disks") == 1;
    w->moving = strcmp(record_get_or(description, "state", ""), "paused") == 0 &&
                strcmp(record_get_or(description, "state_reason", ""), "migration") == 0;
    return 0;
}

static int gather(struct engine *e, const struct job *j, struct job_world *ret, struct err *err)
{
    struct guest g = {0};
    struct casefile c = {0};
    int rc = store_guest_get(e->store, j->guest, &g, err);

    *ret = (struct job_world){
        .running = g.running,
        .agent_wait_us = (int64_t)e->config->agent_wait_s * 1000000,
        .proof_wait_us = (int64_t)e->config->proof_wait_s * 1000000,
    };
    if (rc >= 0)
        rc = store_binding_get(e->store, j->guest, &ret->binding, err);
    if (rc >= 0)
        rc = journal_state(e->store, &e->key, j->guid, &ret->journal, ret->journal_dc, err);
    if (rc >= 0 && j->lends)
        rc = loan_state(e->store, &e->key, j->case_id, &ret->loan, err);
    if (rc >= 0)
        rc = store_case_get(e->store, j->case_id, &c, err);
    if (rc >= 0)
        rc = read_guest(e, j, &c, ret, err);
    if (rc >= 0)
        rc = ask_turn(e, j, &c, ret, err);
    if (rc >= 0)
        rc = store_twin(e->store, j->guest, j->guid, c.rolled_us, ret->twin, err);
    return rc < 0 ? rc : 0;
}

// The binding was taken away or given to another account while the repair was under way: it is not continued.
static bool binding_moved(const struct job *j, const struct job_world *w)
{
    return strcmp(w->binding.guid, j->guid) != 0;
}

static int add_pair(struct engine *e, const struct job_out *out, const struct record *answer, struct err *err)
{
    _cleanup_record_ struct record *stored = NULL;
    const struct job *j = &out->next;
    struct pair p = {.kvno = -1, .proven = true, .first_us = now_us(), .last_us = now_us()};
    uint64_t kvno;

    if (!j->has_live)
        return 0;
    // While probing, the directory's word is the one the case has gathered.
    if (!record_is(answer, "account")) {
        int rc = store_evidence_get(e->store, j->case_id, "directory", &stored, err);

        if (rc != 0)
            return rc < 0 ? rc : 0;
        answer = stored;
    }
    if (record_get_u64(answer, "pwd_last_set", &p.pwd_last_set) < 0)
        return 0;
    if (record_get_u64(answer, "kvno", &kvno) == 0)
        p.kvno = (int64_t)kvno;
    snprintf(p.guest, sizeof p.guest, "%s", j->guest);
    snprintf(p.guid, sizeof p.guid, "%s", j->guid);
    hostkey_fingerprint(&e->key, j->live, p.fingerprint);
    return store_pair_add(e->store, &p, err);
}

static int put_journal(struct engine *e, const struct job_out *out, struct err *err)
{
    if (out->mint)
        return journal_mint(e->store, &e->key, out->next.guid, out->next.dc, err);
    if (out->wipe)
        return store_journal_wipe(e->store, out->next.guid, err);
    if (out->confirm)
        return store_journal_state(e->store, out->next.guid, JOURNAL_CONFIRMED, out->next.dc, err);
    return 0;
}

static void add_details(const struct job_out *out, struct record *details)
{
    const struct job *j = &out->next;

    if (j->kvno_before >= 0)
        record_add_i64(details, "kvno_before", j->kvno_before);
    if (j->kvno_reset >= 0)
        record_add_i64(details, "kvno_reset", j->kvno_reset);
    if (j->kvno_after >= 0)
        record_add_i64(details, "kvno_after", j->kvno_after);
    if (j->dc[0])
        record_add(details, "dc", j->dc);
}

// What a step is about, for people: what was under way when it was taken, and not the state that it leads to.
static const char *about(enum job_state before)
{
    switch (before) {
    case JOB_WAITING_START:
    case JOB_WAITING_AGENT:
        return "wait";
    case JOB_WAITING_TURN:
        return "turn";
    case JOB_CLOCK:
        return "clock";
    case JOB_PROBING:
        return "probe";
    case JOB_COMPARING:
        return "directory";
    case JOB_CHECKING:
        return "check";
    case JOB_READING:
        return "account";
    case JOB_VETTING:
        return "credential";
    case JOB_LENDING:
        return "loan";
    case JOB_RESETTING:
        return "reset";
    case JOB_CONFIRMING:
        return "log-on";
    case JOB_COUNTING:
        return "key-version";
    case JOB_STORING:
        return "delivery";
    case JOB_ROTATING:
        return "rotation";
    case JOB_PROVING:
        return "proof";
    case JOB_ATTESTING:
        return "ticket";
    case JOB_ENDED:
    case JOB_STATES_COUNT:
        break;
    }
    return "end";
}

static int put_all(struct engine *e, struct job_out *out, enum job_state before, const struct job_input *in,
                   struct err *err)
{
    _cleanup_record_ struct record *details = record_new("step");
    unsigned char random[16];
    int rc = 0;

    if (out->new_token) {
        rc = seal_random(random, sizeof random, err);
        if (rc == 0)
            hex_encode(random, sizeof random, out->next.token);
    }
    if (rc >= 0)
        rc = put_journal(e, out, err);
    if (rc >= 0 && out->next.state == JOB_ENDED)
        rc = store_loan_wipe(e->store, out->next.case_id, err);
    if (rc >= 0)
        rc = store_job_put(e->store, &out->next, err);
    if (rc >= 0 && out->pair)
        rc = add_pair(e, out, in->answer, err);
    if (rc >= 0 && strcmp(record_get_or(in->answer, "verb", ""), "probe") == 0)
        rc = store_evidence_put(e->store, out->next.case_id, "probe", in->answer, err);
    record_add(details, "about", about(before));
    add_details(out, details);
    if (rc >= 0 && out->note[0])
        rc = store_step_add(e->store, out->next.case_id, out->next.changed_us,
                            job_state_text(out->next.state), out->note, details, err);
    return rc;
}

static int step_in_transaction(struct engine *e, int64_t case_id, const struct job_input *in,
                               struct job_out *ret, struct err *err)
{
    struct job_input stop = {.kind = JOB_IN_STOP,
                             .outcome = OUTCOME_REFUSED,
                             .text = "the guest's binding was changed while the repair was under way"};
    struct job_world w;
    struct job j;
    int rc = store_job_of_case(e->store, case_id, &j, err);

    if (rc != 0 || j.state == JOB_ENDED)
        return rc < 0 ? rc : STORE_NONE;
    rc = gather(e, &j, &w, err);
    if (rc < 0)
        return rc;
    job_step(&j, binding_moved(&j, &w) ? &stop : in, &w, now_us(), ret);
    rc = put_all(e, ret, j.state, in, err);
    return rc == 0 ? turns_took(e, j.state, &ret->next, in->answer, err) : rc;
}

// The job has ended: the case is told. If that commit fails, the case's own due time tells it again.
static void tell_case(struct engine *e, const struct job *j)
{
    struct case_input in = {.kind = CASE_IN_JOB_ENDED, .outcome = j->outcome, .verdict = j->verdict};
    struct err err = {0};

    snprintf(in.cause, sizeof in.cause, "%s", j->cause);
    snprintf(in.text, sizeof in.text, "%s", j->text);
    snprintf(in.next, sizeof in.next, "%s", j->next);
    if (engine_case_input(e, j->case_id, &in, &err) < 0) {
        engine_log(3, j->case_id, j->guest, "cannot close the case: %s; tries again", err.text);
        engine_again(e, DUE_CASE, j->case_id, NULL);
    }
}

void engine_job_told(struct engine *e, int64_t case_id)
{
    struct job j;
    struct err err = {0};

    if (store_job_of_case(e->store, case_id, &j, &err) == 0 && j.state == JOB_ENDED)
        tell_case(e, &j);
}

int engine_job_input(struct engine *e, int64_t case_id, const struct job_input *in, struct err *err)
{
    struct job_out out;
    char point[64];
    int rc = store_begin(e->store, err);

    if (rc < 0)
        return rc;
    rc = step_in_transaction(e, case_id, in, &out, err);
    if (rc == 0)
        rc = store_commit(e->store, err);
    if (rc != 0) {
        store_rollback(e->store);
        return rc < 0 ? rc : 0;
    }
    snprintf(point, sizeof point, "job.%s", job_state_text(out.next.state));
    fault_point(point);
    if (out.note[0])
        engine_log(6, case_id, out.next.guest, "%s", out.note);
    due_set(&e->due, DUE_JOB, case_id, NULL, out.next.state == JOB_ENDED ? 0 : out.next.next_us);
    turns_moved(e, &out.next);
    engine_rearm(e);
    if (out.next.state == JOB_ENDED)
        tell_case(e, &out.next);
    else
        engine_job_effect(e, &out.next, out.effect);
    return 0;
}
