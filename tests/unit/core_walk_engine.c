// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/unit/core_walk_engine.h"

#include "tests/unit/core_common.h"

#include <stdio.h>
#include <string.h>

unsigned walk_roll(struct walk *k, unsigned below)
{
    k->random = k->random * 6364136223846793005U + 1442695040888963407U;
    return (unsigned)(k->random >> 33) % below;
}

void walk_fail(const struct walk *k, const char *what)
{
    fail_msg("%s (seed/faults %llu %u@%u %u@%u, job %u in %s, AD %d, guest %d, journal %d)", what,
             (unsigned long long)k->random, k->fault[0], k->at[0], k->fault[1], k->at[1], k->jobs,
             job_state_text(k->j.state), k->w.ad_secret, k->w.guest.held, k->w.journal_secret);
}

static bool is_settled(const struct walk *k)
{
    if (k->w.journal == JOURNAL_NONE)
        return true;
    for (unsigned i = 0; i < k->w.orphans_count; i++)
        if (k->w.orphans[i].effect == JOB_EFFECT_RESET)
            return false;
    return k->w.ad_secret != k->w.journal_secret;
}

// The engine's transaction.
static void commit(struct walk *k, struct job_out *out)
{
    if (out->new_token)
        snprintf(out->next.token, sizeof out->next.token, "%032u", ++k->tokens);
    if (out->mint) {
        if (!is_settled(k))
            walk_fail(k, "a second secret is minted while the first may be the account's");
        k->w.journal = JOURNAL_MINTED;
        k->w.journal_secret = ++k->w.secrets;
        snprintf(k->jw.journal_dc, sizeof k->jw.journal_dc, "%s", out->next.dc);
    } else if (out->wipe) {
        if (!is_settled(k) && k->w.guest.held != k->w.ad_secret)
            walk_fail(k, "a secret that the account holds is wiped");
        k->w.journal = JOURNAL_NONE;
    } else if (out->confirm) {
        k->w.journal = JOURNAL_CONFIRMED;
        snprintf(k->jw.journal_dc, sizeof k->jw.journal_dc, "%s", out->next.dc);
    }
    if (out->next.state == JOB_ENDED && out->next.outcome == OUTCOME_PROVEN) {
        if (!k->whole_when_read)
            walk_fail(k, "proven, but the guest did not hold the account's secret");
        if (k->w.journal != JOURNAL_NONE)
            walk_fail(k, "proven, but the journal is not wiped");
    }
    k->j = out->next;
    k->effect = out->effect;
}

static void give(struct walk *k, enum job_input_kind kind, const struct record *answer)
{
    const struct job_input in = {
        .kind = kind, .answer = answer, .outcome = OUTCOME_SUPERSEDED, .text = "text"};
    struct job_out out;

    if (++k->steps > 3000)
        walk_fail(k, "it goes on for ever");
    k->jw.running = k->w.running;
    k->jw.journal = k->w.journal;
    k->now += 100 * 1000;
    job_step(&k->j, &in, &k->jw, k->now, &out);
    commit(k, &out);
}

void walk_job(struct walk *k)
{
    const struct casefile c = {.id = ++k->jobs};

    job_open(&k->j, &c, &k->jw.binding, k->now);
    k->j.lends = k->jw.loan = k->lends;
    k->effect = JOB_EFFECT_NONE;
}

static struct record *perform(struct walk *k, enum depth depth)
{
    struct record *r = world_perform(&k->w, &k->j, k->effect, depth);

    if (k->effect == JOB_EFFECT_ACCOUNT)
        k->whole_when_read = k->w.guest.held == k->w.ad_secret || k->superseding;
    return r;
}

static void perform_unheard(struct walk *k, enum depth depth)
{
    record_free(perform(k, depth));
}

static void answered(struct walk *k, struct record *answer)
{
    give(k, answer ? JOB_IN_ANSWER : JOB_IN_LOST, answer);
    record_free(answer);
}

static void error_answer(struct walk *k)
{
    static const char *const guests[] = {"agent-timeout", "agent-busy", "internal"};
    struct record *r = record_new("error");

    record_add(r, "code", guests[walk_roll(k, 3)]);
    record_add(r, "text", "not now");
    answered(k, r);
}

