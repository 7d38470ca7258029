// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/core/jobstep.h"

#include "daemon/core/jobparts.h"

#include <stdio.h>
#include <string.h>

void job_open(struct job *j, const struct casefile *c, const struct binding *b, int64_t now_us)
{
    *j = (struct job){
        .case_id = c->id,
        .state = JOB_WAITING_START,
        .kvno_before = -1,
        .kvno_reset = -1,
        .kvno_after = -1,
        .created_us = now_us,
        .changed_us = now_us,
        .next_us = now_us,
        .epoch = 1,
    };
    snprintf(j->guest, sizeof j->guest, "%s", c->guest);
    snprintf(j->guid, sizeof j->guid, "%s", b->guid);
}

enum job_effect job_effect(enum job_state state)
{
    switch (state) {
    case JOB_CLOCK:
        return JOB_EFFECT_CLOCK;
    case JOB_PROBING:
        return JOB_EFFECT_PROBE;
    case JOB_CHECKING:
        return JOB_EFFECT_CHECK;
    case JOB_COMPARING:
    case JOB_READING:
    case JOB_COUNTING:
    case JOB_PROVING:
        return JOB_EFFECT_ACCOUNT;
    case JOB_VETTING:
        return JOB_EFFECT_VET;
    case JOB_LENDING:
        return JOB_EFFECT_LEND;
    case JOB_RESETTING:
        return JOB_EFFECT_RESET;
    case JOB_CONFIRMING:
        return JOB_EFFECT_LOGIN;
    case JOB_STORING:
        return JOB_EFFECT_STORE;
    case JOB_ROTATING:
        return JOB_EFFECT_ROTATE;
    case JOB_ATTESTING:
        return JOB_EFFECT_ATTEST;
    case JOB_WAITING_START:
    case JOB_WAITING_AGENT:
    case JOB_WAITING_TURN:
    case JOB_ENDED:
    case JOB_STATES_COUNT:
        break;
    }
    return JOB_EFFECT_NONE;
}

// Held back: no deadline runs meanwhile, for it is not the guest that is waited for.
static void wait_for_turn(struct job_out *out, const struct job_world *w)
{
    const struct job_hold *h = &w->hold;
    bool told = out->next.state == JOB_WAITING_TURN && strcmp(out->next.text, h->text) == 0;

    job_enter(out, JOB_WAITING_TURN, "");
    out->mint = false;
    out->next.deadline_us = 0;
    out->next.next_us = h->until_us;
    snprintf(out->next.text, sizeof out->next.text, "%s", h->text);
    snprintf(out->next.cause, sizeof out->next.cause, "%s", h->rule);
    out->note[0] = '\0';
    if (!told)
        snprintf(out->note, sizeof out->note, "held back: %.480s", h->text);
}

// The deadline runs only while the guest does: an off guest may stay off for weeks.
static void wait_for_guest(struct job_out *out, const struct job_world *w, int64_t now_us)
{
    uint32_t tries = out->next.tries;

    if (!w->running) {
        out->next.deadline_us = 0;
        job_enter(out, JOB_WAITING_START, "waits for the guest to be started");
        return;
    }
    if (w->hold.rule[0]) {
        wait_for_turn(out, w);
        return;
    }
    if (!out->next.deadline_us)
        out->next.deadline_us = now_us + w->agent_wait_us;
    job_enter(out, JOB_CLOCK, "");
    out->next.tries = tries; // the pauses go on growing while the agent stays away
}

// The state's effect hands out the journalled secret. That is gone: the host's key was lost, or another guest with
// this binding has settled it. The reset's own check of the key version keeps one that is still under way from landing.
static bool lacks_secret(const struct job_out *out, const struct job_world *w)
{
    enum job_state state = out->next.state;

    return w->journal == JOURNAL_NONE && !out->mint &&
           (state == JOB_RESETTING || state == JOB_CONFIRMING || state == JOB_STORING);
}

//
// What was to be shown before a reset need not have been: a guest whose channel works is asked after the secret, too.
static void begin_anew(struct job_out *out)
{
    if (!job_start_over(out, out->next.same_directory ? JOB_READING : JOB_PROBING, "secret-lost",
                        "the journalled secret is lost; begins with a new one"))
        return;
    out->next.inherited = out->next.reset_answered = out->next.stored = false;
    out->next.kvno_reset = -1;
}

// A guest may wait for weeks between the decision and its start: what has come up with its account since then would
// be broken by a reset.
static void spare_twin(struct job_out *out, const struct job_world *w)
{
    char text[LONG_TEXT];

    if ((out->effect != JOB_EFFECT_RESET && out->effect != JOB_EFFECT_LEND &&
         out->effect != JOB_EFFECT_CHECK) ||
        !w->twin[0])
        return;
    out->mint = false;
    snprintf(text, sizeof text, "another guest with the same binding has run since: %.200s", w->twin);
    job_end(
        out, OUTCOME_REFUSED, VERDICT_TWIN, "twin", text,
        "shut one of the two down, or bind it to an account of its own; then `virtrust repair` the other");
}

