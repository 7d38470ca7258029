// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// The questions that are asked about cases and jobs, what goes with them, and the counts.
#include "tests/store/fixture.h"

#include <errno.h>

static int see_case(const struct casefile *c, void *arg)
{
    char id[24];

    snprintf(id, sizeof id, "%lld", (long long)c->id);
    return seen_note(arg, id);
}

static int see_job(const struct job *j, void *arg)
{
    char id[24];

    snprintf(id, sizeof id, "%lld", (long long)j->id);
    return seen_note(arg, id);
}

static void walks_over_cases(void **state)
{
    struct fixture *f = *state;
    struct seen seen = {0};
    struct casefile c;

    for (unsigned n = 1; n <= 6; n++) {
        sample_case(n, &c);
        snprintf(c.guest, sizeof c.guest, "%s", sample_uuid(n % 2));
        c.state = n <= 2 ? CASE_CLOSED : CASE_REPAIRING;
        OK(store_case_add(f->store, &c, &f->err));
    }
    OK(store_case_each(f->store, NULL, false, 0, see_case, &seen, &f->err));
    assert_string_equal(seen.names, "6 5 4 3 2 1");
    seen = (struct seen){0};
    OK(store_case_each(f->store, NULL, true, 3, see_case, &seen, &f->err));
    assert_string_equal(seen.names, "6 5 4");
    seen = (struct seen){0};
    OK(store_case_each(f->store, sample_uuid(0), false, 0, see_case, &seen, &f->err));
    assert_string_equal(seen.names, "6 4 2");
    seen = (struct seen){.stop_after = 1};
    assert_int_equal(store_case_each(f->store, sample_uuid(1), true, 0, see_case, &seen, &f->err), 7);
    assert_string_equal(seen.names, "5");
    seen = (struct seen){0};
    OK(store_case_each(f->store, "nobody", false, 0, see_case, &seen, &f->err));
    assert_string_equal(seen.names, "");
}

static void counts_the_same_fingerprint(void **state)
{
    struct fixture *f = *state;
    unsigned char fingerprint[HASH];
    struct casefile c;
    unsigned count = 99;

    memset(fingerprint, 9, HASH);
    for (unsigned n = 1; n <= 6; n++) {
        sample_case(n, &c);
        memset(c.fingerprint, 9, HASH);
        c.witnessed = n != 2;
        c.has_fingerprint = n != 3;
        c.fingerprint[0] ^= n == 4;
        if (n == 5)
            snprintf(c.guest, sizeof c.guest, "%s", sample_uuid(2));
        c.opened_us = n * 100;
        OK(store_case_add(f->store, &c, &f->err));
    }
    OK(store_case_same_fingerprint(f->store, sample_uuid(1), fingerprint, 100, &count, &f->err));
    assert_int_equal(count, 2); // the first and the sixth
    OK(store_case_same_fingerprint(f->store, sample_uuid(1), fingerprint, 101, &count, &f->err));
    assert_int_equal(count, 1);
}

static int count_step(int64_t at_us, const char *step_state, const char *text, const struct record *details,
                      void *arg)
{
    (void)at_us;
    (void)step_state;
    (void)text;
    (void)details;
    ++*(unsigned *)arg;
    return 0;
}

static void add_whole_case(struct fixture *f, unsigned n, enum case_state case_state, int64_t closed_us)
{
    _cleanup_record_ struct record *r = record_new("evidence");
    struct casefile c;
    struct guest g;
    struct job j;

    sample_case(n, &c);
    c.state = case_state;
    c.closed_us = closed_us;
    OK(store_case_add(f->store, &c, &f->err));
    OK(store_evidence_put(f->store, c.id, "disk", r, &f->err));
    OK(store_step_add(f->store, c.id, 1, "looking", "x", r, &f->err));
    sample_job(n, c.id, &j);
    OK(store_job_add(f->store, &j, &f->err));
    sample_guest(n, &g);
    g.last_case = c.id;
    OK(store_guest_put(f->store, &g, &f->err));
}

static void prunes_with_all_that_hangs_on_it(void **state)
{
    struct fixture *f = *state;
    struct seen seen = {0};
    struct record *r = NULL;
    unsigned count = 0;
    struct guest g;
    struct job j;

    add_whole_case(f, 1, CASE_CLOSED, 99);
    add_whole_case(f, 2, CASE_CLOSED, 100);
    add_whole_case(f, 3, CASE_REPAIRING, 5);
    OK(store_case_prune(f->store, 100, &f->err));
    OK(store_case_each(f->store, NULL, false, 0, see_case, &seen, &f->err));
    assert_string_equal(seen.names, "3 2");
    assert_int_equal(store_evidence_get(f->store, 1, "disk", &r, &f->err), STORE_NONE);
    assert_int_equal(store_job_of_case(f->store, 1, &j, &f->err), STORE_NONE);
    OK(store_step_each(f->store, 1, count_step, &count, &f->err));
    assert_int_equal(count, 0);
    OK(store_step_each(f->store, 2, count_step, &count, &f->err));
    assert_int_equal(count, 1);
    OK(store_guest_get(f->store, sample_uuid(1), &g, &f->err));
    assert_int_equal(g.last_case, 0);
    OK(store_guest_get(f->store, sample_uuid(2), &g, &f->err));
    assert_int_equal(g.last_case, 2);
}

