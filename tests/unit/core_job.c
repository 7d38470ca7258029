// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// The steps of a repair: the ordinary run, and in each state what a restart, a lost answer, a stop, an empty answer, an
// error and a guest that is off or silent lead to.
#include "tests/unit/core_job_bench.h"

static void test_good_run(void **state)
{
    static const enum job_state path[] = {JOB_CLOCK,   JOB_PROBING,   JOB_COMPARING,  JOB_CHECKING,
                                          JOB_READING, JOB_RESETTING, JOB_CONFIRMING, JOB_COUNTING,
                                          JOB_STORING, JOB_ROTATING,  JOB_PROVING};
    struct bench b = bench_new();
    unsigned mints = 0, tokens = 0;

    (void)state;
    assert_int_equal(b.j.next_us, b.now);
    for (size_t i = 0; i < ARRAY_SIZE(path); i++) {
        go_on(&b);
        expect(&b, path[i], job_effect(path[i]));
        assert_int_not_equal(b.out.effect, JOB_EFFECT_NONE);
        assert_int_equal(b.out.mint, path[i] == JOB_RESETTING);
        assert_int_equal(b.out.confirm, path[i] == JOB_COUNTING);
        assert_false(b.out.wipe || b.out.pair);
        mints += b.out.mint;
        tokens += b.out.new_token;
    }
    go_on(&b);
    expect_end(&b, OUTCOME_PROVEN, VERDICT_BEHIND, "rotation-shown");
    assert_true(b.out.wipe && b.out.pair);
    assert_int_equal(mints, 1);
    assert_int_equal(tokens, 1);
    assert_true(b.j.kvno_before == 3 && b.j.kvno_reset == 4 && b.j.kvno_after == 5);
    assert_non_null(strstr(b.j.text, "3 before, 4 after the reset, 5 now"));
    assert_string_equal(b.j.dc, "dc1");
    input(&b, JOB_IN_WAKE);
    assert_int_equal(b.out.effect, JOB_EFFECT_NONE);
}

// The state alone says what is under way; only the reset is asked about first.
static void test_resume_everywhere(void **state)
{
    static const enum job_input_kind kinds[] = {JOB_IN_RESUME, JOB_IN_WAKE};

    (void)state;
    for (size_t k = 0; k < ARRAY_SIZE(kinds); k++)
        for (int s = JOB_WAITING_START; s < JOB_ENDED; s++) {
            struct bench b = in_state((enum job_state)s);
            char token[TOKEN_TEXT];

            snprintf(token, sizeof token, "%s", b.j.token);
            input(&b, kinds[k]);
            if (s == JOB_WAITING_START || s == JOB_WAITING_AGENT || s == JOB_WAITING_TURN)
                expect(&b, JOB_CLOCK, JOB_EFFECT_CLOCK);
            else if (s == JOB_RESETTING)
                expect(&b, JOB_CONFIRMING, JOB_EFFECT_LOGIN);
            else
                expect(&b, (enum job_state)s, job_effect((enum job_state)s));
            assert_false(b.out.mint || b.out.wipe || b.out.confirm || b.out.new_token);
            for (int i = 0; i < JOB_STATES_COUNT && b.j.state != JOB_ENDED; i++)
                go_on(&b);
            expect_end(&b, OUTCOME_PROVEN, VERDICT_BEHIND,
                       s == JOB_ATTESTING ? "ticket-shown" : "rotation-shown");
        }
}

// A lost answer is asked for again after a pause; a lost reset's is settled by a log-on.
static void test_lost_everywhere(void **state)
{
    (void)state;
    for (int s = JOB_CLOCK; s < JOB_ENDED; s++) {
        struct bench b = in_state((enum job_state)s);

        input(&b, JOB_IN_LOST);
        if (s == JOB_RESETTING) {
            expect(&b, JOB_CONFIRMING, JOB_EFFECT_LOGIN);
            continue;
        }
        expect(&b, (enum job_state)s, JOB_EFFECT_NONE);
        assert_int_equal(b.j.next_us, b.now + 2 * second);
        assert_string_equal(b.j.text, "because");
        b.now = b.j.next_us;
        input(&b, JOB_IN_WAKE);
        expect(&b, (enum job_state)s, job_effect((enum job_state)s));
        assert_int_equal(b.j.next_us, 0);
    }
}