// What others do; the effect that is under way stays under way.
static void interfere(struct walk *k, enum fault fault)
{
    struct world *w = &k->w;

    if (fault == REVERT) {
        w->guest = w->snapshot;
        k->superseding = true;
    } else if (fault == SNAPSHOT) {
        w->snapshot = w->guest;
    } else if (fault == SELF_ROTATE && w->guest.held == w->ad_secret) {
        w->ad_secret = w->guest.held = ++w->secrets;
        w->kvno++;
        w->pwd_last_set += 10000000;
        world_replicate(w);
    } else if (fault == ADMIN_RESET) {
        w->ad_secret = ++w->secrets;
        w->kvno++;
        w->pwd_last_set += 10000000;
        world_replicate(w);
    }
}

static void do_effect(struct walk *k, enum fault fault)
{
    switch (fault) {
    case GOOD:
        answered(k, perform(k, WHOLE));
        break;
    case LOST_BEFORE:
        answered(k, NULL);
        break;
    case LOST_AFTER:
        perform_unheard(k, WHOLE);
        answered(k, NULL);
        break;
    case LOST_HALF:
        perform_unheard(k, HALF);
        answered(k, NULL);
        break;
    case LOST_UNRECORDED:
        perform_unheard(k, UNRECORDED);
        answered(k, NULL);
        break;
    case LOST_ORPHAN:
        world_orphan(&k->w, &k->j, k->effect, (enum depth)walk_roll(k, 3));
        answered(k, NULL);
        break;
    case CRASH_BEFORE:
        give(k, JOB_IN_RESUME, NULL);
        break;
    case CRASH_AFTER:
        perform_unheard(k, (enum depth)walk_roll(k, 3));
        give(k, JOB_IN_RESUME, NULL);
        break;
    case CRASH_ORPHAN:
        world_orphan(&k->w, &k->j, k->effect, WHOLE);
        give(k, JOB_IN_RESUME, NULL);
        break;
    case WAKE_TWICE:
        world_orphan(&k->w, &k->j, k->effect, WHOLE);
        give(k, JOB_IN_WAKE, NULL);
        break;
    case ERROR_ANSWER:
        error_answer(k);
        break;
    case HALF_ANSWER:
        answered(k, perform(k, UNRECORDED));
        break;
    case GUEST_OFF:
        k->w.running = false;
        answered(k, perform(k, WHOLE));
        break;
    case REVERT:
    case SNAPSHOT:
    case SELF_ROTATE:
    case ADMIN_RESET:
    case ALL_FAULTS:
        interfere(k, fault);
        break;
    }
}

// One thing happens. False when the job is over and nothing is left to be noticed.
static bool happen(struct walk *k)
{
    if (k->superseding && (k->j.state == JOB_ENDED || walk_roll(k, 3) == 0)) {
        if (k->j.state != JOB_ENDED) {
            if (k->effect != JOB_EFFECT_NONE && walk_roll(k, 2))
                world_orphan(&k->w, &k->j, k->effect, WHOLE);
            give(k, JOB_IN_STOP, NULL);
        }
        k->superseding = false;
        walk_job(k);
        return true;
    }
    if (k->j.state == JOB_ENDED)
        return false;
    if (k->w.orphans_count && walk_roll(k, 4) == 0)
        world_land(&k->w, walk_roll(k, k->w.orphans_count));
    if (k->effect == JOB_EFFECT_NONE) {
        if (!k->w.running && (walk_roll(k, 3) == 0 || !k->j.next_us))
            k->w.running = true;
        if (k->j.next_us > k->now)
            k->now = k->j.next_us;
        give(k, JOB_IN_WAKE, NULL);
        return true;
    }
    do_effect(k, (enum fault)k->choose(k, k->effects++));
    return true;
}

struct walk walk_new(unsigned (*choose)(struct walk *, unsigned), uint64_t seed)
{
    struct walk k = {.w = world_new(), .now = 1000000, .choose = choose, .random = seed * 2 + 1};

    k.jw.agent_wait_us = INT64_C(1800) * 1000000;
    k.jw.proof_wait_us = INT64_C(120) * 1000000;
    snprintf(k.jw.binding.guid, sizeof k.jw.binding.guid, "11111111-2222-3333-4444-555555555555");
    snprintf(k.jw.binding.name, sizeof k.jw.binding.name, "WS1$");
    snprintf(k.jw.binding.sid, sizeof k.jw.binding.sid, "S-1-5-21-1-2-3-1105");
    walk_job(&k);
    return k;
}

void walk_finish(struct walk *k)
{
    while (happen(k))
        ;
    while (k->w.orphans_count)
        world_land(&k->w, 0);
}
