// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// Guests that are gone before anybody could look at them, and what is heard of late.
#include "tests/unit/attack_engine.h"

#include "tests/unit/core_common.h"

#include <errno.h>
#include <inttypes.h>

#define QUICK "mode: repair\nlook:\n  settle: 100ms\n"

// Undefined before its signals were over: the rollback is on file, and nobody looks for its disks.
static void undefined_before_its_burst_is_over(void **state)
{
    struct stage *s = stage_new(QUICK);
    struct casefile c;

    (void)state;
    stage_signal(s, GUEST_A, "scan", "state=off persistent=1");
    stage_until(s, stage_case(s, GUEST_A).id); // the first sight
    stage_signal(s, GUEST_A, "defined-from-snapshot", "state=off persistent=1");
    stage_signal(s, GUEST_A, "undefined", "");
    stage_until(s, stage_case(s, GUEST_A).state == CASE_CLOSED);
    assert_int_equal(stage_case(s, GUEST_A).outcome, OUTCOME_LEFT);
    stage_signal(s, GUEST_B, "defined-from-snapshot", "state=off persistent=1");
    stage_signal(s, GUEST_B, "undefined", "");
    stage_until(s, stage_case(s, GUEST_B).state == CASE_CLOSED && stage_case(s, GUEST_B).id);
    c = stage_case(s, GUEST_B);
    assert_int_equal(c.kind, ROLLBACK_REVERT_OFFLINE);
    assert_int_equal(c.outcome, OUTCOME_LEFT);
    stage_free(s);
}

// A spooled signal tells of a revert an hour ago: what has run since is a twin from then on.
static void the_rollback_is_as_old_as_it_is(void **state)
{
    struct stage *s = stage_new(QUICK);
    int64_t hour_ago = now_us() - INT64_C(3600) * 1000000;
    char pairs[128];

    (void)state;
    snprintf(pairs, sizeof pairs, "state=off persistent=1 at_us=%" PRId64, hour_ago);
    stage_signal(s, GUEST_A, "defined-from-snapshot", pairs);
    stage_until(s, stage_case(s, GUEST_A).id);
    assert_int_equal(stage_case(s, GUEST_A).rolled_us, hour_ago);
    assert_true(stage_case(s, GUEST_A).opened_us > hour_ago);
    // A sender whose clock is ahead does not reach into the future.
    snprintf(pairs, sizeof pairs, "state=off persistent=1 at_us=%" PRId64,
             now_us() + INT64_C(3600) * 1000000);
    stage_signal(s, GUEST_B, "defined-from-snapshot", pairs);
    stage_until(s, stage_case(s, GUEST_B).id);
    assert_true(stage_case(s, GUEST_B).rolled_us <= now_us());
    stage_free(s);
}

// A start that is told to a case under repair means nothing to it: what is due for that case stays due. (It was put off
// because its end could not be stored, perhaps.)
static void what_means_nothing_leaves_what_is_due(void **state)
{
    const struct case_input start = {.kind = CASE_IN_SIGNAL, .rollback = ROLLBACK_START};
    const int64_t minute = INT64_C(60) * 1000000;
    struct stage *s = stage_new(QUICK);
    struct casefile c;
    struct err err = {0};

    (void)state;
    stage_signal(s, GUEST_A, "defined-from-snapshot", "state=off persistent=1");
    stage_until(s, stage_case(s, GUEST_A).id);
    c = stage_case(s, GUEST_A);
    c.state = CASE_REPAIRING;
    assert_int_equal(store_case_put(s->engine->store, &c, &err), 0);
    engine_again(s->engine, DUE_CASE, c.id, NULL);
    assert_true(due_next(&s->engine->due) < now_us() + minute);
    assert_int_equal(engine_case_input(s->engine, c.id, &start, &err), 0);
    assert_true(due_next(&s->engine->due) < now_us() + minute);
    assert_int_equal(stage_case(s, GUEST_A).epoch, c.epoch);
    stage_free(s);
}

// An administrator asks for a guest that is gone: no case is opened over the disk that it once had.
static void a_guest_that_is_gone_is_not_repaired(void **state)
{
    struct stage *s = stage_new(QUICK);
    struct err err = {0};
    int64_t id = 0;

    (void)state;
    stage_signal(s, GUEST_A, "defined-added", "state=off persistent=1");
    stage_signal(s, GUEST_A, "undefined", "");
    stage_until(s, stage_case(s, GUEST_A).state == CASE_CLOSED || !stage_case(s, GUEST_A).id);
    stage_turns(s, 20);
    for (int dry_run = 0; dry_run < 2; dry_run++) {
        const int64_t before = stage_case(s, GUEST_A).id;

        assert_int_equal(engine_repair(s->engine, "vdi-a", dry_run, &id, &err), -ESTALE);
        assert_non_null(strstr(err.text, "vdi-a is no longer defined"));
        assert_int_equal(stage_case(s, GUEST_A).id, before);
    }
    stage_signal(s, GUEST_A, "defined-added", "state=off persistent=1"); // and back again
    assert_int_not_equal(engine_repair(s->engine, "vdi-a", true, &id, &err), -ESTALE);
    stage_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(undefined_before_its_burst_is_over, testing_dir_make,
                                        testing_dir_remove),
        cmocka_unit_test_setup_teardown(the_rollback_is_as_old_as_it_is, testing_dir_make,
                                        testing_dir_remove),
        cmocka_unit_test_setup_teardown(what_means_nothing_leaves_what_is_due, testing_dir_make,
                                        testing_dir_remove),
        cmocka_unit_test_setup_teardown(a_guest_that_is_gone_is_not_repaired, testing_dir_make,
                                        testing_dir_remove),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
