// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// What goes in comes out again, every field of it, after the file was closed and opened: ordinary values, the
// extremes, and every word of every list.
#include "tests/store/fixture.h"

// Structs are compared as bytes: the samples are made with designated initializers over zeroed padding.
#define SAME(a, b) assert_memory_equal(&(a), &(b), sizeof(a))

static void fill(char *text, size_t size, const char *with)
{
    size_t len = strlen(with);

    for (size_t i = 0; i + 1 < size; i++)
        text[i] = with[i % len];
    text[size - 1] = 0;
}
#define FILL(field, with) fill((field), sizeof(field), (with))

static void guest_keeps_every_field(void **state)
{
    struct fixture *f = *state;
    struct guest in, out;

    for (unsigned n = 0; n < 130; n++) {
        memset(&out, 0, sizeof out);
        sample_guest(n, &in);
        OK(store_guest_put(f->store, &in, &f->err));
        OK(store_guest_get(f->store, in.uuid, &out, &f->err));
        SAME(in, out);
    }
    fixture_reopen(f);
    sample_guest(97, &in);
    OK(store_guest_get(f->store, in.uuid, &out, &f->err));
    SAME(in, out);
    assert_int_equal(store_guest_get(f->store, "nobody", &out, &f->err), STORE_NONE);
    SAME(in, out); // untouched
}

static void guest_keeps_extremes(void **state)
{
    struct fixture *f = *state;
    struct guest in, out;

    sample_guest(1, &in);
    FILL(in.name, "\xc3\xa9'\";\n\x01");
    FILL(in.cause, "%s{columns}?1");
    in.seen_us = INT64_MAX;
    in.ran_us = INT64_MIN;
    in.burst.seen = (1ull << SIGNAL_KINDS_COUNT) - 1; // every kind
    in.burst.first_us = -1;
    OK(store_guest_put(f->store, &in, &f->err));
    OK(store_guest_get(f->store, in.uuid, &out, &f->err));
    SAME(in, out);
    memset(&in, 0, sizeof in);
    OK(store_guest_put(f->store, &in, &f->err));
    OK(store_guest_get(f->store, "", &out, &f->err));
    SAME(in, out);
}

static void binding_keeps_every_field(void **state)
{
    struct fixture *f = *state;
    struct binding in, out;

    sample_binding(3, &in);
    OK(store_binding_put(f->store, &in, &f->err));
    FILL(in.domain, "d");
    FILL(in.sid, "S-1");
    FILL(in.name, "n");
    FILL(in.how, "h");
    FILL(in.guid, "0");
    in.since_us = INT64_MIN;
    OK(store_binding_put(f->store, &in, &f->err)); // replaces
    fixture_reopen(f);
    OK(store_binding_get(f->store, in.guest, &out, &f->err));
    SAME(in, out);
    OK(store_binding_delete(f->store, in.guest, &f->err));
    assert_int_equal(store_binding_delete(f->store, in.guest, &f->err), STORE_NONE);
    assert_int_equal(store_binding_get(f->store, in.guest, &out, &f->err), STORE_NONE);
}

static void pair_keeps_every_field(void **state)
{
    struct fixture *f = *state;
    struct pair in, out[2];
    size_t count = 99;

    sample_pair(1, &in);
    in.set_at = UINT64_MAX;
    in.pwd_last_set = (uint64_t)INT64_MAX + 1;
    in.kvno = -1;
    memset(in.fingerprint, 0, HASH);
    OK(store_pair_add(f->store, &in, &f->err));
    fixture_reopen(f);
    OK(store_pairs(f->store, in.guest, in.guid, out, 2, &count, &f->err));
    assert_int_equal(count, 1);
    SAME(in, out[0]);
    OK(store_pairs(f->store, in.guest, "another", out, 2, &count, &f->err));
    assert_int_equal(count, 0);
}

