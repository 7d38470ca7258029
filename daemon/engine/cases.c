// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
// A case's inputs: one step, one transaction, then the effect.
#include "common/filetime.h"
#include "common/os/fault.h"
#include "daemon/control/control.h"
#include "daemon/engine/engine.h"
#include "daemon/engine/loan.h"
#include "daemon/engine/proofs.h"
#include "daemon/engine/subject.h"
#include "daemon/engine/turns.h"
#include "daemon/engine/worker.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

int engine_case_open(struct engine *e, struct guest *g, enum rollback_kind kind, bool witnessed,
                     int64_t rolled_us, const char *text, struct casefile *ret, struct err *err)
{
    int64_t now = now_us();
    int rc;

    // The sender's time: spooled signals tell of what happened while virtrustd was away.
    case_open(ret, g->uuid, g->name, kind, witnessed, rolled_us < now ? rolled_us : now, now);
    rc = store_case_add(e->store, ret, err);
    if (rc < 0)
        return rc;
    g->open_case = g->last_case = ret->id;
    return store_step_add(e->store, ret->id, ret->opened_us, "noticed", text, NULL, err);
}

static void fill_details(const struct case_out *out, const struct case_world *w, struct record *r)
{
    const struct evidence *ev = &w->evidence;
    char text[FILETIME_TEXT];

    record_add(r, "kind", rollback_kind_text(out->next.kind));
    record_add(r, "verdict", verdict_text(out->next.verdict));
    record_add(r, "cause", out->next.cause);
    if (ev->guest.engine[0])
        record_add(r, "engine", ev->guest.engine);
    if (ev->guest.kvno >= 0)
        record_add_i64(r, "guest_kvno", ev->guest.kvno);
    if (ev->directory.kvno >= 0)
        record_add_i64(r, "ad_kvno", ev->directory.kvno);
    if (ev->guest.set_at) {
        filetime_text(ev->guest.set_at, text);
        record_add(r, "guest_set_at", text);
    }
    if (ev->directory.pwd_last_set) {
        filetime_text(ev->directory.pwd_last_set, text);
        record_add(r, "ad_set_at", text);
    }
    if (ev->bound) {
        record_add(r, "binding", ev->binding.name);
        record_add(r, "binding_sid", ev->binding.sid);
        record_add(r, "binding_how", ev->binding.how);
    }
    if (ev->directory.dc[0])
        record_add(r, "dc", ev->directory.dc);
    record_add(r, "would", out->next.would);
    record_add(r, "action", action_text(out->action));
    record_add(r, "rule", out->rule[0] ? out->rule : NULL);
}

// What was seen together goes into the ledger, after it has been judged by what stood there before.
static int remember_pair(struct engine *e, const struct casefile *c, const struct evidence *ev,
                         struct err *err)
{
    struct pair p = {.kvno = ev->directory.kvno, .set_at = ev->guest.set_at};

    if (!ev->bound || !ev->guest.known || !ev->guest.has_fingerprint || ev->directory.found != TRI_YES ||
        c->verdict == VERDICT_IDENTITY_MISMATCH)
        return 0;
    snprintf(p.guest, sizeof p.guest, "%s", c->guest);
    snprintf(p.guid, sizeof p.guid, "%s", ev->binding.guid);
    memcpy(p.fingerprint, ev->guest.fingerprint, HASH);
    p.pwd_last_set = ev->directory.pwd_last_set;
    p.first_us = p.last_us = now_us();
    return store_pair_add(e->store, &p, err);
}

static int put_guest(struct engine *e, const struct casefile *c, bool judged, struct err *err)
{
    struct guest g;
    int rc = store_guest_get(e->store, c->guest, &g, err);

    if (rc != 0)
        return rc < 0 ? rc : 0;
    // The case keeps what it was judged; the guest is what it is now.
    g.verdict = c->outcome == OUTCOME_PROVEN ? VERDICT_IN_STEP : c->verdict;
    snprintf(g.cause, sizeof g.cause, "%s", c->cause);
    if (judged)
        g.looked_us = c->changed_us;
    if (c->state == CASE_CLOSED && g.open_case == c->id)
        g.open_case = 0;
    return store_guest_put(e->store, &g, err);
}

