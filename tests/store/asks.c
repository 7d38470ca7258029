// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// The questions that the engine and the command line ask of the store.
#include "tests/store/fixture.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define OK(call)                                \
    do {                                        \
        int rc_ = (call);                       \
        if (rc_ != 0)                           \
            fail_msg("%d: %s", rc_, f->err.text); \
    } while (0)

struct seen {
    struct store *store;
    char names[512];
    unsigned stop_after; // 0: never
    unsigned count;
};

static int note(struct seen *seen, const char *name)
{
    size_t len = strlen(seen->names);

    snprintf(seen->names + len, sizeof seen->names - len, "%s%s", len ? " " : "", name);
    return ++seen->count == seen->stop_after ? 7 : 0;
}

static int see_guest(const struct guest *g, void *arg)
{
    return note(arg, g->name);
}

static int see_binding(const struct binding *b, void *arg)
{
    return note(arg, b->name);
}

static int see_case(const struct casefile *c, void *arg)
{
    char id[24];

    snprintf(id, sizeof id, "%lld", (long long)c->id);
    return note(arg, id);
}

static int see_job(const struct job *j, void *arg)
{
    char id[24];

    snprintf(id, sizeof id, "%lld", (long long)j->id);
    return note(arg, id);
}

static void put_guest(struct fixture *f, unsigned n, const char *name, bool present, int64_t seen_us, int64_t ran_us)
{
    struct guest g;

    sample_guest(n, &g);
    snprintf(g.name, sizeof g.name, "%s", name);
    g.present = present;
    g.running = present;
    g.seen_us = seen_us;
    g.ran_us = ran_us;
    OK(store_guest_put(f->store, &g, &f->err));
}

static void finds_guests(void **state)
{
    struct fixture *f = *state;
    struct guest g;

    put_guest(f, 0xa, "win", false, 90, 0); // undefined since, another has the name now
    put_guest(f, 0xb, "win", true, 50, 0);
    put_guest(f, 0xc, sample_uuid(0xa), true, 99, 0); // named like another's UUID
    put_guest(f, 0xd, "old", false, 10, 0);
    put_guest(f, 0xe, "old", false, 20, 0);
    OK(store_guest_find(f->store, "win", &g, &f->err));
    assert_string_equal(g.uuid, sample_uuid(0xb));
    OK(store_guest_find(f->store, "0000000A-0000-4000-8000-000000000000", &g, &f->err));
    assert_string_equal(g.uuid, sample_uuid(0xa));
    OK(store_guest_find(f->store, "old", &g, &f->err)); // none present: the one seen last
    assert_string_equal(g.uuid, sample_uuid(0xe));
    assert_int_equal(store_guest_find(f->store, "WIN", &g, &f->err), STORE_NONE);
}

static int look_again(const struct guest *g, void *arg)
{
    struct seen *seen = arg;
    struct guest same;

    assert_int_equal(store_guest_get(seen->store, g->uuid, &same, NULL), 0);
    assert_int_equal(store_guest_each(seen->store, see_guest, seen, NULL), 0); // the walk that is under way
    return 0;
}

static void walks_over_guests(void **state)
{
    struct fixture *f = *state;
    struct seen seen = {.store = f->store};

    put_guest(f, 1, "b", true, 1, 1);
    put_guest(f, 2, "c", false, 1, 1);
    put_guest(f, 3, "a", true, 1, 1);
    OK(store_guest_each(f->store, see_guest, &seen, &f->err));
    assert_string_equal(seen.names, "a b c");
    seen = (struct seen){.stop_after = 2};
    assert_int_equal(store_guest_each(f->store, see_guest, &seen, &f->err), 7);
    assert_string_equal(seen.names, "a b");
    seen = (struct seen){.store = f->store};
    OK(store_guest_each(f->store, look_again, &seen, &f->err));
    assert_string_equal(seen.names, "a b c a b c a b c");
}

static int put_back(const struct guest *g, void *arg)
{
    struct seen *seen = arg;
    struct guest changed = *g;

    assert_false(g->present);
    assert_false(g->running);
    changed.open_case = 77;
    assert_int_equal(store_guest_put(seen->store, &changed, NULL), 0);
    return note(seen, g->name);
}

static void tells_the_absent(void **state)
{
    struct fixture *f = *state;
    struct seen seen = {.store = f->store};
    struct guest g;

    put_guest(f, 1, "gone", true, 99, 1);
    put_guest(f, 2, "here", true, 100, 1);
    put_guest(f, 3, "long-gone", false, 5, 1);
    OK(store_begin(f->store, &f->err));
    OK(store_guest_absent(f->store, 100, put_back, &seen, &f->err));
    OK(store_commit(f->store, &f->err));
    assert_string_equal(seen.names, "gone");
    OK(store_guest_get(f->store, sample_uuid(1), &g, &f->err));
    assert_int_equal(g.open_case, 77);
    assert_false(g.present);
    OK(store_guest_get(f->store, sample_uuid(2), &g, &f->err));
    assert_true(g.present && g.running);
}

