// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// The steps of a repair that the directory answers: reading, reset, log-on and proof, and what an earlier job's secret
// changes. When is one minted, confirmed, wiped?
#include "tests/unit/core_job_bench.h"

static void test_account(void **state)
{
    static const enum job_state states[] = {JOB_COMPARING, JOB_READING, JOB_COUNTING, JOB_PROVING};
    static const struct {
        const char *pairs;
        enum outcome outcome;
        enum verdict verdict;
        const char *cause;
    } ends[] = {
        {"found=0", OUTCOME_REFUSED, VERDICT_ACCOUNT_MISSING, "account-missing"},
        {"found=1 kvno=3 guid=" GUID " sid=S-1-5-21-1-2-3-9", OUTCOME_REFUSED, VERDICT_ACCOUNT_RECREATED,
         "account-recreated"},
        {"found=1 kvno=3 guid=00000000-2222-3333-4444-555555555555 sid=" SID, OUTCOME_REFUSED,
         VERDICT_ACCOUNT_RECREATED, "account-recreated"},
        {"found=1 kvno=3", OUTCOME_REFUSED, VERDICT_ACCOUNT_RECREATED, "account-recreated"},
        {ACCOUNT "pwd_last_set=9", OUTCOME_FAILED, VERDICT_UNKNOWN, "no-kvno"},
        {ACCOUNT "kvno=three", OUTCOME_FAILED, VERDICT_UNKNOWN, "no-kvno"},
    };

    (void)state;
    for (size_t s = 0; s < ARRAY_SIZE(states); s++)
        for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
            struct bench b = in_state(states[s]);
            enum journal_state journal = b.w.journal;

            answer(&b, "account", ends[i].pairs);
            if (states[s] == JOB_PROVING && strcmp(ends[i].cause, "no-kvno") == 0)
                expect(&b, JOB_ATTESTING, JOB_EFFECT_ATTEST); // the guest may show it instead
            else
                expect_end(&b, ends[i].outcome, ends[i].verdict, ends[i].cause);
            assert_int_equal(b.w.journal, journal);
        }
}

static void test_reset(void **state)
{
    struct bench b = in_state(JOB_RESETTING);

    (void)state;
    answer(&b, "reset", "result=refused rule=outside-base text=no");
    expect_end(&b, OUTCOME_REFUSED, VERDICT_UNKNOWN, "outside-base");
    assert_int_equal(b.w.journal, JOURNAL_NONE);
    b = in_state(JOB_RESETTING);
    answer(&b, "reset", "result=unknown text=connection-lost");
    expect(&b, JOB_CONFIRMING, JOB_EFFECT_LOGIN);
    assert_false(b.j.reset_answered);
    answer(&b, "login", "result=accepted");
    expect(&b, JOB_COUNTING, JOB_EFFECT_ACCOUNT);
    assert_true(b.out.confirm);
}

// The key version moved: perhaps by this very secret. It is kept, and the account asked.
static void test_kvno_moved(void **state)
{
    struct bench b = in_state(JOB_RESETTING);
    unsigned rounds = 0;

    (void)state;
    answer(&b, "reset", "result=refused rule=kvno-moved text=x");
    expect(&b, JOB_READING, JOB_EFFECT_ACCOUNT);
    assert_int_equal(b.w.journal, JOURNAL_MINTED);
    go_on(&b);
    expect(&b, JOB_CONFIRMING, JOB_EFFECT_LOGIN);
    assert_false(b.out.mint);
    for (; b.j.state != JOB_ENDED && rounds < 20; rounds++) {
        answer(&b, "login", "result=refused");
        if (b.j.state == JOB_ENDED)
            break;
        expect(&b, JOB_RESETTING, JOB_EFFECT_RESET);
        assert_false(b.out.mint); // the same secret
        answer(&b, "reset", "result=refused rule=kvno-moved text=x");
        if (b.j.state != JOB_ENDED)
            go_on(&b);
    }
    assert_int_equal(b.j.outcome, OUTCOME_FAILED);
    assert_true(rounds < 10);
}

static void test_reset_never_takes(void **state)
{
    struct bench b = in_state(JOB_RESETTING);
    unsigned resets = 0;

    (void)state;
    while (b.j.state != JOB_ENDED && resets++ < 50) {
        answer(&b, "error", "code=unreachable text=x");
        expect(&b, JOB_CONFIRMING, JOB_EFFECT_LOGIN);
        answer(&b, "login", "result=refused");
        assert_false(b.out.mint || b.out.wipe);
    }
    expect_end(&b, OUTCOME_FAILED, VERDICT_UNKNOWN, "reset-lost");
    assert_true(resets < 10);
    assert_int_equal(b.w.journal, JOURNAL_MINTED);
}

