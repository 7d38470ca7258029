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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole),
        cmocka_unit_test(in_pieces),
        cmocka_unit_test(flood),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