static void case_keeps_every_field(void **state)
{
    struct fixture *f = *state;
    struct casefile in, out;

    for (unsigned n = 0; n < 64; n++) {
        sample_case(n, &in);
        OK(store_case_add(f->store, &in, &f->err));
        assert_int_equal(in.id, n + 1);
        OK(store_case_get(f->store, in.id, &out, &f->err));
        SAME(in, out);
    }
    FILL(in.text, "t");
    FILL(in.would, "w");
    FILL(in.next, "n");
    in.epoch = in.tries = UINT32_MAX;
    in.state = CASE_CLOSED;
    in.has_fingerprint = false;
    memset(in.fingerprint, 0, HASH);
    OK(store_case_put(f->store, &in, &f->err));
    fixture_reopen(f);
    OK(store_case_get(f->store, in.id, &out, &f->err));
    SAME(in, out);
    in.id = 1000;
    assert_int_equal(store_case_put(f->store, &in, &f->err), STORE_NONE);
    assert_int_equal(store_case_get(f->store, 1000, &out, &f->err), STORE_NONE);
}

static void job_keeps_every_field(void **state)
{
    struct fixture *f = *state;
    struct casefile c;
    struct job in, out;

    for (unsigned n = 0; n < JOB_STATES_COUNT; n++) {
        sample_case(n, &c);
        OK(store_case_add(f->store, &c, &f->err));
        sample_job(n, c.id, &in);
        OK(store_job_add(f->store, &in, &f->err));
        in.state = (enum job_state)n; // ENDED too
        OK(store_job_put(f->store, &in, &f->err));
        OK(store_job_of_case(f->store, c.id, &out, &f->err));
        SAME(in, out);
    }
    FILL(in.token, "f");
    FILL(in.dc, "d");
    in.has_live = in.has_public_key = false;
    memset(in.live, 0, sizeof in.live);
    memset(in.public_key, 0, sizeof in.public_key);
    in.kvno_before = in.kvno_reset = in.kvno_after = -1;
    in.pwd_last_set_reset = UINT64_MAX;
    OK(store_job_put(f->store, &in, &f->err));
    fixture_reopen(f);
    OK(store_job_of_case(f->store, in.case_id, &out, &f->err));
    SAME(in, out);
    assert_int_equal(store_job_of_case(f->store, 1000, &out, &f->err), STORE_NONE);
}

static void assert_same_record(const struct record *a, const struct record *b)
{
    _cleanup_free_ char *x = NULL, *y = NULL;
    size_t x_len, y_len;

    assert_int_equal(record_encode(a, &x, &x_len), 0);
    assert_int_equal(record_encode(b, &y, &y_len), 0);
    assert_int_equal(x_len, y_len);
    assert_memory_equal(x, y, x_len);
}

static void records_are_kept(void **state)
{
    struct fixture *f = *state;
    _cleanup_record_ struct record *in = record_new("signal"), *out = NULL, *first = NULL;
    struct casefile c;
    char *large = malloc(500000);

    assert_non_null(large);
    memset(large, 'x', 499999);
    large[499999] = 0;
    record_add_bytes(in, "bytes", "\0\xff\n", 3);
    sample_case(1, &c);
    OK(store_case_add(f->store, &c, &f->err));
    assert_int_equal(store_description_get(f->store, c.guest, &out, &f->err), STORE_NONE);
    OK(store_description_put(f->store, c.guest, in, &f->err));
    OK(store_evidence_put(f->store, c.id, "disk", in, &f->err));
    OK(store_description_get(f->store, c.guest, &first, &f->err));
    assert_same_record(in, first);
    record_add(in, "large", large);
    free(large);
    OK(store_description_put(f->store, c.guest, in, &f->err));
    OK(store_evidence_put(f->store, c.id, "disk", in, &f->err));
    fixture_reopen(f);
    OK(store_description_get(f->store, c.guest, &out, &f->err));
    assert_same_record(in, out);
    out = record_free(out);
    OK(store_evidence_get(f->store, c.id, "disk", &out, &f->err));
    assert_same_record(in, out);
    assert_int_equal(store_evidence_get(f->store, c.id, "probe", &out, &f->err), STORE_NONE);
}

