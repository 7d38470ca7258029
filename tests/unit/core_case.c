// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// The steps of a case: each transition, what is tried again, what supersedes, and that nothing else changes anything.
#include "tests/unit/core_case_bench.h"

static void test_open(void **state)
{
    struct casefile c = opened(ROLLBACK_REVERT_RUNNING);

    (void)state;
    assert_int_equal(c.state, CASE_LOOKING);
    assert_true(c.witnessed && !c.approved && c.epoch == 1 && c.rolled_us == 5 && c.opened_us == 6);
    assert_int_equal(case_effect(&c), CASE_EFFECT_LOOK);
    assert_int_equal(c.outcome, OUTCOME_OPEN);
    c = opened(ROLLBACK_MANUAL);
    assert_true(c.approved && !c.witnessed);
}

static void test_repair(void **state)
{
    struct case_world w = world();
    struct casefile c = opened(ROLLBACK_REVERT_RUNNING);
    struct case_input ended = {.kind = CASE_IN_JOB_ENDED,
                               .outcome = OUTCOME_PROVEN,
                               .verdict = VERDICT_IN_STEP,
                               .cause = "rotation-shown",
                               .text = "kvno 3, then 4"};
    struct case_out out;

    (void)state;
    out = give(&c, CASE_IN_LOOKED, &w);
    assert_int_equal(c.state, CASE_ASKING_DIRECTORY);
    assert_int_equal(out.effect, CASE_EFFECT_QUERY);
    assert_int_equal(out.effect, case_effect(&c));
    assert_false(out.judged);
    assert_int_equal(c.epoch, 2);
    out = give(&c, CASE_IN_ANSWERED, &w);
    assert_int_equal(c.state, CASE_REPAIRING);
    assert_int_equal(out.effect, CASE_EFFECT_JOB);
    assert_int_equal(case_effect(&c), CASE_EFFECT_NONE); // after a restart the job goes on by itself
    assert_true(out.judged);
    assert_int_equal(c.verdict, VERDICT_BEHIND);
    assert_string_equal(c.cause, "kvno-older");
    assert_true(c.has_fingerprint && c.fingerprint[0] == 7);
    out = step(&c, &ended, &w, 99);
    assert_int_equal(c.state, CASE_CLOSED);
    assert_int_equal(c.outcome, OUTCOME_PROVEN);
    assert_int_equal(c.verdict, VERDICT_IN_STEP);
    assert_string_equal(c.cause, "rotation-shown");
    assert_string_equal(c.text, "kvno 3, then 4");
    assert_int_equal(c.closed_us, 99);
    assert_int_equal(out.effect, CASE_EFFECT_NONE);
}

static void test_job_keeps_the_verdict(void **state)
{
    struct case_world w = world();
    struct casefile c = in_state(CASE_REPAIRING, &w);
    struct case_input ended = {.kind = CASE_IN_JOB_ENDED, .outcome = OUTCOME_SILENT, .text = "no agent"};

    (void)state;
    step(&c, &ended, &w, 99);
    assert_int_equal(c.verdict, VERDICT_BEHIND);
    assert_string_equal(c.cause, "kvno-older");
    assert_int_equal(c.outcome, OUTCOME_SILENT);
}

static void test_actions(void **state)
{
    struct case_world w = world();
    struct casefile c;

    (void)state;
    w.circumstances.mode = MODE_CORE_OBSERVE;
    c = opened(ROLLBACK_REVERT_RUNNING);
    give(&c, CASE_IN_LOOKED, &w);
    give(&c, CASE_IN_ANSWERED, &w);
    assert_int_equal(c.outcome, OUTCOME_NO_ACTION);
    assert_int_equal(c.verdict, VERDICT_BEHIND);
    assert_true(c.would[0] && c.next[0]);
    w = world();
    w.evidence.guest.account_sid[0] = 'S';
    c = opened(ROLLBACK_REVERT_RUNNING);
    give(&c, CASE_IN_LOOKED, &w);
    give(&c, CASE_IN_ANSWERED, &w);
    assert_int_equal(c.outcome, OUTCOME_REFUSED);
    assert_int_equal(c.verdict, VERDICT_IDENTITY_MISMATCH);
    w = world();
    c = opened(ROLLBACK_MANUAL);
    c.dry_run = true;
    give(&c, CASE_IN_LOOKED, &w);
    give(&c, CASE_IN_ANSWERED, &w);
    assert_int_equal(c.outcome, OUTCOME_NO_ACTION);
}

