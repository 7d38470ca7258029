// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/core/breaker.h"

#include "tests/unit/core_common.h"
#include "tests/unit/testing.h"

#define MINUTE INT64_C(60000000)
#define NOW (INT64_C(1000) * MINUTE)

static const struct breaker_rules rules = {
    .failures = 3, .share = 50, .window_us = 60 * MINUTE, .pause_us = 15 * MINUTE};

// When a closed one opens: both sides of each boundary.
static const struct {
    enum attempt_result result;
    struct breaker_counts counts;
    bool opens;
} openings[] = {
    {ATTEMPT_FAILED, {1, 1, 0}, false}, {ATTEMPT_FAILED, {2, 2, 0}, false},
    {ATTEMPT_FAILED, {3, 1, 0}, true},  {ATTEMPT_FAILED, {3, 3, 1000}, true},
    {ATTEMPT_FAILED, {1, 1, 1}, false}, {ATTEMPT_FAILED, {1, 1, 2}, false}, // one guest is no share of a pool
    {ATTEMPT_FAILED, {2, 2, 4}, true},  {ATTEMPT_FAILED, {2, 2, 5}, false},
    {ATTEMPT_FAILED, {2, 1, 2}, false}, {ATTEMPT_STRANGE, {1, 1, 1000}, true},
    {ATTEMPT_GOOD, {9, 9, 9}, false},   {ATTEMPT_NEUTRAL, {9, 9, 9}, false},
    {ATTEMPT_OPEN, {9, 9, 9}, false},
};

static void when_it_opens(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(openings); i++) {
        struct breaker b = {.name = "domain corp.test"};
        struct breaker_out out;

        breaker_took(&b, openings[i].result, "vm1: no", 7, &openings[i].counts, &rules, NOW, &out);
        if (out.changed != openings[i].opens || (out.next.state == BREAKER_OPEN) != openings[i].opens)
            fail_msg("row %zu", i);
        if (!out.changed)
            continue;
        assert_int_equal(out.next.reopen_us, NOW + 15 * MINUTE);
        assert_int_equal(out.next.trips, 1);
        assert_non_null(strstr(out.next.text, "vm1: no"));
        assert_non_null(strstr(out.note, "domain corp.test opens"));
    }
}

static struct breaker half_open(int64_t probe)
{
    return (struct breaker){.name = "policy vdi",
                            .state = BREAKER_HALF_OPEN,
                            .probe = probe,
                            .trips = 1,
                            .pause_us = 15 * MINUTE,
                            .text = "why"};
}

// What the one that tries makes of it.
static void what_the_probe_says(void **state)
{
    static const struct {
        enum attempt_result result;
        int64_t probe;
        enum breaker_state state;
        int64_t then;
    } rows[] = {
        {ATTEMPT_GOOD, 7, BREAKER_CLOSED, 0},    {ATTEMPT_GOOD, 8, BREAKER_HALF_OPEN, 8},
        {ATTEMPT_FAILED, 7, BREAKER_OPEN, 0},    {ATTEMPT_FAILED, 8, BREAKER_HALF_OPEN, 8},
        {ATTEMPT_STRANGE, 7, BREAKER_OPEN, 0},   {ATTEMPT_NEUTRAL, 7, BREAKER_HALF_OPEN, 0},
        {ATTEMPT_OPEN, 7, BREAKER_HALF_OPEN, 0}, {ATTEMPT_NEUTRAL, 8, BREAKER_HALF_OPEN, 8},
    };
    struct breaker_counts none = {0};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct breaker b = half_open(rows[i].probe);
        struct breaker_out out;

        breaker_took(&b, rows[i].result, "x", 7, &none, &rules, NOW, &out);
        if (out.next.state != rows[i].state || out.next.probe != rows[i].then)
            fail_msg("row %zu: %s", i, breaker_state_text(out.next.state));
        if (out.next.state == BREAKER_CLOSED) {
            assert_int_equal(out.next.cleared_us, NOW);
            assert_int_equal(out.next.trips, 0);
        }
        if (out.next.state == BREAKER_OPEN) // twice as long as before
            assert_int_equal(out.next.reopen_us, NOW + 30 * MINUTE);
    }
}

