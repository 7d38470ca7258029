// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/core/casestep.h"

#include "daemon/core/signal.h"

#include <stdio.h>
#include <string.h>

enum { TRIES = 3, RETRY_US = 5 * 1000 * 1000, PATIENT_US = 30 * 1000 * 1000 };

void case_open(struct casefile *c, const char *guest, const char *name, enum rollback_kind kind,
               bool witnessed, int64_t rolled_us, int64_t now_us)
{
    *c = (struct casefile){
        .kind = kind,
        .witnessed = witnessed,
        .approved = kind == ROLLBACK_MANUAL,
        .state = CASE_LOOKING,
        .rolled_us = rolled_us,
        .opened_us = now_us,
        .changed_us = now_us,
        .epoch = 1,
    };
    snprintf(c->guest, sizeof c->guest, "%s", guest);
    snprintf(c->name, sizeof c->name, "%s", name);
}

enum case_effect case_effect(const struct casefile *c)
{
    switch (c->state) {
    case CASE_LOOKING:
        return CASE_EFFECT_LOOK;
    case CASE_ASKING_DIRECTORY:
        return CASE_EFFECT_QUERY;
    case CASE_AWAITING_APPROVAL:
    case CASE_REPAIRING: // its job goes on by itself
    case CASE_CLOSED:
    case CASE_STATES_COUNT:
        break;
    }
    return CASE_EFFECT_NONE;
}

bool case_waits(const struct casefile *c, int64_t now_us)
{
    return c->wake_us > now_us && c->wake_us - now_us <= PATIENT_US;
}

static void enter(struct case_out *out, enum case_state state)
{
    out->next.state = state;
    out->next.tries = 0;
    out->next.wake_us = 0;
    out->effect = case_effect(&out->next);
}

static void close_case(struct case_out *out, enum outcome outcome, int64_t now_us)
{
    enter(out, CASE_CLOSED);
    out->next.outcome = outcome;
    out->next.closed_us = now_us;
}

static void put(char *field, size_t size, const char *text)
{
    snprintf(field, size, "%s", text);
}

// Look again from the start: what was learnt before counts no more.
static void look_again(struct case_out *out, const char *why)
{
    enter(out, CASE_LOOKING);
    put(out->note, sizeof out->note, why);
}

static void act(struct case_out *out, const struct decision *d, int64_t now_us)
{
    switch (d->action) {
    case ACTION_NOTHING:
    case ACTION_RECORD:
        close_case(out, OUTCOME_NO_ACTION, now_us);
        break;
    case ACTION_REFUSE:
        close_case(out, OUTCOME_REFUSED, now_us);
        break;
    case ACTION_ASK:
        enter(out, CASE_AWAITING_APPROVAL);
        break;
    case ACTION_REPAIR:
        enter(out, CASE_REPAIRING);
        out->effect = CASE_EFFECT_JOB;
        break;
    }
}

struct decision case_decide(const struct casefile *c, const struct case_world *w, struct judgement *ret)
{
    struct judgement j = judge(&w->evidence);
    struct circumstances about = w->circumstances;

    about.verdict = j.verdict;
    put(about.cause, sizeof about.cause, j.cause);
    about.approved = c->approved;
    about.manual = c->kind == ROLLBACK_MANUAL;
    about.witnessed = c->witnessed;
    about.unanswered = !w->evidence.directory.known;
    if (c->dry_run)
        about.mode = MODE_CORE_OBSERVE;
    about.older_secret = strcmp(j.cause, "older-secret") == 0 && changed_by_this_guest(&w->evidence);
    *ret = j;
    return decide(&about);
}

// The look did not fail by the guest's disk but by this host: until that is mended, no guest is looked at.
static bool is_hosts_fault(const struct guest_side *g)
{
    static const char *const codes[] = {"no-cage", "no-engine", "permission"};

    for (size_t i = 0; i < ARRAY_SIZE(codes); i++)
        if (!g->known && g->why_next[0] && strcmp(g->why_code, codes[i]) == 0)
            return true;
    return false;
}