// What says nothing goes early; what was seen, done, or not understood stays, and each guest's last case.
static void prunes_what_says_nothing(void **state)
{
    struct fixture *f = *state;
    struct seen seen = {0};
    unsigned count = 77;

    for (unsigned n = 1; n <= 9; n++) {
        struct casefile c;
        struct guest g;

        sample_case(n, &c);
        snprintf(c.guest, sizeof c.guest, "%s", sample_uuid(n % 2));
        c.state = n == 3 ? CASE_LOOKING : CASE_CLOSED;
        c.witnessed = n == 4;
        c.outcome = n == 5 ? OUTCOME_CLAIMED : OUTCOME_NO_ACTION;
        c.verdict = n == 6 ? VERDICT_UNKNOWN : n == 7 ? VERDICT_NOT_A_MEMBER : VERDICT_IN_STEP;
        c.closed_us = n == 3 ? 0 : n == 8 ? 100 : 90 + n % 3;
        OK(store_case_add(f->store, &c, &f->err));
        sample_guest(n % 2, &g);
        g.open_case = 0;
        g.last_case = c.id;
        OK(store_guest_put(f->store, &g, &f->err));
    }
    OK(store_case_prune_quiet(f->store, 100, 2, &count, &f->err));
    assert_int_equal(count, 2);
    OK(store_case_prune_quiet(f->store, 100, 2, &count, &f->err));
    assert_int_equal(count, 1);
    OK(store_case_prune_quiet(f->store, 100, 2, &count, &f->err));
    assert_int_equal(count, 0);
    OK(store_case_each(f->store, NULL, false, 0, see_case, &seen, &f->err));
    assert_string_equal(seen.names, "9 8 6 5 4 3"); // 9 and 8 are the last ones
}

static void a_number_is_given_once(void **state)
{
    struct fixture *f = *state;
    struct casefile c;

    add_whole_case(f, 1, CASE_CLOSED, 1);
    OK(store_case_prune(f->store, 100, &f->err));
    fixture_reopen(f);
    sample_case(1, &c);
    OK(store_case_add(f->store, &c, &f->err));
    assert_int_equal(c.id, 2);
}

static void one_open_job_a_case(void **state)
{
    struct fixture *f = *state;
    struct seen seen = {0};
    struct casefile c;
    struct job j, second;

    sample_case(1, &c);
    OK(store_case_add(f->store, &c, &f->err));
    sample_job(1, c.id, &j);
    OK(store_job_add(f->store, &j, &f->err));
    sample_job(2, c.id, &second);
    second.id = 55;
    assert_int_equal(store_job_add(f->store, &second, &f->err), -EEXIST);
    assert_int_equal(second.id, 55); // untouched
    j.state = JOB_ENDED;
    OK(store_job_put(f->store, &j, &f->err));
    OK(store_job_add(f->store, &second, &f->err));
    OK(store_job_of_case(f->store, c.id, &j, &f->err));
    assert_int_equal(j.id, second.id);
    OK(store_job_each_open(f->store, see_job, &seen, &f->err));
    assert_string_equal(seen.names, "2");
}

static void nothing_without_its_case(void **state)
{
    struct fixture *f = *state;
    _cleanup_record_ struct record *r = record_new("evidence");
    struct job j;

    sample_job(1, 123, &j);
    assert_int_equal(store_job_add(f->store, &j, &f->err), -EINVAL);
    assert_int_equal(store_evidence_put(f->store, 123, "disk", r, &f->err), -EINVAL);
    assert_int_equal(store_step_add(f->store, 123, 1, "looking", "", NULL, &f->err), -EINVAL);
    assert_non_null(strstr(f->err.text, f->path));
}

static void counts(void **state)
{
    struct fixture *f = *state;
    struct store_counts c = {0};
    struct binding b;
    struct guest gone;

    OK(store_counts(f->store, &c, &f->err));
    assert_int_equal(c.guests + c.running + c.bound + c.open_cases + c.awaiting_approval + c.open_jobs, 0);
    add_whole_case(f, 1, CASE_AWAITING_APPROVAL, 0);
    add_whole_case(f, 2, CASE_CLOSED, 1);
    add_whole_case(f, 3, CASE_LOOKING, 0);
    sample_guest(9, &gone);
    gone.present = false;
    OK(store_guest_put(f->store, &gone, &f->err));
    for (unsigned n = 3; n <= 9;
         n += 3) { // one of them is of a guest never seen, one of a guest that is gone
        sample_binding(n, &b);
        OK(store_binding_put(f->store, &b, &f->err));
    }
    OK(store_counts(f->store, &c, &f->err));
    assert_int_equal(c.guests, 3);
    assert_int_equal(c.running, 2);
    assert_int_equal(c.bound, 1);
    assert_int_equal(c.open_cases, 2);
    assert_int_equal(c.awaiting_approval, 1);
    assert_int_equal(c.open_jobs, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(walks_over_cases),
        TEST(counts_the_same_fingerprint),
        TEST(prunes_with_all_that_hangs_on_it),
        TEST(prunes_what_says_nothing),
        TEST(a_number_is_given_once),
        TEST(one_open_job_a_case),
        TEST(nothing_without_its_case),
        TEST(counts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
