// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// Walks of job_step through a tiny world (core_walk_world.h), with an engine around it as virtrustd's: a step is
// committed, then its effect is performed; an answer of an older epoch never arrives. At every point something may go
// wrong: answers are lost, effects stop half-way or land late, virtrustd starts again, the guest goes off or back in
// time (then a new job inherits the journal). What must hold whatever happens:
//
//   - a secret is minted only when the journal's is settled: not the account's, and in no reset that is still to land;
//   - the journal is wiped only when the account does not hold its secret, or the guest holds it too;
//   - `proven` means that the guest held the account's secret when the DC was read, and that the journal is wiped;
//   - without a rollback it is one reset and one rotation, and it ends `proven`;
//   - it ends at all, and after at most a few repairs the guest is whole.
#include "tests/unit/core_walk_world.h"

#include "tests/unit/core_common.h"

#include <stdio.h>
#include <string.h>

enum fault {
    GOOD,
    LOST_BEFORE,   // the worker died before it did anything
    LOST_AFTER,    // the effect was done, its answer is lost
    LOST_HALF,     // the effect stopped in its middle
    LOST_UNRECORDED,
    LOST_ORPHAN,   // nobody waits any more, and it is done later
    CRASH_BEFORE,  // virtrustd ended between commit and effect
    CRASH_AFTER,
    CRASH_ORPHAN,
    WAKE_TWICE,    // something woke the job while its effect is under way
    ERROR_ANSWER,
    HALF_ANSWER,   // the worker answers, but does not know how far it came
    GUEST_OFF,
    FAULTS,        // the ones below are another's doing
    REVERT = FAULTS,
    SNAPSHOT,
    SELF_ROTATE,   // the healthy guest rotates on its own
    ADMIN_RESET,   // an administrator resets the account
    ALL_FAULTS,
};

struct walk {
    struct world w;
    struct job_world jw;
    struct job j;
    enum job_effect effect; // under way
    int64_t now;
    unsigned tokens, steps, jobs;
    bool whole_when_read;   // at the last reading of the account
    bool superseding;       // the guest was reverted, and the engine has not heard of it yet
    unsigned (*choose)(struct walk *, unsigned); // the fault of the n-th effect
    unsigned effects, budget;
    uint64_t random;
    unsigned at[2], fault[2];
};

static unsigned roll(struct walk *k, unsigned below)
{
    k->random = k->random * 6364136223846793005U + 1442695040888963407U;
    return (unsigned)(k->random >> 33) % below;
}

static void fail_walk(const struct walk *k, const char *what)
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
            fail_walk(k, "a second secret is minted while the first may be the account's");
        k->w.journal = JOURNAL_MINTED;
        k->w.journal_secret = ++k->w.secrets;
    } else if (out->wipe) {
        if (!is_settled(k) && k->w.guest.held != k->w.ad_secret)
            fail_walk(k, "a secret that the account holds is wiped");
        k->w.journal = JOURNAL_NONE;
    } else if (out->confirm) {
        k->w.journal = JOURNAL_CONFIRMED;
    }
    if (out->next.state == JOB_ENDED && out->next.outcome == OUTCOME_PROVEN) {
        if (!k->whole_when_read)
            fail_walk(k, "proven, but the guest did not hold the account's secret");
        if (k->w.journal != JOURNAL_NONE)
            fail_walk(k, "proven, but the journal is not wiped");
    }
    k->j = out->next;
    k->effect = out->effect;
}

static void give(struct walk *k, enum job_input_kind kind, const struct record *answer)
{
    const struct job_input in = {.kind = kind, .answer = answer, .outcome = OUTCOME_SUPERSEDED, .text = "text"};
    struct job_out out;

    if (++k->steps > 3000)
        fail_walk(k, "it goes on for ever");
    k->jw.running = k->w.running;
    k->jw.journal = k->w.journal;
    k->now += 100 * 1000;
    job_step(&k->j, &in, &k->jw, k->now, &out);
    commit(k, &out);
}

static void open_job(struct walk *k)
{
    const struct casefile c = {.id = ++k->jobs};

    job_open(&k->j, &c, &k->jw.binding, k->now);
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

    record_add(r, "code", guests[roll(k, 3)]);
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
    } else if (fault == ADMIN_RESET) {
        w->ad_secret = ++w->secrets;
        w->kvno++;
        w->pwd_last_set += 10000000;
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
        world_orphan(&k->w, &k->j, k->effect, (enum depth)roll(k, 3));
        answered(k, NULL);
        break;
    case CRASH_BEFORE:
        give(k, JOB_IN_RESUME, NULL);
        break;
    case CRASH_AFTER:
        perform_unheard(k, (enum depth)roll(k, 3));
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
    if (k->superseding && (k->j.state == JOB_ENDED || roll(k, 3) == 0)) {
        if (k->j.state != JOB_ENDED) {
            if (k->effect != JOB_EFFECT_NONE && roll(k, 2))
                world_orphan(&k->w, &k->j, k->effect, WHOLE);
            give(k, JOB_IN_STOP, NULL);
        }
        k->superseding = false;
        open_job(k);
        return true;
    }
    if (k->j.state == JOB_ENDED)
        return false;
    if (k->w.orphans_count && roll(k, 4) == 0)
        world_land(&k->w, roll(k, k->w.orphans_count));
    if (k->effect == JOB_EFFECT_NONE) {
        if (!k->w.running && (roll(k, 3) == 0 || !k->j.next_us))
            k->w.running = true;
        if (k->j.next_us > k->now)
            k->now = k->j.next_us;
        give(k, JOB_IN_WAKE, NULL);
        return true;
    }
    do_effect(k, (enum fault)k->choose(k, k->effects++));
    return true;
}