static void test_needs_no_directory(void **state)
{
    struct case_world w = world();
    struct casefile c = opened(ROLLBACK_REVERT_RUNNING);

    (void)state;
    w.evidence.guest.joined = TRI_NO;
    give(&c, CASE_IN_LOOKED, &w);
    assert_int_equal(c.state, CASE_CLOSED);
    assert_int_equal(c.verdict, VERDICT_NOT_A_MEMBER);
    assert_int_equal(c.outcome, OUTCOME_NO_ACTION);
    w = world();
    w.circumstances.domain_configured = w.circumstances.bound = w.evidence.bound = false;
    w.evidence.directory = (struct directory_side){.kvno = -1, .uac = -1};
    c = opened(ROLLBACK_REVERT_RUNNING);
    give(&c, CASE_IN_LOOKED, &w);
    assert_int_equal(c.state, CASE_CLOSED);
    assert_int_equal(c.outcome, OUTCOME_NO_ACTION);
    assert_non_null(strstr(c.next, "virtrust bind"));
}

// Two further tries after a pause, then it goes on with what is known.
static void test_tries_again(void **state)
{
    static const enum case_input_kind kinds[] = {CASE_IN_LOOK_FAILED, CASE_IN_UNANSWERED};
    struct case_world w = world();

    (void)state;
    w.evidence.guest.known = w.evidence.directory.known = false;
    snprintf(w.evidence.guest.why, sizeof w.evidence.guest.why, "timed out");
    for (int i = 0; i < 2; i++) {
        const struct case_input in = {.kind = kinds[i], .transient = true};
        struct casefile c = in_state(i ? CASE_ASKING_DIRECTORY : CASE_LOOKING, &w);
        enum case_state before = c.state;
        struct case_out out;

        for (uint32_t n = 1; n <= 2; n++) {
            out = step(&c, &in, &w, 1000);
            assert_int_equal(c.state, before);
            assert_int_equal(out.effect, CASE_EFFECT_NONE);
            assert_int_equal(c.tries, n);
            assert_int_equal(c.wake_us, 1000 + 5 * second);
        }
        step(&c, &in, &w, 1000);
        assert_int_not_equal(c.state, before);
        assert_int_equal(c.tries, 0);
        assert_int_equal(c.wake_us, 0);
    }
}

static void test_fails_for_good(void **state)
{
    struct case_world w = world();
    struct casefile c = opened(ROLLBACK_REVERT_RUNNING);
    struct case_out out;

    (void)state;
    w.evidence.guest.known = false;
    w.evidence.guest.has_fingerprint = false;
    snprintf(w.evidence.guest.why, sizeof w.evidence.guest.why, "the disk is encrypted");
    out = give(&c, CASE_IN_LOOK_FAILED, &w);
    assert_int_equal(c.state, CASE_ASKING_DIRECTORY);
    assert_non_null(strstr(out.note, "encrypted"));
    w.evidence.directory.known = false;
    give(&c, CASE_IN_UNANSWERED, &w);
    assert_int_equal(c.state, CASE_REPAIRING); // witnessed: the probe will tell
    assert_int_equal(c.verdict, VERDICT_UNKNOWN);
    assert_false(c.has_fingerprint);
}

// The reason and the next step are the look's own, and nobody asks a directory for an account without a name.
static void test_fails_unbound_and_unnamed(void **state)
{
    struct case_world w = world();
    struct casefile c = opened(ROLLBACK_FIRST_SIGHT);

    (void)state;
    w.evidence.guest = (struct guest_side){.joined = TRI_UNKNOWN, .kvno = -1};
    snprintf(w.evidence.guest.why, sizeof w.evidence.guest.why, "the disk is encrypted");
    snprintf(w.evidence.guest.why_next, sizeof w.evidence.guest.why_next, "start the guest");
    give(&c, CASE_IN_LOOK_FAILED, &w);
    give(&c, CASE_IN_ANSWERED, &w);
    assert_int_equal(c.outcome, OUTCOME_NO_ACTION);
    assert_string_equal(c.text, "the disk is encrypted");
    assert_string_equal(c.next, "start the guest");
    w.evidence.bound = w.circumstances.bound = false;
    c = opened(ROLLBACK_FIRST_SIGHT);
    give(&c, CASE_IN_LOOK_FAILED, &w);
    assert_int_equal(c.state, CASE_CLOSED);
    assert_string_equal(c.text, "the disk is encrypted");
    assert_non_null(strstr(c.next, "virtrust bind"));
}