static void whom_it_lets(void **state)
{
    struct breaker open = {.name = "domain d",
                           .state = BREAKER_OPEN,
                           .reopen_us = NOW + MINUTE,
                           .pause_us = 15 * MINUTE,
                           .text = "why"};
    struct breaker closed = {.name = "domain d"}, half = half_open(8);
    struct breaker_out out;
    char text[LONG_TEXT] = "";
    int64_t until = 0;

    (void)state;
    assert_true(breaker_lets(&closed, 7, false, NOW, &out, text, &until));
    assert_false(out.changed);

    assert_false(breaker_lets(&open, 7, false, NOW, &out, text, &until));
    assert_false(out.changed);
    assert_int_equal(until, NOW + MINUTE);
    assert_string_equal(text, "the circuit breaker of domain d is open: why");
    assert_true(
        breaker_lets(&open, 7, false, NOW + MINUTE, &out, text, &until)); // the pause is over: it tries
    assert_int_equal(out.next.state, BREAKER_HALF_OPEN);
    assert_int_equal(out.next.probe, 7);
    assert_true(
        breaker_lets(&open, 7, false, NOW - 20 * MINUTE, &out, text, &until)); // the clock was set back

    assert_true(breaker_lets(&half, 8, true, NOW, &out, text, &until)); // the one that tries
    assert_false(out.changed);
    assert_false(breaker_lets(&half, 7, true, NOW, &out, text, &until));
    assert_non_null(strstr(text, "case 8 tries first"));
    assert_true(breaker_lets(&half, 7, false, NOW, &out, text, &until)); // that one is gone: the next
    assert_int_equal(out.next.probe, 7);
    half.probe = 0;
    assert_true(breaker_lets(&half, 7, false, NOW, &out, text, &until));

    breaker_reset(&open, NOW, &out);
    assert_int_equal(out.next.state, BREAKER_CLOSED);
    assert_int_equal(out.next.cleared_us, NOW);
}

static void a_pause_has_an_end(void **state)
{
    struct breaker b = half_open(7);
    struct breaker_counts none = {0};
    struct breaker_out out;

    (void)state;
    for (int i = 0; i < 40; i++) {
        breaker_took(&b, ATTEMPT_FAILED, "x", 7, &none, &rules, NOW, &out);
        b = out.next;
        b.state = BREAKER_HALF_OPEN;
        b.probe = 7;
    }
    assert_int_equal(b.pause_us, 24 * 60 * MINUTE);
}

// What an answer says of the directory while the repair goes on.
static void answers(void **state)
{
    static const struct {
        enum job_state before;
        const char *type, *pairs;
        enum attempt_result result;
    } rows[] = {
        {JOB_COMPARING, "error", "code=dc-unreachable", ATTEMPT_FAILED}, // who is asked first
        {JOB_READING, "error", "code=dc-unreachable", ATTEMPT_FAILED},
        {JOB_RESETTING, "error", "code=dc-unreachable", ATTEMPT_FAILED},
        {JOB_PROVING, "error", "code=timed-out", ATTEMPT_FAILED},
        {JOB_READING, "error", "code=wrong-domain", ATTEMPT_STRANGE},
        {JOB_CONFIRMING, "error", "code=dc-unsuitable", ATTEMPT_STRANGE},
        {JOB_READING, "error", "code=busy", ATTEMPT_OPEN},
        {JOB_PROBING, "error", "code=timed-out", ATTEMPT_OPEN}, // the guest's worker
        {JOB_STORING, "error", "code=internal", ATTEMPT_OPEN},
        {JOB_READING, "account", "found=1", ATTEMPT_OPEN},
        {JOB_CONFIRMING, "login", "result=refused", ATTEMPT_OPEN}, // perhaps replication
        {JOB_COUNTING, "account", "dc=dc1 kvno=4", ATTEMPT_STRANGE},
        {JOB_COUNTING, "account", "dc=DC1 kvno=5", ATTEMPT_OPEN},
        {JOB_COUNTING, "account", "dc=dc2 kvno=4", ATTEMPT_OPEN}, // it may not know of it yet
        {JOB_PROVING, "account", "dc=dc1 kvno=4", ATTEMPT_OPEN},
    };
    struct job j = {.reset_answered = true, .kvno_before = 5, .dc = "dc1"};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        _cleanup_record_ struct record *r = record_of(rows[i].type, rows[i].pairs);

        if (attempt_of_answer(rows[i].before, &j, r) != rows[i].result)
            fail_msg("row %zu", i);
    }
    assert_int_equal(attempt_of_answer(JOB_RESETTING, &j, NULL), ATTEMPT_OPEN);
}

