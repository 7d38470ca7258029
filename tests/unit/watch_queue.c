// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/watch/queue.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void put(struct queue *q, const char *kind, bool scan, const char *spool)
{
    _cleanup_record_ struct record *r = record_new("signal");

    record_add(r, "kind", kind);
    assert_int_equal(queue_put(q, r, scan, spool), 0);
}

// What would be sent now, in order: the last letters of the kinds.
static void expect_sent(struct queue *q, const char *wanted)
{
    char got[256] = "";
    struct queue_entry *e;

    while ((e = queue_next(q))) {
        _cleanup_record_ struct record *r = NULL;
        uint64_t seq = 0;
        size_t used;

        assert_int_equal(record_decode(e->data, e->len, &used, &r, NULL), 0);
        assert_int_equal(record_get_u64(r, "seq", &seq), 0);
        assert_int_equal(seq, e->seq);
        strcat(got, record_get(r, "kind"));
        queue_sent(q, e);
    }
    assert_string_equal(got, wanted);
}

static void ack(struct queue *q, uint64_t seq, int rc, const char *wanted_spool)
{
    _cleanup_free_ char *spool = NULL;

    assert_int_equal(queue_ack(q, seq, &spool), rc);
    if (wanted_spool)
        assert_string_equal(spool, wanted_spool);
    else
        assert_null(spool);
}

static void test_order_and_resend(void **state)
{
    _cleanup_(queue_freep) struct queue *q = queue_new(100, 100000);

    (void)state;
    put(q, "a", false, NULL);
    put(q, "b", false, "file-b");
    put(q, "c", false, NULL);
    assert_true(queue_holds_spool(q, "file-b"));
    expect_sent(q, "abc");
    assert_int_equal(queue_in_flight(q), 3);
    expect_sent(q, "");
    ack(q, 2, 0, "file-b"); // acks may come in any order
    ack(q, 2, -ENOENT, NULL);
    ack(q, 99, -ENOENT, NULL);
    assert_false(queue_holds_spool(q, "file-b"));
    put(q, "d", false, NULL);
    expect_sent(q, "d");
    queue_unsend(q);
    assert_int_equal(queue_in_flight(q), 0);
    expect_sent(q, "acd");
    ack(q, 1, 0, NULL);
    ack(q, 3, 0, NULL);
    ack(q, 4, 0, NULL);
    assert_int_equal(queue_count(q), 0);
    assert_int_equal(queue_in_flight(q), 0);
    put(q, "e", false, NULL);
    expect_sent(q, "e");
    assert_false(queue_overflowed(q));
}

static void test_scans_go_first_and_whole(void **state)
{
    _cleanup_(queue_freep) struct queue *q = queue_new(5, 100000);

    (void)state;
    put(q, "a", false, NULL);
    put(q, "S", true, NULL);
    put(q, "s", true, NULL);
    expect_sent(q, "aSs"); // under way or not
    put(q, "E", true, NULL);
    put(q, "b", false, NULL);
    assert_false(queue_overflowed(q));
    put(q, "c", false, NULL);
    assert_true(queue_overflowed(q));
    assert_int_equal(queue_count(q), 3);
    assert_int_equal(queue_in_flight(q), 1);
    expect_sent(q, "bc");
    queue_unsend(q);
    expect_sent(q, "abc");
    queue_clear_overflow(q);
    put(q, "d", false, NULL);
    put(q, "e", false, NULL);
    put(q, "f", false, NULL);
    put(q, "g", false, NULL); // then the oldest
    queue_unsend(q);
    expect_sent(q, "cdefg");
    assert_true(queue_overflowed(q));
}

static void test_bytes(void **state)
{
    _cleanup_(queue_freep) struct queue *q = queue_new(1000, 200);
    _cleanup_record_ struct record *huge = record_new("signal"), *bad = record_new("signal");
    static char text[1000];

    (void)state;
    for (int i = 0; i < 20; i++)
        put(q, "x", false, NULL);
    assert_true(queue_count(q) < 20);
    assert_true(queue_overflowed(q));
    memset(text, 'y', sizeof text - 1);
    record_add(huge, "text", text);
    assert_int_equal(queue_put(q, huge, false, NULL), 0);
    assert_int_equal(queue_count(q), 1); // larger than the cap alone, and still not lost
    queue_clear_overflow(q);
    record_add(bad, "Bad Key", "x");
    assert_int_equal(queue_put(q, bad, false, NULL), -EINVAL);
    assert_true(queue_overflowed(q));
    assert_int_equal(queue_count(q), 1);
}

// Against a plain list, with random moves.
static void test_against_a_list(void **state)
{
    _cleanup_(queue_freep) struct queue *q = queue_new(1000000, 1u << 30);
    static struct {
        bool there, sent;
    } list[4000];
    uint32_t seed = 7;
    uint64_t last = 0;

    (void)state;
    for (int step = 0; step < 12000; step++) {
        uint32_t roll = (seed = seed * 1664525 + 1013904223) >> 16;
        struct queue_entry *e;
        uint64_t first = 0;

        if (roll % 8 < 3 && last + 1 < ARRAY_SIZE(list)) {
            put(q, "k", false, NULL);
            list[++last].there = true;
        } else if (roll % 8 < 6) {
            for (uint64_t i = 1; i <= last && !first; i++)
                if (list[i].there && !list[i].sent)
                    first = i;
            e = queue_next(q);
            assert_int_equal(e ? e->seq : 0, first);
            if (e) {
                queue_sent(q, e);
                list[first].sent = true;
            }
        } else if (roll % 8 < 7 && last) {
            uint64_t seq = roll % last + 1;

            ack(q, seq, list[seq].there ? 0 : -ENOENT, NULL);
            list[seq].there = list[seq].sent = false;
        } else if (roll % 64 == 7) {
            queue_unsend(q);
            for (uint64_t i = 1; i <= last; i++)
                list[i].sent = false;
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order_and_resend),
        cmocka_unit_test(test_scans_go_first_and_whole),
        cmocka_unit_test(test_bytes),
        cmocka_unit_test(test_against_a_list),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