// What this host lacks stands before what the guest lacks: without it there is no look at any guest.
static void test_fails_by_the_host(void **state)
{
    struct case_world w = world();
    struct casefile c = opened(ROLLBACK_FIRST_SIGHT);

    (void)state;
    w.evidence.guest = (struct guest_side){.joined = TRI_UNKNOWN, .kvno = -1};
    snprintf(w.evidence.guest.why_code, sizeof w.evidence.guest.why_code, "no-cage");
    snprintf(w.evidence.guest.why_next, sizeof w.evidence.guest.why_next, "add a drop-in");
    w.evidence.bound = w.circumstances.bound = false;
    give(&c, CASE_IN_LOOK_FAILED, &w);
    assert_int_equal(c.state, CASE_CLOSED);
    assert_string_equal(c.next, "add a drop-in");
}

static void test_approval(void **state)
{
    struct case_world w = world();
    struct casefile c = in_state(CASE_AWAITING_APPROVAL, &w);
    struct case_out out;

    (void)state;
    w.circumstances.mode = MODE_CORE_ASK;
    assert_int_equal(case_effect(&c), CASE_EFFECT_NONE);
    out = give(&c, CASE_IN_APPROVED, &w);
    assert_int_equal(c.state, CASE_LOOKING); // everything is looked at again
    assert_int_equal(out.effect, CASE_EFFECT_LOOK);
    give(&c, CASE_IN_LOOKED, &w);
    w.evidence.directory.kvno = 2; // and healed in the meantime
    give(&c, CASE_IN_ANSWERED, &w);
    assert_int_equal(c.outcome, OUTCOME_NO_ACTION);
    w = world();
    c = in_state(CASE_AWAITING_APPROVAL, &w);
    w.circumstances.mode = MODE_CORE_ASK;
    give(&c, CASE_IN_APPROVED, &w);
    give(&c, CASE_IN_LOOKED, &w);
    give(&c, CASE_IN_ANSWERED, &w);
    assert_int_equal(c.state, CASE_REPAIRING);
}

static void test_signal_while_looking(void **state)
{
    static const enum case_state states[] = {CASE_LOOKING, CASE_ASKING_DIRECTORY};
    const struct case_input anew = {.kind = CASE_IN_SIGNAL, .rollback = ROLLBACK_RESTORE};
    const struct case_input start = {.kind = CASE_IN_SIGNAL, .rollback = ROLLBACK_START};
    struct case_world w = world();

    (void)state;
    for (int i = 0; i < 2; i++) {
        struct casefile c = in_state(states[i], &w);
        uint32_t epoch = c.epoch;
        struct case_out out = step(&c, &anew, &w, 50);

        assert_int_equal(c.state, CASE_LOOKING);
        assert_int_equal(out.effect, CASE_EFFECT_LOOK);
        assert_int_equal(c.epoch, epoch + 1); // the look that is under way counts no more
        assert_int_equal(c.kind, ROLLBACK_REVERT_RUNNING);
        assert_int_equal(c.rolled_us, 50);
        out = step(&c, &start, &w, 60);
        assert_int_equal(out.effect, CASE_EFFECT_LOOK);
        assert_int_equal(c.rolled_us, 50); // its time did not move again
    }
}

static void test_signal_makes_witnessed(void **state)
{
    const struct case_input anew = {.kind = CASE_IN_SIGNAL, .rollback = ROLLBACK_REVERT_OFFLINE};
    struct case_world w = world();
    struct casefile c = opened(ROLLBACK_FIRST_SIGHT);

    (void)state;
    step(&c, &anew, &w, 50);
    assert_true(c.witnessed && !c.approved);
    assert_int_equal(c.kind, ROLLBACK_REVERT_OFFLINE);
    c = opened(ROLLBACK_MANUAL);
    step(&c, &anew, &w, 50);
    assert_true(c.witnessed && c.approved); // an administrator's own request stands
    c = in_state(CASE_AWAITING_APPROVAL, &w);
    give(&c, CASE_IN_APPROVED, &w);
    step(&c, &anew, &w, 50);
    assert_false(c.approved); // but what was approved was another state of things
}