static void walks_over_bindings(void **state)
{
    struct fixture *f = *state;
    struct seen seen = {0};
    struct binding b;

    for (unsigned n = 3; n > 0; n--) {
        sample_binding(n, &b);
        OK(store_binding_put(f->store, &b, &f->err));
    }
    OK(store_binding_each(f->store, see_binding, &seen, &f->err));
    assert_string_equal(seen.names, "PC1$ PC2$ PC3$");
}

static void finds_twins(void **state)
{
    struct fixture *f = *state;
    char name[NAME_TEXT] = "untouched";
    struct binding b;

    for (unsigned n = 1; n <= 3; n++) {
        sample_binding(n, &b);
        snprintf(b.guid, sizeof b.guid, "%s", n == 3 ? "another" : "shared");
        OK(store_binding_put(f->store, &b, &f->err));
    }
    put_guest(f, 1, "first", true, 1, 100);
    put_guest(f, 3, "stranger", true, 1, 200);
    // Bound but never seen, seen but gone, ran too long ago: none is a twin.
    assert_int_equal(store_twin(f->store, sample_uuid(1), "shared", 0, name, &f->err), STORE_NONE);
    put_guest(f, 2, "copy", false, 1, 100);
    assert_int_equal(store_twin(f->store, sample_uuid(1), "shared", 0, name, &f->err), STORE_NONE);
    put_guest(f, 2, "copy", true, 1, 100);
    assert_int_equal(store_twin(f->store, sample_uuid(1), "shared", 101, name, &f->err), STORE_NONE);
    assert_string_equal(name, "untouched");
    OK(store_twin(f->store, sample_uuid(1), "shared", 100, name, &f->err));
    assert_string_equal(name, "copy");
    OK(store_twin(f->store, sample_uuid(2), "shared", 100, name, &f->err));
    assert_string_equal(name, "first");
}

static void merges_pairs(void **state)
{
    struct fixture *f = *state;
    struct pair p, out[8];
    size_t count;

    sample_pair(3, &p);
    p.proven = false;
    p.set_at = 0;
    p.first_us = p.last_us = 100;
    OK(store_pair_add(f->store, &p, &f->err));
    p.first_us = p.last_us = 200;
    p.proven = true;
    p.set_at = 55;
    OK(store_pair_add(f->store, &p, &f->err));
    p.first_us = p.last_us = 150; // a late one takes nothing back
    p.proven = false;
    p.set_at = 0;
    OK(store_pair_add(f->store, &p, &f->err));
    OK(store_pairs(f->store, p.guest, p.guid, out, 8, &count, &f->err));
    assert_int_equal(count, 1);
    assert_int_equal(out[0].first_us, 100);
    assert_int_equal(out[0].last_us, 200);
    assert_int_equal(out[0].set_at, 55);
    assert_true(out[0].proven);
}

static void tells_the_newest_pairs(void **state)
{
    struct fixture *f = *state;
    struct pair p, out[3];
    size_t count;

    sample_pair(3, &p);
    p.last_us = 100;
    OK(store_pair_add(f->store, &p, &f->err));
    p.kvno++;
    p.last_us = 300;
    OK(store_pair_add(f->store, &p, &f->err));
    p.pwd_last_set++;
    p.last_us = 200;
    OK(store_pair_add(f->store, &p, &f->err));
    p.fingerprint[31] ^= 1;
    p.last_us = 300; // seen in the same moment, but written later
    OK(store_pair_add(f->store, &p, &f->err));
    OK(store_pairs(f->store, p.guest, p.guid, out, 3, &count, &f->err));
    assert_int_equal(count, 3);
    assert_memory_equal(out[0].fingerprint, p.fingerprint, HASH);
    assert_int_equal(out[1].last_us, 300);
    assert_int_equal(out[2].last_us, 200);
    OK(store_pairs(f->store, p.guest, p.guid, out, 0, &count, &f->err));
    assert_int_equal(count, 0);
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

static int count_step(int64_t at_us, const char *step_state, const char *text, const struct record *details, void *arg)
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

    OK(store_counts(f->store, &c, &f->err));
    assert_int_equal(c.guests + c.running + c.bound + c.open_cases + c.awaiting_approval + c.open_jobs, 0);
    add_whole_case(f, 1, CASE_AWAITING_APPROVAL, 0);
    add_whole_case(f, 2, CASE_CLOSED, 1);
    add_whole_case(f, 3, CASE_LOOKING, 0);
    put_guest(f, 9, "gone", false, 1, 1);
    for (unsigned n = 3; n <= 9; n += 3) { // one of them is of a guest never seen, one of a guest that is gone
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

#define TEST(f) cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(finds_guests),          TEST(walks_over_guests),
        TEST(tells_the_absent),      TEST(walks_over_bindings),
        TEST(finds_twins),           TEST(merges_pairs),
        TEST(tells_the_newest_pairs), TEST(walks_over_cases),
        TEST(counts_the_same_fingerprint), TEST(prunes_with_all_that_hangs_on_it),
        TEST(a_number_is_given_once), TEST(one_open_job_a_case),
        TEST(nothing_without_its_case), TEST(counts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