// Held back before it begins, and once more before the account is reset; never later, and the guest's time to answer
// does not run meanwhile.
static void test_held_back(void **state)
{
    struct bench b = bench_new();

    (void)state;
    hold(&b, "quiet-hours", "quiet hours until 18:00");
    input(&b, JOB_IN_WAKE);
    expect(&b, JOB_WAITING_TURN, JOB_EFFECT_NONE);
    assert_string_equal(b.out.note, "held back: quiet hours until 18:00");
    assert_string_equal(b.j.text, "quiet hours until 18:00");
    assert_string_equal(b.j.cause, "quiet-hours");
    assert_int_equal(b.j.next_us, b.w.hold.until_us);
    assert_int_equal(b.j.deadline_us, 0);
    b.now += 3600 * second;
    hold(&b, "quiet-hours", "quiet hours until 18:00");
    input(&b, JOB_IN_WAKE);
    expect(&b, JOB_WAITING_TURN, JOB_EFFECT_NONE);
    assert_string_equal(b.out.note, ""); // was told already
    hold(&b, "", "");
    input(&b, JOB_IN_WAKE);
    expect(&b, JOB_CLOCK, JOB_EFFECT_CLOCK);
    while (b.j.state != JOB_READING)
        go_on(&b);
    hold(&b, "breaker-open", "the breaker is open");
    go_on(&b);
    expect(&b, JOB_WAITING_TURN, JOB_EFFECT_NONE);
    assert_false(b.out.mint);
    assert_int_equal(b.w.journal, JOURNAL_NONE);
    hold(&b, "", "");
    for (int i = 0; i < JOB_STATES_COUNT && b.j.state != JOB_RESETTING; i++)
        go_on(&b);
    expect(&b, JOB_RESETTING, JOB_EFFECT_RESET);
    hold(&b, "breaker-open", "the breaker is open");
    for (int i = 0; i < JOB_STATES_COUNT && b.j.state != JOB_ENDED; i++)
        go_on(&b);
    expect_end(&b, OUTCOME_PROVEN, VERDICT_BEHIND, "rotation-shown");
}

static void test_held_back_off(void **state)
{
    struct bench b = bench_new();

    (void)state;
    b.w.running = false;
    hold(&b, "limit-at-once", "many");
    input(&b, JOB_IN_WAKE);
    expect(&b, JOB_WAITING_START, JOB_EFFECT_NONE);
}

// The worker's own hourly limit: nothing was written, the secret is forgotten, and it is tried again.
static void test_hourly_limit(void **state)
{
    struct bench b = in_state(JOB_RESETTING);

    (void)state;
    answer(&b, "reset", "result=refused rule=hourly-limit text=full");
    expect(&b, JOB_WAITING_TURN, JOB_EFFECT_NONE);
    assert_true(b.out.wipe);
    assert_true(b.j.next_us > b.now);
    for (int i = 0; i < JOB_STATES_COUNT && b.j.state != JOB_ENDED; i++)
        go_on(&b);
    expect_end(&b, OUTCOME_PROVEN, VERDICT_BEHIND, "rotation-shown");
}

static void test_stop_everywhere(void **state)
{
    (void)state;
    for (int s = JOB_WAITING_START; s < JOB_ENDED; s++) {
        struct bench b = in_state((enum job_state)s);
        enum journal_state journal = b.w.journal;

        input(&b, JOB_IN_STOP);
        expect_end(&b, OUTCOME_SUPERSEDED, VERDICT_UNKNOWN, "");
        assert_int_equal(b.w.journal, journal); // the secret belongs to the account
    }
}

// An answer of another kind, or one that says nothing, is never taken for a good one.
static void test_empty_answers(void **state)
{
    static const char *const types[] = {"done",  "probe",  "check", "account", "reset",
                                        "login", "result", "error", "x"};

    (void)state;
    for (int s = JOB_CLOCK; s < JOB_ENDED; s++)
        for (size_t t = 0; t < ARRAY_SIZE(types); t++) {
            struct bench b = in_state((enum job_state)s);

            answer(&b, types[t], "");
            assert_false(b.out.mint || b.out.confirm || b.out.wipe || b.out.pair);
            assert_int_not_equal(b.j.outcome, OUTCOME_PROVEN);
            if (s == JOB_RESETTING)
                expect(&b, JOB_CONFIRMING, JOB_EFFECT_LOGIN);
            else if (b.j.state != JOB_ENDED && !(s == JOB_CLOCK && t == 0))
                assert_true(b.j.next_us > b.now);
        }
}

static void test_fatal_errors(void **state)
{
    static const struct {
        const char *code;
        enum outcome outcome;
    } rows[] = {
        {"guest-gone", OUTCOME_LEFT},      {"exec-blocked", OUTCOME_FAILED},
        {"no-helper", OUTCOME_FAILED},     {"push-refused", OUTCOME_FAILED},
        {"permission", OUTCOME_FAILED},    {"helper-refused", OUTCOME_REFUSED},
        {"helper-failed", OUTCOME_FAILED}, {"outside-base", OUTCOME_REFUSED},
        {"bad-request", OUTCOME_FAILED},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        char pairs[128];
        struct bench b = in_state(JOB_PROBING);

        snprintf(pairs, sizeof pairs, "code=%s text=why next=what", rows[i].code);
        answer(&b, "error", pairs);
        expect_end(&b, rows[i].outcome, VERDICT_UNKNOWN, rows[i].code);
        assert_string_equal(b.j.text, "why");
        assert_string_equal(b.j.next, "what");
        if (rows[i].outcome != OUTCOME_FAILED)
            continue;
        b = in_state(JOB_STORING); // a half-done repair is not given up at the first failure
        for (int n = 0; n < 5; n++) {
            answer(&b, "error", pairs);
            expect(&b, JOB_STORING, JOB_EFFECT_NONE);
            b.now = b.j.next_us;
            input(&b, JOB_IN_WAKE);
        }
        answer(&b, "error", pairs);
        expect_end(&b, OUTCOME_FAILED, VERDICT_UNKNOWN, rows[i].code);
        assert_int_equal(b.w.journal, JOURNAL_CONFIRMED);
    }
}

