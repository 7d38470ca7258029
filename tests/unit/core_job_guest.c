// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// The steps of a repair that the guest answers: probe, check, store and rotate, also when they are refused or hostile.
#include "tests/unit/core_job_bench.h"

static void test_probe(void **state)
{
    static const struct {
        const char *pairs;
        enum outcome outcome;
        enum verdict verdict;
        const char *cause;
    } ends[] = {
        {"joined=0", OUTCOME_NO_ACTION, VERDICT_NOT_A_MEMBER, "not-joined"},
        {"account_sid=S-1-5-21-1-2-3-9 channel=broken", OUTCOME_REFUSED, VERDICT_IDENTITY_MISMATCH,
         "claims-other"},
        {"sam_account_name=WS2$ channel=healthy", OUTCOME_REFUSED, VERDICT_IDENTITY_MISMATCH, "claims-other"},
        {"sam_account_name=ws1$ domain=x.test channel=broken", OUTCOME_REFUSED, VERDICT_IDENTITY_MISMATCH,
         "claims-other"},
        {MEMBER "channel=healthy", OUTCOME_NO_ACTION, VERDICT_IN_STEP, "probe-healthy"},
        {MEMBER "channel=unknown channel_code=account-missing", OUTCOME_REFUSED, VERDICT_ACCOUNT_MISSING,
         "account-missing"},
        {MEMBER "channel=unknown channel_code=account-disabled", OUTCOME_REFUSED, VERDICT_ACCOUNT_DISABLED,
         "account-disabled"},
        {"joined=1 channel=broken dc_reachable=1 live_sha256=" LIVE " public_key=" KEY " dc=dc1/../x",
         OUTCOME_REFUSED, VERDICT_UNKNOWN, "bad-dc"},
        {"joined=1 channel=broken dc_reachable=1 live_sha256=" LIVE, OUTCOME_FAILED, VERDICT_UNKNOWN,
         "helper-answer"},
        {"joined=1 channel=broken dc_reachable=1 public_key=" KEY, OUTCOME_FAILED, VERDICT_UNKNOWN,
         "helper-answer"},
        {"joined=1 channel=broken dc_reachable=1 live_sha256=00 public_key=" KEY, OUTCOME_FAILED,
         VERDICT_UNKNOWN, "helper-answer"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
        struct bench b = in_state(JOB_PROBING);

        answer(&b, "probe", ends[i].pairs);
        expect_end(&b, ends[i].outcome, ends[i].verdict, ends[i].cause);
        assert_int_equal(b.out.pair, strcmp(ends[i].cause, "probe-healthy") == 0);
        assert_false(b.out.mint);
    }
}

// A guest that cannot tell, or reaches no DC, is asked again at growing pauses until its time is over.
static void test_odd_channel(void **state)
{
    static const char *const answers[] = {MEMBER "channel=unknown", MEMBER "channel=broken dc_reachable=0",
                                          MEMBER "channel=broken", MEMBER "channel=nonsense",
                                          MEMBER "channel=unknown channel_code=no-agent"};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(answers); i++) {
        struct bench b = in_state(JOB_PROBING);
        unsigned steps = 0;

        while (b.j.state != JOB_ENDED && steps++ < 1000) {
            answer(&b, "probe", answers[i]);
            if (b.j.state == JOB_ENDED)
                break;
            expect(&b, JOB_WAITING_AGENT, JOB_EFFECT_NONE);
            b.now = b.j.next_us;
            input(&b, JOB_IN_WAKE);
            go_on(&b);
            expect(&b, JOB_PROBING, JOB_EFFECT_PROBE);
            assert_true(b.out.new_token);
        }
        assert_int_equal(b.j.state, JOB_ENDED);
        assert_int_equal(b.j.outcome, OUTCOME_FAILED);
        assert_true(steps < 100);
    }
}

static void test_probe_superseded(void **state)
{
    struct bench b = in_state(JOB_PROBING);

    (void)state;
    answer(&b, "probe", "superseded=1 joined=1 channel=broken dc_reachable=1 live_sha256=" LIVE);
    expect(&b, JOB_PROBING, JOB_EFFECT_PROBE);
    assert_true(b.out.new_token);
    for (int i = 0; i < 10 && b.j.state != JOB_ENDED; i++)
        answer(&b, "probe", "superseded=1 joined=1 channel=broken dc_reachable=1 live_sha256=" LIVE);
    expect_end(&b, OUTCOME_FAILED, VERDICT_UNKNOWN, "superseded");
}