// What a step is about, for people: what came, and not the state that it leads to.
static const char *about(const struct case_out *out, enum case_input_kind kind)
{
    if (out->judged)
        return "verdict";
    switch (kind) {
    case CASE_IN_LOOKED:
    case CASE_IN_LOOK_FAILED:
        return "look";
    case CASE_IN_ANSWERED:
    case CASE_IN_UNANSWERED:
        return "directory";
    case CASE_IN_SIGNAL:
        return "signal";
    case CASE_IN_APPROVED:
        return "approval";
    case CASE_IN_JOB_ENDED:
        return "end";
    case CASE_IN_GONE:
        break;
    }
    return "guest";
}

static int put_step(struct engine *e, const struct case_out *out, enum case_input_kind kind,
                    const struct case_world *w, struct err *err)
{
    _cleanup_record_ struct record *details = record_new("step");

    if (!out->note[0])
        return 0;
    record_add(details, "about", about(out, kind));
    if (out->judged)
        fill_details(out, w, details);
    return store_step_add(e->store, out->next.id, out->next.changed_us, case_state_text(out->next.state),
                          out->note, details, err);
}

// Everything that the step changes besides the case itself.
static int put_rest(struct engine *e, const struct case_out *out, const struct case_input *in,
                    const struct case_world *w, struct casefile *ret_new, struct err *err)
{
    struct job job;
    struct guest g;
    int rc = 0;

    if (out->judged)
        rc = remember_pair(e, &out->next, &w->evidence, err);
    if (rc >= 0)
        rc = put_guest(e, &out->next, out->judged, err);
    if (rc >= 0 && out->effect == CASE_EFFECT_JOB) {
        job_open(&job, &out->next, &w->evidence.binding, now_us());
        rc = loan_state(e->store, &e->key, job.case_id, &job.lends, err);
        if (rc >= 0)
            rc = store_job_add(e->store, &job, err);
    }
    if (rc >= 0 && out->next.state == CASE_CLOSED)
        rc = store_loan_wipe(e->store, out->next.id, err);
    if (rc >= 0 && (in->kind == CASE_IN_GONE || out->effect == CASE_EFFECT_SUPERSEDE)) {
        // The job ends with its case; what it had sealed stays with the account.
        rc = store_job_of_case(e->store, out->next.id, &job, err);
        if (rc == 0 && job.state != JOB_ENDED) {
            job.state = JOB_ENDED;
            job.outcome = out->next.outcome;
            job.epoch++;
            rc = store_job_put(e->store, &job, err);
        }
    }
    if (rc >= 0 && out->effect == CASE_EFFECT_SUPERSEDE) {
        rc = store_guest_get(e->store, out->next.guest, &g, err);
        if (rc == 0)
            rc = engine_case_open(e, &g, in->rollback, true, now_us(), "the guest's time moved again",
                                  ret_new, err);
        if (rc == 0)
            rc = store_guest_put(e->store, &g, err);
    }
    return rc < 0 ? rc : 0;
}

static int step_in_transaction(struct engine *e, int64_t id, const struct case_input *in,
                               struct case_out *ret, struct casefile *ret_new, struct err *err)
{
    _cleanup_free_ struct case_world *w = calloc(1, sizeof *w);
    struct casefile c;
    int rc = w ? store_case_get(e->store, id, &c, err) : -ENOMEM;

    if (rc < 0)
        return rc;
    if (rc == STORE_NONE || c.state == CASE_CLOSED)
        return STORE_NONE;
    rc = engine_world(e, &c, w, err);
    if (rc < 0)
        return rc;
    case_step(&c, in, w, now_us(), ret);
    if (ret->next.epoch == c.epoch)
        return STORE_NONE; // it means nothing here: what is under way, or due, stays so
    rc = store_case_put(e->store, &ret->next, err);
    if (rc >= 0)
        rc = put_step(e, ret, in->kind, w, err);
    if (rc >= 0)
        rc = put_rest(e, ret, in, w, ret_new, err);
    return rc;
}