static void test_off(void **state)
{
    struct bench b = bench_new();

    (void)state;
    b.w.running = false;
    input(&b, JOB_IN_WAKE);
    expect(&b, JOB_WAITING_START, JOB_EFFECT_NONE);
    assert_int_equal(b.j.next_us, 0);
    assert_int_equal(b.j.deadline_us, 0);
    b.now += INT64_C(30) * 86400 * second; // weeks
    b.w.running = true;
    input(&b, JOB_IN_WAKE);
    expect(&b, JOB_CLOCK, JOB_EFFECT_CLOCK);
    assert_int_equal(b.j.deadline_us, b.now + b.w.agent_wait_us);
    answer(&b, "error", "code=guest-off text=off");
    expect(&b, JOB_WAITING_AGENT, JOB_EFFECT_NONE);
    b.w.running = false;
    b.now = b.j.next_us;
    input(&b, JOB_IN_WAKE);
    expect(&b, JOB_WAITING_START, JOB_EFFECT_NONE);
    assert_int_equal(b.j.deadline_us, 0);
}

static void test_silent(void **state)
{
    static const char *const codes[] = {"no-agent", "agent-busy", "agent-timeout", "guest-off"};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(codes); i++) {
        struct bench b = bench_new();
        int64_t began = b.now, pause = 0;
        char pairs[64];
        unsigned steps = 0;

        snprintf(pairs, sizeof pairs, "code=%s text=nobody", codes[i]);
        for (; b.j.state != JOB_ENDED; steps++) {
            input(&b, JOB_IN_WAKE);
            expect(&b, JOB_CLOCK, JOB_EFFECT_CLOCK);
            answer(&b, "error", pairs);
            if (b.j.state == JOB_ENDED)
                break;
            expect(&b, JOB_WAITING_AGENT, JOB_EFFECT_NONE);
            assert_true(b.j.next_us - b.now >= pause); // pauses grow
            pause = b.j.next_us - b.now;
            b.now = b.j.next_us;
        }
        expect_end(&b, OUTCOME_SILENT, VERDICT_UNKNOWN, codes[i]);
        assert_true(b.now - began >= b.w.agent_wait_us && b.now - began < b.w.agent_wait_us + 60 * second);
        assert_true(steps < 100);
    }
}

static void test_heard_once_is_not_silent(void **state)
{
    struct bench b = in_state(JOB_PROBING);

    (void)state;
    b.now = b.j.deadline_us;
    answer(&b, "error", "code=no-agent text=nobody");
    expect_end(&b, OUTCOME_FAILED, VERDICT_UNKNOWN, "no-agent");
}

// Switched off between the reset and the store: its account waits for it, however long.
static void test_off_in_the_middle(void **state)
{
    static const enum job_state states[] = {JOB_STORING, JOB_ROTATING};

    (void)state;
    for (int i = 0; i < 2; i++) {
        struct bench b = in_state(states[i]);

        b.w.running = false;
        b.now += 2 * b.w.agent_wait_us;
        answer(&b, "error", "code=guest-off text=off");
        expect(&b, states[i], JOB_EFFECT_NONE);
        assert_true(b.j.next_us > b.now);
        for (int n = 0; n < 1000; n++) {
            b.now = b.j.next_us;
            input(&b, JOB_IN_WAKE);
            answer(&b, "error", "code=guest-off text=off");
            expect(&b, states[i], JOB_EFFECT_NONE);
        }
        b.w.running = true;
        input(&b, JOB_IN_WAKE);
        go_on(&b);
        assert_int_equal(b.j.state, states[i] + 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good_run),
        cmocka_unit_test(test_resume_everywhere),
        cmocka_unit_test(test_lost_everywhere),
        cmocka_unit_test(test_held_back),
        cmocka_unit_test(test_held_back_off),
        cmocka_unit_test(test_hourly_limit),
        cmocka_unit_test(test_stop_everywhere),
        cmocka_unit_test(test_empty_answers),
        cmocka_unit_test(test_fatal_errors),
        cmocka_unit_test(test_off),
        cmocka_unit_test(test_silent),
        cmocka_unit_test(test_heard_once_is_not_silent),
        cmocka_unit_test(test_off_in_the_middle),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