// What an end says: each outcome, and the causes that count.
static void ends(void **state)
{
    static const struct {
        enum job_state before;
        enum outcome outcome;
        const char *cause;
        enum attempt_result result;
    } rows[] = {
        {JOB_PROVING, OUTCOME_PROVEN, "rotation-shown", ATTEMPT_GOOD},
        {JOB_PROVING, OUTCOME_CLAIMED, "rotation-not-shown", ATTEMPT_NEUTRAL}, // waits for replication
        {JOB_COUNTING, OUTCOME_CLAIMED, "rotation-forbidden", ATTEMPT_NEUTRAL},
        {JOB_PROVING, OUTCOME_CLAIMED, "changed-again", ATTEMPT_FAILED},
        {JOB_CONFIRMING, OUTCOME_FAILED, "login-refused", ATTEMPT_FAILED},
        {JOB_CONFIRMING, OUTCOME_FAILED, "not-replicated", ATTEMPT_NEUTRAL},
        {JOB_COUNTING, OUTCOME_FAILED, "reset-not-shown", ATTEMPT_NEUTRAL}, // the guest's own reset
        {JOB_COMPARING, OUTCOME_FAILED, "dc-unreachable", ATTEMPT_FAILED},
        {JOB_READING, OUTCOME_FAILED, "dc-unreachable", ATTEMPT_FAILED},
        {JOB_STORING, OUTCOME_FAILED, "helper-failed", ATTEMPT_FAILED}, // the account is reset, the guest not
        {JOB_ROTATING, OUTCOME_FAILED, "no-dc", ATTEMPT_FAILED},
        {JOB_PROBING, OUTCOME_FAILED, "no-helper", ATTEMPT_NEUTRAL},
        {JOB_CHECKING, OUTCOME_REFUSED, "not-ready", ATTEMPT_NEUTRAL},
        {JOB_CHECKING, OUTCOME_REFUSED, "other-directory",
         ATTEMPT_NEUTRAL}, // a copy elsewhere: no word on the domain
        {JOB_COMPARING, OUTCOME_REFUSED, "directory-untold", ATTEMPT_NEUTRAL},
        {JOB_RESETTING, OUTCOME_REFUSED, "access-denied", ATTEMPT_FAILED},
        {JOB_RESETTING, OUTCOME_REFUSED, "dc-refused", ATTEMPT_FAILED},
        {JOB_RESETTING, OUTCOME_REFUSED, "disabled", ATTEMPT_NEUTRAL},
        {JOB_RESETTING, OUTCOME_REFUSED, "outside-base", ATTEMPT_NEUTRAL},
        {JOB_RESETTING, OUTCOME_REFUSED, "hourly-limit", ATTEMPT_NEUTRAL},
        {JOB_RESETTING, OUTCOME_REFUSED, "twin", ATTEMPT_NEUTRAL},
        {JOB_READING, OUTCOME_REFUSED, "account-recreated", ATTEMPT_STRANGE},
        {JOB_WAITING_AGENT, OUTCOME_SILENT, "no-agent", ATTEMPT_NEUTRAL},
        {JOB_STORING, OUTCOME_SUPERSEDED, "", ATTEMPT_NEUTRAL},
        {JOB_STORING, OUTCOME_LEFT, "guest-gone", ATTEMPT_NEUTRAL},
        {JOB_PROBING, OUTCOME_NO_ACTION, "probe-healthy", ATTEMPT_NEUTRAL},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct job j = {.outcome = rows[i].outcome, .state = JOB_ENDED};

        snprintf(j.cause, sizeof j.cause, "%s", rows[i].cause);
        if (attempt_of_end(rows[i].before, &j) != rows[i].result)
            fail_msg("row %zu: %s", i, rows[i].cause);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(when_it_opens), cmocka_unit_test(what_the_probe_says),
        cmocka_unit_test(whom_it_lets),  cmocka_unit_test(a_pause_has_an_end),
        cmocka_unit_test(answers),       cmocka_unit_test(ends),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