static void test_check(void **state)
{
    struct bench b = in_state(JOB_CHECKING);

    (void)state;
    answer(&b, "check", "ready=0 reason=not-writable text=read-only");
    expect_end(&b, OUTCOME_REFUSED, VERDICT_UNKNOWN, "not-writable");
    b = in_state(JOB_CHECKING); // the helper's own word for why: it decides no verdict
    answer(&b, "check", "ready=0 reason=probe-healthy text=read-only");
    expect_end(&b, OUTCOME_REFUSED, VERDICT_UNKNOWN, "probe-healthy");
    b = in_state(JOB_CHECKING);
    for (int i = 0; b.j.state != JOB_ENDED; i++) {
        assert_true(i < 10);
        answer(&b, "check", "ready=0 reason=changed text=x");
        if (b.j.state == JOB_ENDED)
            break;
        expect(&b, JOB_PROBING, JOB_EFFECT_PROBE);
        assert_true(b.out.new_token);
        go_on(&b);
        go_on(&b);
    }
    expect_end(&b, OUTCOME_FAILED, VERDICT_UNKNOWN, "changed");
}

static void test_verbs_refused(void **state)
{
    static const enum job_state states[] = {JOB_STORING, JOB_ROTATING};

    (void)state;
    for (int i = 0; i < 2; i++) {
        struct bench b = in_state(states[i]);
        unsigned rounds = 0;

        for (; b.j.state != JOB_ENDED && rounds < 20; rounds++) {
            answer(&b, "result", "result=refused reason=changed text=x");
            if (b.j.state == JOB_ENDED)
                break;
            expect(&b, JOB_PROBING, JOB_EFFECT_PROBE);
            assert_true(b.out.new_token);
            assert_false(b.j.has_public_key || b.j.stored);
            for (int n = 0; n < JOB_STATES_COUNT && b.j.state != states[i]; n++) {
                go_on(&b);
                assert_false(b.out.mint || b.out.wipe);
            }
        }
        expect_end(&b, OUTCOME_FAILED, VERDICT_UNKNOWN, "changed");
        assert_int_equal(b.w.journal, JOURNAL_CONFIRMED);
        assert_true(rounds < 10);
    }
}

static void test_verbs_fail(void **state)
{
    static const enum job_state states[] = {JOB_STORING, JOB_ROTATING};

    (void)state;
    for (int i = 0; i < 2; i++) {
        struct bench b = in_state(states[i]);
        unsigned rounds = 0;

        for (; b.j.state != JOB_ENDED && rounds < 20; rounds++) {
            answer(&b, "result", "result=failed reason=disk-full text=x");
            if (b.j.state == JOB_ENDED)
                break;
            expect(&b, states[i], JOB_EFFECT_NONE);
            b.now = b.j.next_us;
            input(&b, JOB_IN_WAKE);
        }
        expect_end(&b, OUTCOME_FAILED, VERDICT_UNKNOWN, "disk-full");
        assert_int_equal(rounds, 4);
    }
}

// The rotation was done, its record lost with the helper's state: the guest is healthy by a secret that nobody told.
static void test_rotation_found(void **state)
{
    struct bench b = in_state(JOB_ROTATING);

    (void)state;
    answer(&b, "result", "result=refused reason=changed text=x");
    answer(&b, "probe", MEMBER "channel=healthy");
    expect(&b, JOB_CONFIRMING, JOB_EFFECT_LOGIN);
    answer(&b, "login", "result=refused");
    expect(&b, JOB_PROBING, JOB_EFFECT_PROBE); // is it still, now that the secret is known to be another?
    answer(&b, "probe", MEMBER "channel=healthy");
    expect(&b, JOB_PROVING, JOB_EFFECT_ACCOUNT);
    go_on(&b);
    expect_end(&b, OUTCOME_PROVEN, VERDICT_BEHIND, "rotation-shown");
}

static void test_hostile_texts(void **state)
{
    struct bench b = in_state(JOB_PROBING);
    _cleanup_record_ struct record *r = record_of("probe", BROKEN);
    char big[4096];

    (void)state;
    memset(big, 'x', sizeof big - 1);
    big[sizeof big - 1] = '\0';
    record_set(r, "dc", big);
    record_set(r, "channel_code", big);
    give(&b, &(struct job_input){.kind = JOB_IN_ANSWER, .answer = r});
    assert_string_equal(b.j.dc, ""); // a name that does not fit is none
    record_set(r, "sam_account_name", big);
    b = in_state(JOB_PROBING);
    give(&b, &(struct job_input){.kind = JOB_IN_ANSWER, .answer = r});
    expect_end(&b, OUTCOME_REFUSED, VERDICT_IDENTITY_MISMATCH, "claims-other");
    b = in_state(JOB_STORING);
    answer(&b, "result", "result=refused reason=%n%s text=%n%s");
    expect(&b, JOB_PROBING, JOB_EFFECT_PROBE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_probe),
        cmocka_unit_test(test_odd_channel),
        cmocka_unit_test(test_probe_superseded),
        cmocka_unit_test(test_check),
        cmocka_unit_test(test_verbs_refused),
        cmocka_unit_test(test_verbs_fail),
        cmocka_unit_test(test_rotation_found),
        cmocka_unit_test(test_hostile_texts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