// Likewise it may be started with disks that are discarded: a secret that only those hold would be lost with them, and
// the account would fit no image any more. One that the host holds sealed is left as it is.
static void spare_image(struct job_out *out, const struct job_world *w)
{
    static const char text[] =
        "the guest's disks are discarded when it stops: a new secret would be lost with them";

    if (!w->discarded)
        return;
    if (out->effect == JOB_EFFECT_RESET || out->effect == JOB_EFFECT_LEND ||
        out->effect == JOB_EFFECT_CHECK) {
        out->mint = false;
        job_end(out, OUTCOME_NO_ACTION, VERDICT_UNKNOWN, "transient-disks", text,
                "start it with disks that stay, or repair the image that it starts from");
    } else if (out->effect == JOB_EFFECT_ROTATE) {
        job_end(out, OUTCOME_CLAIMED, VERDICT_UNKNOWN, "transient-disks", text,
                "start it with disks that stay, then `virtrust repair` has the secret rotated");
    }
}

// The last moment: a breaker may have opened since this repair was begun. What is out already goes on its way.
static void spare_domain(const struct job *before, struct job_out *out, const struct job_world *w)
{
    bool lends_now = out->effect == JOB_EFFECT_LEND && before->state == JOB_VETTING && !before->lent;

    if (!w->hold.rule[0] || !((out->effect == JOB_EFFECT_RESET && out->mint) || lends_now))
        return;
    out->next.lent = before->lent;
    wait_for_turn(out, w);
}

// The effect again, for nobody knows how far it came (after a restart, or while one is under way). Everything but the
// reset is safe to do twice: looks and questions by nature, guest verbs by their token.
static void wake(struct job_out *out, const struct job_world *w, int64_t now_us)
{
    switch (out->next.state) {
    case JOB_WAITING_START:
    case JOB_WAITING_AGENT:
    case JOB_WAITING_TURN:
        wait_for_guest(out, w, now_us);
        break;
    case JOB_CLOCK:
    case JOB_PROBING:
    case JOB_COMPARING:
    case JOB_CHECKING:
    case JOB_READING:
    case JOB_VETTING:
    case JOB_LENDING:
    case JOB_CONFIRMING:
    case JOB_COUNTING:
    case JOB_STORING:
    case JOB_ROTATING:
    case JOB_PROVING:
    case JOB_ATTESTING:
        out->next.next_us = 0;
        out->effect = job_effect(out->next.state);
        break;
    case JOB_RESETTING:
        // One is under way, and nobody knows how far it came.
        job_enter(out, JOB_CONFIRMING, "asks first whether the reset took");
        break;
    case JOB_ENDED:
    case JOB_STATES_COUNT:
        break;
    }
}

typedef void (*part)(struct job_out *, const struct record *, const struct job_world *, int64_t);

static const part parts[JOB_STATES_COUNT] = {
    [JOB_CLOCK] = job_after_clock,         [JOB_PROBING] = job_after_probe,
    [JOB_COMPARING] = job_after_comparing, [JOB_CHECKING] = job_after_check,
    [JOB_READING] = job_after_reading,     [JOB_VETTING] = job_after_vetting,
    [JOB_LENDING] = job_after_lending,     [JOB_RESETTING] = job_after_reset,
    [JOB_CONFIRMING] = job_after_login,    [JOB_COUNTING] = job_after_counting,
    [JOB_STORING] = job_after_store,       [JOB_ROTATING] = job_after_rotate,
    [JOB_PROVING] = job_after_proof,       [JOB_ATTESTING] = job_after_attest,
};

static void stop(const struct job_input *in, struct job_out *out)
{
    job_end(out, in->outcome, VERDICT_UNKNOWN, "", in->text ? in->text : "stopped", "");
}

void job_step(const struct job *j, const struct job_input *in, const struct job_world *w, int64_t now_us,
              struct job_out *ret)
{
    *ret = (struct job_out){.next = *j};
    if (j->state == JOB_ENDED)
        return;
    ret->next.epoch++;
    ret->next.changed_us = now_us;
    switch (in->kind) {
    case JOB_IN_WAKE:
    case JOB_IN_RESUME:
        wake(ret, w, now_us);
        break;
    case JOB_IN_STOP:
        stop(in, ret);
        break;
    case JOB_IN_LOST:
        if (j->state == JOB_RESETTING)
            job_enter(ret, JOB_CONFIRMING, "the reset's answer was lost; asks whether it took");
        else if (j->state == JOB_ATTESTING)
            job_no_ticket(ret, w, now_us, "lost", in->text ? in->text : "the worker gave no answer");
        else
            job_retry(ret, w, now_us, "lost", in->text ? in->text : "the worker gave no answer");
        break;
    case JOB_IN_ANSWER:
        if (parts[j->state])
            parts[j->state](ret, in->answer, w, now_us);
        break;
    }
    if (lacks_secret(ret, w))
        begin_anew(ret);
    spare_twin(ret, w);
    spare_image(ret, w);
    job_need_credential(ret, w);
    spare_domain(j, ret, w);
}