static void after_commit(struct engine *e, const struct case_out *out, const struct casefile *opened)
{
    const struct casefile *c = &out->next;
    char point[64];

    snprintf(point, sizeof point, "case.%s", case_state_text(c->state));
    fault_point(point);
    if (out->note[0])
        engine_log(c->state == CASE_CLOSED ? 5 : 6, c->id, c->guest, "%s: %s", c->name, out->note);
    due_set(&e->due, DUE_CASE, c->id, NULL, c->wake_us);
    if (c->state == CASE_CLOSED) {
        looks_forget(e, c->id);
        turns_forget(e, c->id);
        due_set(&e->due, DUE_JOB, c->id, NULL, 0);
    }
    engine_rearm(e);
    engine_case_effect(e, c, out->effect);
    if (opened->id) {
        engine_log(5, opened->id, opened->guest, "%s: noticed (%s)", opened->name,
                   rollback_kind_text(opened->kind));
        engine_case_effect(e, opened, case_effect(opened));
    }
    if (c->state == CASE_CLOSED) {
        proofs_case_closed(e, c);
        control_case_closed(e->control, c);
    }
}

static int keep_evidence(struct engine *e, int64_t id, const char *source, const struct record *evidence,
                         struct err *err)
{
    struct casefile c;
    int rc = store_evidence_put(e->store, id, source, evidence, err);

    if (rc >= 0)
        rc = store_case_get(e->store, id, &c, err);
    return rc == 0 ? subject_learn(e, c.guest, source, evidence, err) : rc < 0 ? rc : 0;
}

int engine_case_learnt(struct engine *e, int64_t id, const struct case_input *in, const char *source,
                       const struct record *evidence, struct err *err)
{
    struct case_out out;
    struct casefile opened = {0};
    int rc = store_begin(e->store, err);

    if (rc < 0)
        return rc;
    if (evidence)
        rc = keep_evidence(e, id, source, evidence, err);
    if (rc == 0)
        rc = step_in_transaction(e, id, in, &out, &opened, err);
    if (rc == 0)
        rc = store_commit(e->store, err);
    if (rc != 0) {
        store_rollback(e->store);
        return rc < 0 ? rc : 0;
    }
    after_commit(e, &out, &opened);
    return 0;
}

int engine_case_input(struct engine *e, int64_t id, const struct case_input *in, struct err *err)
{
    return engine_case_learnt(e, id, in, NULL, NULL, err);
}

static int find_repairable(struct engine *e, const char *guest, struct guest *ret, int64_t *ret_id,
                           struct err *err)
{
    int rc = store_guest_find(e->store, guest, ret, err);

    if (rc == STORE_NONE)
        return err_set(err, -ENOENT, "no guest called %s is known; `virtrust list` shows those that are",
                       guest);
    if (rc < 0)
        return rc;
    if (!ret->present)
        return err_set(err, -ESTALE, "%s is no longer defined on this host; nothing can be repaired",
                       ret->name);
    if (ret->open_case) {
        *ret_id = ret->open_case;
        return err_set(err, -EBUSY, "%s has an open case already; `virtrust case %lld` shows it", ret->name,
                       (long long)ret->open_case);
    }
    return 0;
}

static int repair(struct engine *e, const char *guest, bool dry_run, const struct secret *credential,
                  int64_t *ret_id, struct err *err)
{
    struct casefile c = {0};
    struct guest g;
    int rc = find_repairable(e, guest, &g, ret_id, err);

    if (rc < 0)
        return rc;
    rc = store_begin(e->store, err);
    if (rc >= 0)
        rc = engine_case_open(e, &g, ROLLBACK_MANUAL, false, now_us(), "asked for by an administrator", &c,
                              err);
    if (rc >= 0 && dry_run) {
        c.dry_run = true;
        rc = store_case_put(e->store, &c, err);
    }
    if (rc >= 0 && credential)
        rc = loan_put(e->store, &e->key, c.id, credential, err);
    if (rc >= 0)
        rc = store_guest_put(e->store, &g, err);
    if (rc >= 0)
        rc = store_commit(e->store, err);
    if (rc < 0) {
        store_rollback(e->store);
        return rc;
    }
    *ret_id = c.id;
    engine_case_effect(e, &c, case_effect(&c));
    return 0;
}

int engine_repair(struct engine *e, const char *guest, bool dry_run, int64_t *ret_id, struct err *err)
{
    return repair(e, guest, dry_run, NULL, ret_id, err);
}

int engine_repair_lending(struct engine *e, const char *guest, const struct secret *credential,
                          int64_t *ret_id, struct err *err)
{
    return repair(e, guest, false, credential, ret_id, err);
}
