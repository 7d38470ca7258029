// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// Waits that are nobody's failure: for the end of a migration, for a read-only domain controller to hear from its
// partner, and for the DC that the guest reaches to hear of the reset. Nothing is reset meanwhile, and none goes on for
// ever.
#include "tests/unit/core_job_bench.h"

#define RODC "found=1 guid=" GUID " sid=" SID " dc=dc1 reader=rodc1 read_only=1 kvno=3 "

static const int64_t day = INT64_C(86400) * 1000000;

// What waits is woken at its time, and asks again.
static void wake(struct bench *b, enum job_state state, enum job_effect effect)
{
    expect(b, state, JOB_EFFECT_NONE);
    assert_true(b->j.next_us > b->now && b->j.next_us <= b->now + 60 * second);
    b->now = b->j.next_us;
    input(b, JOB_IN_WAKE);
    expect(b, state, effect);
}

static void test_migrating(void **state)
{
    struct bench b = in_state(JOB_CHECKING);

    (void)state;
    for (int64_t began = b.now; b.now < began + 2 * day;) { // far longer than an agent is waited for
        answer(&b, "done", "verb=store-check migrating=1 " CHECKED);
        assert_string_equal(b.j.text, "the guest migrates; nothing is reset before that is over");
        wake(&b, JOB_CHECKING, JOB_EFFECT_CHECK);
    }
    answer(&b, "done", "verb=store-check migrating=0 " CHECKED);
    expect(&b, JOB_READING, JOB_EFFECT_ACCOUNT);
    b.w.moving = true; // paused, at its very end
    go_on(&b);
    assert_false(b.out.mint);
    wake(&b, JOB_READING, JOB_EFFECT_ACCOUNT);
    b.w.moving = false;
    go_on(&b);
    expect(&b, JOB_RESETTING, JOB_EFFECT_RESET);
}

static void test_migrated_away(void **state)
{
    struct bench b = in_state(JOB_CHECKING);
    struct job_input left = {.kind = JOB_IN_STOP, .outcome = OUTCOME_LEFT, .text = "migrated"};

    (void)state;
    answer(&b, "done", "verb=store-check migrating=1 " CHECKED);
    give(&b, &left);
    expect_end(&b, OUTCOME_LEFT, VERDICT_UNKNOWN, "");
    assert_int_equal(b.w.journal, JOURNAL_NONE);
}

// The mark arrives at once (single-object replication), or the DC's own replication brings one.
static void test_reader(void **state)
{
    struct bench b = in_state(JOB_COMPARING); // the guest has read 50 there

    (void)state;
    answer(&b, "account", RODC INSTANCE "dc_usn=50 dc_usn_marked=51");
    expect(&b, JOB_CHECKING, JOB_EFFECT_CHECK);
    b = in_state(JOB_COMPARING);
    for (int i = 0; i < 30; i++) {
        answer(&b, "account", RODC INSTANCE "dc_usn=50 mark_text=unwilling");
        assert_non_null(strstr(b.j.text, "rodc1 is read-only"));
        wake(&b, JOB_COMPARING, JOB_EFFECT_ACCOUNT);
    }
    answer(&b, "account", RODC INSTANCE "dc_usn=53 mark_text=unwilling");
    expect(&b, JOB_CHECKING, JOB_EFFECT_CHECK);
    answer(&b, "check", "ready=1 " INSTANCE "dc_usn=53");
    expect(&b, JOB_READING, JOB_EFFECT_ACCOUNT);
    answer(&b, "account", RODC INSTANCE "dc_usn=53");
    expect(&b, JOB_RESETTING, JOB_EFFECT_RESET);
    assert_string_equal(b.j.dc, "dc1"); // and not where nothing can be reset
}

// A copy of the read-only DC, in an isolated network: it does not hear what production's hears.
static void test_readers_copy(void **state)
{
    struct bench b = in_state(JOB_COMPARING);

    (void)state;
    answer(&b, "account", RODC INSTANCE "dc_usn=53");
    answer(&b, "check", "ready=1 " INSTANCE "dc_usn=52");
    expect_end(&b, OUTCOME_REFUSED, VERDICT_OTHER_DIRECTORY, "other-directory");
    b = in_state(JOB_COMPARING);
    answer(&b, "account", RODC INSTANCE "dc_usn=49");
    expect_end(&b, OUTCOME_REFUSED, VERDICT_OTHER_DIRECTORY, "other-directory");
}

static void test_reader_never_hears(void **state)
{
    struct bench b = in_state(JOB_COMPARING);
    int64_t began = b.now;

    (void)state;
    while (b.j.state != JOB_ENDED) {
        answer(&b, "account", RODC INSTANCE "dc_usn=50");
        if (b.j.state != JOB_ENDED)
            wake(&b, JOB_COMPARING, JOB_EFFECT_ACCOUNT);
    }
    expect_end(&b, OUTCOME_FAILED, VERDICT_UNKNOWN, "not-replicated");
    assert_true(b.now - began > day / 2 && b.now - began < 2 * day);
    assert_int_equal(b.w.journal, JOURNAL_NONE);
}

// The guest does not reach the DC that was reset, and its own one does not take the new secret yet. The same secret is
// offered again until it does.
static void test_guests_dc_is_behind(void **state)
{
    struct bench b = in_state(JOB_STORING);

    (void)state;
    snprintf(b.w.journal_dc, sizeof b.w.journal_dc, "dc1");
    answer(&b, "result", "result=failed reason=no-dc text=dc1");
    wake(&b, JOB_STORING, JOB_EFFECT_STORE);
    assert_string_equal(b.j.dc, "");
    for (int i = 0; i < 20; i++) {
        answer(&b, "result", "result=refused reason=wrong-secret text=x");
        assert_true(b.out.new_token);
        assert_non_null(strstr(b.j.text, "does not know of it yet"));
        wake(&b, JOB_PROBING, JOB_EFFECT_PROBE);
        assert_false(b.out.new_token);
        go_on(&b);
        go_on(&b);
        go_on(&b);
        go_on(&b);
        expect(&b, JOB_CONFIRMING, JOB_EFFECT_LOGIN);
        assert_int_equal(b.w.journal, JOURNAL_CONFIRMED);
        answer(&b, "login", "result=accepted");
        go_on(&b);
        expect(&b, JOB_STORING, JOB_EFFECT_STORE);
        answer(&b, "result", "result=failed reason=no-dc text=dc1");
        wake(&b, JOB_STORING, JOB_EFFECT_STORE);
    }
    go_on(&b);
    expect(&b, JOB_ROTATING, JOB_EFFECT_ROTATE);
}

// The very DC that was reset says so: that is no replication.
static void test_wrong_at_its_own(void **state)
{
    struct bench b = in_state(JOB_STORING);

    (void)state;
    snprintf(b.w.journal_dc, sizeof b.w.journal_dc, "dc1");
    assert_string_equal(b.j.dc, "dc1");
    answer(&b, "result", "result=refused reason=wrong-secret text=x");
    expect(&b, JOB_PROBING, JOB_EFFECT_PROBE);
    assert_int_equal(b.j.rereads, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_migrating),
        cmocka_unit_test(test_migrated_away),
        cmocka_unit_test(test_reader),
        cmocka_unit_test(test_readers_copy),
        cmocka_unit_test(test_reader_never_hears),
        cmocka_unit_test(test_guests_dc_is_behind),
        cmocka_unit_test(test_wrong_at_its_own),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