static void judge_and_decide(const struct case_world *w, int64_t now_us, struct case_out *out)
{
    struct judgement j;
    struct decision d = case_decide(&out->next, w, &j);

    out->judged = true;
    out->action = d.action;
    put(out->rule, sizeof out->rule, d.rule);
    out->next.verdict = d.verdict;
    put(out->next.cause, sizeof out->next.cause, j.cause);
    put(out->next.text, sizeof out->next.text, j.text);
    put(out->next.would, sizeof out->next.would, d.text);
    // A look without result says itself what would help, unless a rule has something more pressing to say.
    put(out->next.next, sizeof out->next.next,
        d.next[0] && !is_hosts_fault(&w->evidence.guest) ? d.next : w->evidence.guest.why_next);
    if (w->evidence.guest.has_fingerprint) {
        memcpy(out->next.fingerprint, w->evidence.guest.fingerprint, HASH);
        out->next.has_fingerprint = true;
    }
    act(out, &d, now_us);
    snprintf(out->note, sizeof out->note, "judged %s: %.400s", verdict_text(d.verdict), j.text);
}

// A failure that may pass: the same effect again after a pause. False when it was tried often enough.
static bool tries_again(const struct case_input *in, int64_t now_us, struct case_out *out, const char *what,
                        const char *why)
{
    if (!in->transient || out->next.tries + 1 >= TRIES)
        return false;
    out->next.tries++;
    out->next.wake_us = now_us + RETRY_US;
    out->effect = CASE_EFFECT_NONE;
    snprintf(out->note, sizeof out->note, "%s: %.400s; tries again", what, why);
    return true;
}

static void looked(const struct case_input *in, const struct case_world *w, int64_t now_us,
                   struct case_out *out)
{
    bool failed = in->kind == CASE_IN_LOOK_FAILED;

    if (failed && tries_again(in, now_us, out, "could not look", w->evidence.guest.why))
        return;
    // A guest that is no member needs no directory, and without a name there is nothing to ask for.
    if ((w->evidence.guest.known && w->evidence.guest.joined == TRI_NO) ||
        !w->circumstances.domain_configured ||
        (!w->circumstances.bound && !w->circumstances.computer[0] && !w->evidence.guest.sam[0])) {
        judge_and_decide(w, now_us, out);
        return;
    }
    enter(out, CASE_ASKING_DIRECTORY);
    if (failed)
        snprintf(out->note, sizeof out->note, "could not look: %.480s", w->evidence.guest.why);
    else
        put(out->note, sizeof out->note, "looked at the disks");
}

// A rollback was seen, and a binding is all that lacks: closed now, an outage would leave a broken guest to its users.
static bool waits_for_directory(const struct case_input *in, const struct case_world *w, int64_t now_us,
                                struct case_out *out)
{
    const struct circumstances *about = &w->circumstances;
    struct casefile *c = &out->next;
    int64_t since = c->rolled_us > c->opened_us ? c->rolled_us : c->opened_us; // it may be told of late

    if (!in->transient || !c->witnessed || about->bound || !about->by_policy || now_us < since ||
        now_us - since >= w->patience_us)
        return false;
    snprintf(
        c->text, sizeof c->text,
        "waits for the directory, which has to say which account is %.60s, as a policy rule names it: %.350s",
        about->computer, w->evidence.directory.why);
    put(c->next, sizeof c->next, "`virtrust doctor` says what is wrong with the directory");
    if (c->tries + 1 == TRIES)
        put(out->note, sizeof out->note, c->text);
    c->tries++;
    c->wake_us = now_us + PATIENT_US;
    out->effect = CASE_EFFECT_NONE;
    return true;
}

static void answered(const struct case_input *in, const struct case_world *w, int64_t now_us,
                     struct case_out *out)
{
    if (in->kind == CASE_IN_UNANSWERED &&
        (tries_again(in, now_us, out, "the directory did not answer", w->evidence.directory.why) ||
         waits_for_directory(in, w, now_us, out)))
        return;
    judge_and_decide(w, now_us, out);
}