static void test_supersede(void **state)
{
    static const enum case_state states[] = {CASE_AWAITING_APPROVAL, CASE_REPAIRING};
    struct case_world w = world();

    (void)state;
    for (int i = 0; i < 2; i++)
        for (int k = 0; k < ROLLBACK_KINDS_COUNT; k++) {
            const struct case_input in = {.kind = CASE_IN_SIGNAL, .rollback = (enum rollback_kind)k};
            struct casefile c = in_state(states[i], &w);
            struct casefile before = c;
            struct case_out out = step(&c, &in, &w, 70);

            if (rollback_is_new((enum rollback_kind)k)) {
                assert_int_equal(c.state, CASE_CLOSED);
                assert_int_equal(c.outcome, OUTCOME_SUPERSEDED);
                assert_int_equal(out.effect, CASE_EFFECT_SUPERSEDE);
            } else {
                assert_untouched(&c, &before);
                assert_int_equal(out.effect, CASE_EFFECT_NONE);
            }
        }
}

static void test_gone(void **state)
{
    struct case_world w = world();
    const struct case_input in = {.kind = CASE_IN_GONE, .text = "the guest was undefined"};

    (void)state;
    for (int s = CASE_LOOKING; s < CASE_CLOSED; s++) {
        struct casefile c = in_state((enum case_state)s, &w);
        struct case_out out = step(&c, &in, &w, 80);

        assert_int_equal(c.state, CASE_CLOSED);
        assert_int_equal(c.outcome, OUTCOME_LEFT);
        assert_int_equal(out.effect, CASE_EFFECT_NONE);
        assert_non_null(strstr(out.note, "undefined"));
    }
}

// An input that means nothing here leaves no trace: least of all in the epoch, for an answer may be under way.
static void test_ignored(void **state)
{
    static const bool takes[CASE_STATES_COUNT][CASE_IN_GONE + 1] = {
        [CASE_LOOKING] = {[CASE_IN_LOOKED] = true, [CASE_IN_LOOK_FAILED] = true, [CASE_IN_SIGNAL] = true},
        [CASE_ASKING_DIRECTORY] =
            {[CASE_IN_ANSWERED] = true, [CASE_IN_UNANSWERED] = true, [CASE_IN_SIGNAL] = true},
        [CASE_AWAITING_APPROVAL] = {[CASE_IN_APPROVED] = true},
        [CASE_REPAIRING] = {[CASE_IN_JOB_ENDED] = true},
    };
    struct case_world w = world();

    (void)state;
    for (int s = CASE_LOOKING; s <= CASE_CLOSED; s++)
        for (int k = CASE_IN_LOOKED; k < CASE_IN_GONE; k++) {
            struct casefile c = in_state((enum case_state)s, &w);
            struct casefile before = c;
            struct case_out out = give(&c, (enum case_input_kind)k, &w);

            if (takes[s][k]) {
                assert_int_equal(c.epoch, before.epoch + 1);
                continue;
            }
            assert_untouched(&c, &before);
            assert_int_equal(out.effect, CASE_EFFECT_NONE);
            assert_string_equal(out.note, "");
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_open),
        cmocka_unit_test(test_repair),
        cmocka_unit_test(test_job_keeps_the_verdict),
        cmocka_unit_test(test_actions),
        cmocka_unit_test(test_needs_no_directory),
        cmocka_unit_test(test_tries_again),
        cmocka_unit_test(test_fails_for_good),
        cmocka_unit_test(test_fails_by_the_host),
        cmocka_unit_test(test_fails_unbound_and_unnamed),
        cmocka_unit_test(test_approval),
        cmocka_unit_test(test_signal_while_looking),
        cmocka_unit_test(test_signal_makes_witnessed),
        cmocka_unit_test(test_supersede),
        cmocka_unit_test(test_gone),
        cmocka_unit_test(test_ignored),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