static void test_login(void **state)
{
    struct bench b = in_state(JOB_CONFIRMING);

    (void)state;
    answer(&b, "login", "result=refused text=x"); // it was answered `done`: the DC needs a moment
    expect(&b, JOB_CONFIRMING, JOB_EFFECT_NONE);
    b.now = b.j.next_us;
    input(&b, JOB_IN_WAKE);
    answer(&b, "login", "result=unknown text=x");
    expect(&b, JOB_CONFIRMING, JOB_EFFECT_NONE);
    b.now = b.j.deadline_us;
    answer(&b, "login", "result=refused text=x");
    expect_end(&b, OUTCOME_FAILED, VERDICT_UNKNOWN, "login-refused");
    assert_int_equal(b.w.journal, JOURNAL_MINTED);
}

// `done` out of the worker's record of a reset that nobody confirmed before an administrator changed the account.
static void test_done_long_ago(void **state)
{
    struct bench b = in_state(JOB_READING);

    (void)state;
    b.w.journal = JOURNAL_MINTED;
    go_on(&b);
    answer(&b, "login", "result=refused");
    expect(&b, JOB_RESETTING, JOB_EFFECT_RESET);
    go_on(&b);
    for (int i = 0; i < 4; i++) {
        answer(&b, "login", "result=refused text=x");
        expect(&b, JOB_CONFIRMING, JOB_EFFECT_NONE);
        b.now = b.j.next_us;
        input(&b, JOB_IN_WAKE);
    }
    answer(&b, "login", "result=refused text=x");
    expect(&b, JOB_RESETTING, JOB_EFFECT_RESET);
    assert_true(b.out.mint);
    go_on(&b);
    answer(&b, "login", "result=refused text=x"); // once a job
    b.now = b.j.deadline_us;
    input(&b, JOB_IN_WAKE);
    answer(&b, "login", "result=refused text=x");
    expect_end(&b, OUTCOME_FAILED, VERDICT_UNKNOWN, "login-refused");
}

static struct bench inheriting(enum journal_state journal)
{
    struct bench b = in_state(JOB_READING);

    b.w.journal = journal;
    go_on(&b);
    expect(&b, JOB_CONFIRMING, JOB_EFFECT_LOGIN);
    assert_true(b.j.inherited && !b.out.mint);
    return b;
}

static void test_inherits(void **state)
{
    struct bench b = inheriting(JOURNAL_MINTED);

    (void)state;
    answer(&b, "login", "result=accepted"); // the earlier reset took: no second one
    expect(&b, JOB_COUNTING, JOB_EFFECT_ACCOUNT);
    go_on(&b);
    expect(&b, JOB_STORING, JOB_EFFECT_STORE);
    b = inheriting(JOURNAL_MINTED);
    answer(&b, "login", "result=refused"); // it did not: the same secret is set
    expect(&b, JOB_RESETTING, JOB_EFFECT_RESET);
    assert_false(b.out.mint);
    b = inheriting(JOURNAL_CONFIRMED);
    answer(&b, "login", "result=refused"); // taken once, and changed since: settled, a new one
    expect(&b, JOB_RESETTING, JOB_EFFECT_RESET);
    assert_true(b.out.mint);
    assert_false(b.j.inherited);
}

// The secret was set at another DC than the guest uses now: that one is asked, whatever the others know of it.
static void test_inherits_at_its_dc(void **state)
{
    struct bench b = in_state(JOB_PROBING);

    (void)state;
    b.w.journal = JOURNAL_CONFIRMED;
    snprintf(b.w.journal_dc, sizeof b.w.journal_dc, "dc7");
    go_on(&b);
    assert_string_equal(b.j.dc, "dc1"); // its own is compared first
    go_on(&b);
    go_on(&b);
    expect(&b, JOB_READING, JOB_EFFECT_ACCOUNT);
    assert_string_equal(b.j.dc, "dc1");
    go_on(&b);
    expect(&b, JOB_CONFIRMING, JOB_EFFECT_LOGIN);
    assert_string_equal(b.j.dc, "dc7");
    for (int i = 0; i < 3; i++) { // it does not answer: any other, in turn
        answer(&b, "error", "code=dc-unreachable text=down");
        expect(&b, JOB_CONFIRMING, JOB_EFFECT_NONE);
        assert_string_equal(b.j.dc, "");
        b.now = b.j.next_us;
        input(&b, JOB_IN_WAKE);
        answer(&b, "login", "result=refused dc=dc1"); // which settles nothing
        expect(&b, JOB_CONFIRMING, JOB_EFFECT_NONE);
        assert_non_null(strstr(b.j.text, "dc7"));
        assert_string_equal(b.j.dc, "dc7");
        b.now = b.j.next_us;
        input(&b, JOB_IN_WAKE);
    }
    answer(&b, "error", "code=dc-unreachable text=down");
    b.now = b.j.next_us;
    input(&b, JOB_IN_WAKE);
    answer(&b, "login", "result=accepted dc=dc1"); // it is replicated by now
    expect(&b, JOB_COUNTING, JOB_EFFECT_ACCOUNT);
    assert_true(b.out.confirm);
    assert_string_equal(b.j.dc, "dc1");
}