// Not judged yet: it is one file still, but the look that is under way saw an older state.
static void signalled_early(const struct case_input *in, bool anew, int64_t now_us, struct case_out *out)
{
    if (anew) {
        // An approval was given for what was known then; an administrator's own request stands. One that was to do
        // nothing gives way to what has really happened.
        if (out->next.kind != ROLLBACK_MANUAL || out->next.dry_run)
            out->next.approved = false;
        out->next.dry_run = false;
        if (!out->next.witnessed || out->next.kind == ROLLBACK_MANUAL)
            out->next.kind = in->rollback;
        out->next.witnessed = true;
        out->next.rolled_us = now_us;
    }
    look_again(out, "a further signal came; looks again");
}

static bool signalled(const struct case_input *in, int64_t now_us, struct case_out *out)
{
    bool anew = rollback_is_new(in->rollback);

    switch (out->next.state) {
    case CASE_LOOKING:
    case CASE_ASKING_DIRECTORY:
        signalled_early(in, anew, now_us, out);
        return true;
    case CASE_AWAITING_APPROVAL:
    case CASE_REPAIRING:
        if (!anew)
            break;
        close_case(out, OUTCOME_SUPERSEDED, now_us);
        out->effect = CASE_EFFECT_SUPERSEDE;
        put(out->note, sizeof out->note, "superseded: the guest's time moved again");
        return true;
    case CASE_CLOSED:
    case CASE_STATES_COUNT:
        break;
    }
    return false;
}

static void job_ended(const struct case_input *in, int64_t now_us, struct case_out *out)
{
    close_case(out, in->outcome, now_us);
    if (in->verdict != VERDICT_UNKNOWN)
        out->next.verdict = in->verdict;
    if (in->cause[0])
        put(out->next.cause, sizeof out->next.cause, in->cause);
    put(out->next.text, sizeof out->next.text, in->text);
    put(out->next.next, sizeof out->next.next, in->next);
    snprintf(out->note, sizeof out->note, "%s: %.480s", outcome_text(in->outcome), in->text);
}

static void gone(const struct case_input *in, int64_t now_us, struct case_out *out)
{
    close_case(out, OUTCOME_LEFT, now_us);
    snprintf(out->note, sizeof out->note, "left: %.480s", in->text);
    put(out->next.would, sizeof out->next.would, in->text);
}

// False: the input means nothing in this state.
static bool take_input(const struct case_input *in, const struct case_world *w, int64_t now_us,
                       struct case_out *out)
{
    enum case_state state = out->next.state;

    switch (in->kind) {
    case CASE_IN_LOOKED:
    case CASE_IN_LOOK_FAILED:
        if (state != CASE_LOOKING)
            return false;
        looked(in, w, now_us, out);
        return true;
    case CASE_IN_ANSWERED:
    case CASE_IN_UNANSWERED:
        if (state != CASE_ASKING_DIRECTORY)
            return false;
        answered(in, w, now_us, out);
        return true;
    case CASE_IN_SIGNAL:
        return signalled(in, now_us, out);
    case CASE_IN_APPROVED:
        if (state != CASE_AWAITING_APPROVAL)
            return false;
        out->next.approved = true;
        look_again(out, "approved by an administrator; looks at everything again");
        return true;
    case CASE_IN_JOB_ENDED:
        if (state != CASE_REPAIRING)
            return false;
        job_ended(in, now_us, out);
        return true;
    case CASE_IN_GONE:
        gone(in, now_us, out);
        return true;
    }
    return false;
}

void case_step(const struct casefile *c, const struct case_input *in, const struct case_world *w,
               int64_t now_us, struct case_out *ret)
{
    *ret = (struct case_out){.next = *c};
    if (c->state == CASE_CLOSED || !take_input(in, w, now_us, ret))
        return; // the epoch too stays as it was: an answer that is under way is still awaited
    ret->next.epoch = c->epoch + 1;
    ret->next.changed_us = now_us;
}
