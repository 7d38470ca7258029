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
#include "tests/unit/core_walk_engine.h"

#include "tests/unit/core_common.h"

static unsigned never(struct walk *k, unsigned n)
{
    (void)k;
    (void)n;
    return GOOD;
}

static void expect_one_of_each(struct walk *k)
{
    walk_finish(k);
    if (k->j.outcome != OUTCOME_PROVEN)
        walk_fail(k, outcome_text(k->j.outcome));
    if (k->w.resets != 1 || k->w.rotations != 1)
        walk_fail(k, "not exactly one reset and one rotation");
    if (k->w.guest.held != k->w.ad_secret || k->w.journal != JOURNAL_NONE)
        walk_fail(k, "not whole at the end");
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
    enum { PLACES = 18, CHANCES = 2 };
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

static struct walk lending(unsigned (*choose)(struct walk *, unsigned), uint64_t seed)
{
    struct walk k = walk_new(choose, seed);

    k.lends = k.j.lends = k.jw.loan = true;
    return k;
}

// The same with a credential that is lent: the guest's own reset, once, and a rotation.
static void test_lending(void **state)
{
    enum { PLACES = 18, CHANCES = 2 };

    (void)state;
    for (unsigned a = 0; a < PLACES; a++)
        for (unsigned b = a + 1; b <= PLACES; b++)
            for (unsigned f = 0; f < FAULTS * FAULTS * CHANCES; f++) {
                struct walk k = lending(scheduled, f % CHANCES);

                k.at[0] = a;
                k.at[1] = b;
                k.fault[0] = f / CHANCES / FAULTS;
                k.fault[1] = f / CHANCES % FAULTS;
                walk_finish(&k);
                if (k.j.outcome != OUTCOME_PROVEN)
                    walk_fail(&k, outcome_text(k.j.outcome));
                // What nobody can tell apart without the guest's secret is rotated once more.
                if (k.w.resets != 1 || k.w.rotations < 1 || k.w.rotations > 3)
                    walk_fail(&k, "not exactly one reset, and rotations behind it");
                if (k.w.guest.held != k.w.ad_secret || k.w.journal != JOURNAL_NONE)
                    walk_fail(&k, "not whole at the end");
            }
}

// Policy forbids the rotation: one reset, none of the guest's own, and the host's copy is kept. It is told beforehand
// by the probe, or only when the guest tries (then the policy came in the middle).
static void test_no_rotation(void **state)
{
    enum { PLACES = 18 };

    (void)state;
    for (unsigned late = 0; late < 2; late++)
        for (unsigned a = 0; a < PLACES; a++)
            for (unsigned f = 0; f < FAULTS * 8; f++) {
                struct walk k = walk_new(scheduled, f / FAULTS);

                k.at[0] = a;
                k.at[1] = 1000;
                k.fault[0] = f % FAULTS;
                k.w.no_rotation = true;
                k.w.tells_late = late;
                walk_finish(&k);
                if (k.j.outcome != OUTCOME_CLAIMED || strcmp(k.j.cause, "rotation-forbidden") != 0)
                    walk_fail(&k, k.j.cause);
                if (k.w.resets != 1 || k.w.rotations != 0 || k.w.guest.held != k.w.ad_secret)
                    walk_fail(&k, "not exactly one reset that the guest holds");
                if (k.w.journal != JOURNAL_CONFIRMED || k.w.journal_secret != k.w.ad_secret)
                    walk_fail(&k, "the host's copy is not kept");
            }
}

static unsigned moves_away(struct walk *k, unsigned n)
{
    if (n >= k->at[0])
        k->w.guests_dc = 1;
    return scheduled(k, n);
}

// Replication lags, and from some moment on the guest uses another DC than the one that was reset: whatever dies
// then, it is one reset and one rotation; and a job that begins anew inherits the secret, and asks where it was set.
static void test_other_dc(void **state)
{
    enum { PLACES = 14 };

    (void)state;
    for (unsigned a = 0; a < PLACES; a++)
        for (unsigned f = 0; f < (FAULTS + 1) * 16; f++) {
            struct walk k = walk_new(moves_away, f);

            k.at[0] = a;
            k.at[1] = 1000;
            k.fault[0] = f % (FAULTS + 1); // the last is REVERT
            k.w.lags = true;
            if (k.fault[0] != REVERT) {
                expect_one_of_each(&k);
                continue;
            }
            walk_finish(&k);
            // Reverted behind its rotation it needs a second reset; before that never.
            if (k.w.resets != k.w.rotations || k.w.resets > 2)
                walk_fail(&k, "a reset too many");
            if (k.w.guest.held != k.w.ad_secret || k.w.journal != JOURNAL_NONE)
                walk_fail(&k, "not whole at the end");
        }
}

static unsigned at_random(struct walk *k, unsigned n)
{
    (void)n;
    if (!k->budget || walk_roll(k, 3))
        return GOOD;
    k->budget--;
    return walk_roll(k, FAULTS);
}

static void test_random_faults(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < 15000; seed++) {
        struct walk k = walk_new(at_random, seed);

        k.budget = 5;
        expect_one_of_each(&k);
    }
}