// A guest that does not reach the DC that was reset takes one of its own.
static void test_guest_reaches_another_dc(void **state)
{
    struct bench b = in_state(JOB_STORING);

    (void)state;
    assert_string_equal(b.j.dc, "dc1");
    answer(&b, "result", "verb=store result=failed reason=no-dc text=x");
    expect(&b, JOB_STORING, JOB_EFFECT_NONE);
    assert_string_equal(b.j.dc, "");
}

static void test_healthy_with_a_journal(void **state)
{
    static const enum journal_state journals[] = {JOURNAL_MINTED, JOURNAL_CONFIRMED};

    (void)state;
    for (int i = 0; i < 2; i++) {
        struct bench b = in_state(JOB_PROBING);

        b.w.journal = journals[i];
        answer(&b, "probe", MEMBER "channel=healthy");
        expect(&b, JOB_CONFIRMING, JOB_EFFECT_LOGIN);
        assert_true(b.j.stored);
        struct bench other = b;
        answer(&b, "login", "result=accepted"); // a store came through: its rotation is owed
        go_on(&b);
        expect(&b, JOB_ROTATING, JOB_EFFECT_ROTATE);
        answer(&other, "login", "result=refused"); // healthy by another secret, or only until just now
        expect(&other, JOB_PROBING, JOB_EFFECT_PROBE);
        assert_int_equal(other.w.journal, JOURNAL_NONE);
        b = other;
        answer(&other, "probe", MEMBER "channel=healthy");
        expect_end(&other, OUTCOME_NO_ACTION, VERDICT_IN_STEP, "probe-healthy");
        assert_true(other.out.pair);
        answer(&b, "probe", BROKEN);
        go_on(&b);
        go_on(&b);
        go_on(&b);
        expect(&b, JOB_RESETTING, JOB_EFFECT_RESET);
        assert_true(b.out.mint);
    }
}

static void test_proof(void **state)
{
    static const struct {
        const char *pairs;
        bool proven, claimed;
    } rows[] = {
        {ACCOUNT "kvno=4 pwd_last_set=200", false, false}, {ACCOUNT "kvno=5 pwd_last_set=200", false, false},
        {ACCOUNT "kvno=4 pwd_last_set=300", false, false}, {ACCOUNT "kvno=5", false, false},
        {ACCOUNT "kvno=3 pwd_last_set=300", false, false}, {ACCOUNT "kvno=5 pwd_last_set=201", true, false},
        {ACCOUNT "kvno=6 pwd_last_set=300", false, true},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct bench b = in_state(JOB_PROVING);

        answer(&b, "account", rows[i].pairs);
        if (rows[i].proven) {
            expect_end(&b, OUTCOME_PROVEN, VERDICT_BEHIND, "rotation-shown");
        } else if (rows[i].claimed) {
            expect_end(&b, OUTCOME_CLAIMED, VERDICT_UNKNOWN, "changed-again");
            assert_false(b.out.pair);
            assert_true(b.out.wipe);
        } else {
            expect(&b, JOB_PROVING, JOB_EFFECT_NONE);
            assert_int_equal(b.w.journal, JOURNAL_CONFIRMED);
            b.now = b.j.deadline_us;
            answer(&b, "account", rows[i].pairs);
            expect(&b, JOB_ATTESTING, JOB_EFFECT_ATTEST);
            assert_int_equal(b.w.journal, JOURNAL_CONFIRMED);
        }
    }
}

static void test_proof_unreachable(void **state)
{
    struct bench b = in_state(JOB_PROVING);
    int64_t deadline = b.j.deadline_us;

    (void)state;
    assert_int_equal(deadline, b.now + b.w.proof_wait_us);
    answer(&b, "error", "code=unreachable text=x");
    expect(&b, JOB_PROVING, JOB_EFFECT_NONE);
    b.now = deadline;
    answer(&b, "error", "code=unreachable text=x");
    expect_end(&b, OUTCOME_CLAIMED, VERDICT_UNKNOWN, "unreachable");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_account),
        cmocka_unit_test(test_reset),
        cmocka_unit_test(test_kvno_moved),
        cmocka_unit_test(test_reset_never_takes),
        cmocka_unit_test(test_login),
        cmocka_unit_test(test_done_long_ago),
        cmocka_unit_test(test_inherits),
        cmocka_unit_test(test_inherits_at_its_dc),
        cmocka_unit_test(test_guest_reaches_another_dc),
        cmocka_unit_test(test_healthy_with_a_journal),
        cmocka_unit_test(test_proof),
        cmocka_unit_test(test_proof_unreachable),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