struct seen_steps {
    unsigned count;
    char all[256];
};

static int see_step(int64_t at_us, const char *step_state, const char *text, const struct record *details,
                    void *arg)
{
    struct seen_steps *seen = arg;
    size_t len = strlen(seen->all);

    snprintf(seen->all + len, sizeof seen->all - len, "%lld %s %s %s\n", (long long)at_us, step_state, text,
             details ? record_get(details, "kvno") : "-");
    return ++seen->count == 3 ? 42 : 0;
}

static void steps_are_kept_in_order(void **state)
{
    struct fixture *f = *state;
    _cleanup_record_ struct record *details = record_new("step");
    struct seen_steps seen = {0};
    struct casefile c;

    record_add_i64(details, "kvno", 3);
    sample_case(1, &c);
    OK(store_case_add(f->store, &c, &f->err));
    OK(store_step_add(f->store, c.id, 20, "looking", "looked", NULL, &f->err));
    OK(store_step_add(f->store, c.id, 10, "repairing", "reset", details,
                      &f->err)); // a clock set back moves nothing
    fixture_reopen(f);
    OK(store_step_each(f->store, c.id, see_step, &seen, &f->err));
    assert_string_equal(seen.all, "20 looking looked -\n10 repairing reset 3\n");
    OK(store_step_add(f->store, c.id, 30, "closed", "", NULL, &f->err));
    OK(store_step_add(f->store, c.id, 31, "closed", "", NULL, &f->err));
    seen = (struct seen_steps){0};
    assert_int_equal(store_step_each(f->store, c.id, see_step, &seen, &f->err),
                     42); // the walk ends where f says
    assert_int_equal(seen.count, 3);
}

static void journal_is_kept(void **state)
{
    struct fixture *f = *state;
    enum journal_state journal = JOURNAL_NONE;
    unsigned char blob[600], out[600];
    char dc[NAME_TEXT] = "";
    size_t len = 0;

    for (size_t i = 0; i < sizeof blob; i++)
        blob[i] = (unsigned char)i;
    assert_int_equal(store_journal_get(f->store, "g", &journal, dc, out, sizeof out, &len, &f->err),
                     STORE_NONE);
    OK(store_journal_put(f->store, "g", JOURNAL_MINTED, "dc1", blob, sizeof blob, 5, &f->err));
    OK(store_journal_get(f->store, "g", &journal, dc, out, sizeof out, &len, &f->err));
    assert_string_equal(dc, "dc1");
    OK(store_journal_state(f->store, "g", JOURNAL_CONFIRMED, "dc2", &f->err));
    fixture_reopen(f);
    OK(store_journal_get(f->store, "g", &journal, dc, out, sizeof out, &len, &f->err));
    assert_int_equal(journal, JOURNAL_CONFIRMED);
    assert_string_equal(dc, "dc2");
    assert_int_equal(len, sizeof blob);
    assert_memory_equal(blob, out, len);
    assert_int_equal(store_journal_state(f->store, "other", JOURNAL_MINTED, "dc2", &f->err), STORE_NONE);
    OK(store_journal_wipe(f->store, "g", &f->err));
    OK(store_journal_wipe(f->store, "g", &f->err)); // fine when absent
    assert_int_equal(store_journal_get(f->store, "g", &journal, dc, out, sizeof out, &len, &f->err),
                     STORE_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(guest_keeps_every_field), TEST(guest_keeps_extremes),    TEST(binding_keeps_every_field),
        TEST(pair_keeps_every_field),  TEST(case_keeps_every_field),  TEST(job_keeps_every_field),
        TEST(records_are_kept),        TEST(steps_are_kept_in_order), TEST(journal_is_kept),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