static struct walk walk_new(unsigned (*choose)(struct walk *, unsigned), uint64_t seed)
{
    struct walk k = {.w = world_new(), .now = 1000000, .choose = choose, .random = seed * 2 + 1};

    k.jw.agent_wait_us = INT64_C(1800) * 1000000;
    k.jw.proof_wait_us = INT64_C(120) * 1000000;
    snprintf(k.jw.binding.guid, sizeof k.jw.binding.guid, "11111111-2222-3333-4444-555555555555");
    snprintf(k.jw.binding.sid, sizeof k.jw.binding.sid, "S-1-5-21-1-2-3-1105");
    open_job(&k);
    return k;
}

static unsigned never(struct walk *k, unsigned n)
{
    (void)k;
    (void)n;
    return GOOD;
}

static void finish(struct walk *k)
{
    while (happen(k))
        ;
    while (k->w.orphans_count)
        world_land(&k->w, 0);
}

static void expect_one_of_each(struct walk *k)
{
    finish(k);
    if (k->j.outcome != OUTCOME_PROVEN)
        fail_walk(k, outcome_text(k->j.outcome));
    if (k->w.resets != 1 || k->w.rotations != 1)
        fail_walk(k, "not exactly one reset and one rotation");
    if (k->w.guest.held != k->w.ad_secret || k->w.journal != JOURNAL_NONE)
        fail_walk(k, "not whole at the end");
}

static unsigned scheduled(struct walk *k, unsigned n)
{
    for (int i = 0; i < 2; i++)
        if (n == k->at[i])
            return k->fault[i];
    return GOOD;
}

// Every fault at every effect of the run, and every pair of them; several rolls for what is left to chance.
static void test_every_pair(void **state)
{
    enum { PLACES = 18, CHANCES = 3 };
    unsigned walks = 0;

    (void)state;
    for (unsigned a = 0; a < PLACES; a++)
        for (unsigned b = a + 1; b <= PLACES; b++)
            for (unsigned f = 0; f < FAULTS * FAULTS * CHANCES; f++, walks++) {
                struct walk k = walk_new(scheduled, f % CHANCES);

                k.at[0] = a;
                k.at[1] = b;
                k.fault[0] = f / CHANCES / FAULTS;
                k.fault[1] = f / CHANCES % FAULTS;
                expect_one_of_each(&k);
            }
    assert_true(walks > 50000);
}

static unsigned at_random(struct walk *k, unsigned n)
{
    (void)n;
    if (!k->budget || roll(k, 3))
        return GOOD;
    k->budget--;
    return roll(k, FAULTS);
}

static void test_random_faults(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < 30000; seed++) {
        struct walk k = walk_new(at_random, seed);

        k.budget = 5;
        expect_one_of_each(&k);
    }
}

static unsigned with_interference(struct walk *k, unsigned n)
{
    (void)n;
    if (!k->budget || roll(k, 3))
        return GOOD;
    k->budget--;
    return roll(k, 3) ? FAULTS + roll(k, ALL_FAULTS - FAULTS) : roll(k, FAULTS);
}

static unsigned reverts_alone(struct walk *k, unsigned n)
{
    (void)n;
    if (!k->budget || roll(k, 4))
        return GOOD;
    k->budget--;
    return roll(k, 4) == 0 ? SNAPSHOT : roll(k, 2) ? REVERT : roll(k, FAULTS);
}

// Whatever happened before: undisturbed repairs make it whole, and leave nothing behind.
static void expect_whole(struct walk *k)
{
    unsigned repairs = 0;

    finish(k);
    k->choose = never;
    k->w.running = true;
    while ((k->w.guest.held != k->w.ad_secret || k->w.journal != JOURNAL_NONE) && repairs++ < 3) {
        open_job(k);
        finish(k);
    }
    if (k->w.guest.held != k->w.ad_secret || k->w.journal != JOURNAL_NONE)
        fail_walk(k, "several undisturbed repairs do not make it whole");
}

static void test_reverts(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < 30000; seed++) {
        struct walk k = walk_new(reverts_alone, seed);

        k.budget = 8;
        expect_whole(&k);
    }
}

static void test_interference(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < 60000; seed++) {
        struct walk k = walk_new(with_interference, seed);

        k.budget = 12;
        expect_whole(&k);
    }
}

// A revert before the secret is in the guest costs no second reset: the new job inherits it.
static void test_revert_inherits(void **state)
{
    unsigned reached = 0;

    (void)state;
    for (unsigned at = 0; at < 10; at++)
        for (unsigned seed = 0; seed < 200; seed++) {
            struct walk k = walk_new(scheduled, seed);

            k.at[0] = at;
            k.fault[0] = REVERT;
            k.at[1] = 1000;
            expect_whole(&k);
            if (k.w.resets > k.w.rotations + 1 || k.w.resets > 2)
                fail_walk(&k, "a reset too many");
            reached += k.w.rotations == 1;
            if (k.w.rotations == 1 && k.w.resets != 1)
                fail_walk(&k, "a second reset although the first secret was never given up");
        }
    assert_true(reached > 500);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_pair),   cmocka_unit_test(test_random_faults), cmocka_unit_test(test_reverts),
        cmocka_unit_test(test_interference), cmocka_unit_test(test_revert_inherits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