static unsigned with_interference(struct walk *k, unsigned n)
{
    (void)n;
    if (!k->budget || walk_roll(k, 3))
        return GOOD;
    k->budget--;
    return walk_roll(k, 3) ? FAULTS + walk_roll(k, ALL_FAULTS - FAULTS) : walk_roll(k, FAULTS);
}

static unsigned reverts_alone(struct walk *k, unsigned n)
{
    (void)n;
    if (!k->budget || walk_roll(k, 4))
        return GOOD;
    k->budget--;
    return walk_roll(k, 4) == 0 ? SNAPSHOT : walk_roll(k, 2) ? REVERT : walk_roll(k, FAULTS);
}

// Whatever happened before: undisturbed repairs make it whole, and leave nothing behind.
static void expect_whole(struct walk *k)
{
    unsigned repairs = 0;

    walk_finish(k);
    k->choose = never;
    k->w.running = true;
    while ((k->w.guest.held != k->w.ad_secret || k->w.journal != JOURNAL_NONE) && repairs++ < 3) {
        walk_job(k);
        walk_finish(k);
    }
    if (k->w.guest.held != k->w.ad_secret || k->w.journal != JOURNAL_NONE)
        walk_fail(k, "several undisturbed repairs do not make it whole");
}

static void test_reverts(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < 15000; seed++) {
        struct walk k = walk_new(reverts_alone, seed);

        k.budget = 8;
        expect_whole(&k);
    }
}

// A secret that the host had set before is settled first, and only then anything is lent.
static void test_lending_among_others(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < 15000; seed++) {
        struct walk k = walk_new(with_interference, seed);

        k.lends = seed % 2;
        k.budget = 12;
        expect_whole(&k);
        k.lends = !k.lends;
        k.choose = with_interference;
        k.budget = 6;
        k.w.ad_secret = ++k.w.secrets;
        k.w.kvno++;
        k.w.pwd_last_set += 10000000;
        world_replicate(&k.w);
        walk_job(&k);
        expect_whole(&k);
    }
}

static void test_interference(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < 30000; seed++) {
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
                walk_fail(&k, "a reset too many");
            reached += k.w.rotations == 1;
            if (k.w.rotations == 1 && k.w.resets != 1)
                walk_fail(&k, "a second reset although the first secret was never given up");
        }
    assert_true(reached > 500);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_pair),
        cmocka_unit_test(test_no_rotation),
        cmocka_unit_test(test_other_dc),
        cmocka_unit_test(test_random_faults),
        cmocka_unit_test(test_reverts),
        cmocka_unit_test(test_interference),
        cmocka_unit_test(test_revert_inherits),
        cmocka_unit_test(test_lending),
        cmocka_unit_test(test_lending_among_others),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
