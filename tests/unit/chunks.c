// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// Records out of a stream that begins anywhere, comes in any pieces, and has rubbish in between.
#include "common/chunks.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const char stream[] = "half of an old answer\n\n"
                             "\n\ntype=probe\nv=1\nid=1\n\n"
                             "type=probe\nv=2\n\n"
                             "\n\ntype=sto\n\ntype=store\nv=1\nid=2\n\n"
                             "type=clock\nv=1\nid=3\n\n"
                             "type=probe\nv=1\n";

static void expect_ids(struct chunks *c, const char *const *ids)
{
    for (; *ids; ids++) {
        _cleanup_record_ struct record *r = NULL;

        assert_int_equal(chunks_next(c, &r), 0);
        assert_string_equal(record_get(r, "id"), *ids);
    }
}

static void whole(void **state)
{
    static const char *const ids[] = {"1", "2", "3", NULL};
    _cleanup_chunks_ struct chunks c = {0};
    struct record *none = NULL;

    (void)state;
    assert_int_equal(chunks_feed(&c, stream, sizeof stream - 1), 0);
    expect_ids(&c, ids);
    assert_int_equal(chunks_next(&c, &none), RECORD_MORE);
}

static void in_pieces(void **state)
{
    (void)state;
    for (size_t piece = 1; piece < 40; piece++) {
        _cleanup_chunks_ struct chunks c = {0};
        size_t found = 0;

        for (size_t at = 0; at < sizeof stream - 1; at += piece) {
            size_t n = sizeof stream - 1 - at < piece ? sizeof stream - 1 - at : piece;

            assert_int_equal(chunks_feed(&c, stream + at, n), 0);
            for (;;) {
                _cleanup_record_ struct record *r = NULL;

                if (chunks_next(&c, &r) != 0)
                    break;
                found++;
            }
        }
        assert_int_equal(found, 3);
    }
}

// Ten megabytes without an end: bounded, and the next record is read all the same.
static void flood(void **state)
{
    static const char *const ids[] = {"9", NULL};
    _cleanup_chunks_ struct chunks c = {0};
    char line[4096];

    (void)state;
    memset(line, 'x', sizeof line);
    for (int i = 0; i < 2560; i++) {
        struct record *none = NULL;

        assert_int_equal(chunks_feed(&c, line, sizeof line), 0);
        assert_int_equal(chunks_next(&c, &none), RECORD_MORE);
    }
    assert_int_equal(chunks_feed(&c, "\n\ntype=probe\nv=1\nid=9\n\n", 24), 0);
    expect_ids(&c, ids);
}

// However the bytes come, the work stays in proportion to them: a byte at a time without an end, or with many small
// records at once.
static void work(void **state)
{
    static const char small[] = "type=probe\nv=1\n\n";
    _cleanup_chunks_ struct chunks slow = {0}, many = {0}, unread = {0};
    static char herd[64 * 1024];
    struct record *r = NULL;
    size_t n = 0, fed = 0;

    (void)state;
    for (size_t i = 0; i < 5 * RECORD_TOTAL_MAX; i++) {
        assert_int_equal(chunks_feed(&slow, i % 50 ? "x" : "\n", 1), 0);
        assert_int_equal(chunks_next(&slow, &r), RECORD_MORE);
    }
    assert_true(slow.work <= 3ULL * 5 * RECORD_TOTAL_MAX);
    while (n + sizeof small <= sizeof herd) {
        memcpy(herd + n, small, sizeof small - 1);
        n += sizeof small - 1;
    }
    for (; fed < 5 * RECORD_TOTAL_MAX; fed += n) {
        assert_int_equal(chunks_feed(&many, herd, n), 0);
        while (chunks_next(&many, &r) == 0)
            r = record_free(r);
        assert_int_equal(chunks_feed(&unread, herd, n), 0);
    }
    assert_true(many.work <= 3ULL * fed);
    assert_true(unread.work <= 3ULL * fed);
    assert_int_equal(chunks_next(&unread, &r), 0); // the newest are kept
    r = record_free(r);
}

// What is too long is skipped to its end, and no further, also when nobody has read meanwhile.
static void skipped_unread(void **state)
{
    static const char *const ids[] = {"1", "2", "3", NULL};
    _cleanup_chunks_ struct chunks c = {0};
    static char big[3 * RECORD_TOTAL_MAX];
    struct record *none = NULL;

    (void)state;
    memset(big, 'x', sizeof big);
    assert_int_equal(chunks_feed(&c, big, sizeof big), 0);
    assert_int_equal(chunks_feed(&c, "\n\n", 2), 0);
    assert_int_equal(chunks_feed(&c, stream, sizeof stream - 1), 0);
    expect_ids(&c, ids);
    assert_int_equal(chunks_next(&c, &none), RECORD_MORE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole), cmocka_unit_test(in_pieces),      cmocka_unit_test(flood),
        cmocka_unit_test(work),  cmocka_unit_test(skipped_unread),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
