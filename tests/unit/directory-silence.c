// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// What is remembered of domain controllers that gave no answer: for how long they are left alone, that one asks again
// for all, that it is bounded, and that a damaged file is nothing known.
#include "tests/unit/testing.h"

#include "daemon/directory/silence.h"

#include <stdio.h>
#include <string.h>

static const int64_t second = 1000000, start = INT64_C(1800000000) * 1000000;

static bool rests(struct silence *s, const char *host, int64_t now)
{
    bool changed = false;

    return silence_rests(s, host, now, &changed);
}

static void test_a_minute(void **state)
{
    struct silence s = {0};
    bool changed = false;

    (void)state;
    assert_false(rests(&s, "dc2.corp.test", start));
    assert_true(silence_note(&s, "dc2.corp.test", false, start));
    assert_true(rests(&s, "DC2.corp.test", start));
    assert_true(rests(&s, "dc2.corp.test", start + 59 * second));
    assert_false(rests(&s, "dc1.corp.test", start));
    // The minute is over: one asks, and the others leave it alone for another one.
    assert_false(silence_rests(&s, "dc2.corp.test", start + 60 * second, &changed));
    assert_true(changed);
    assert_true(rests(&s, "dc2.corp.test", start + 61 * second));
    assert_true(rests(&s, "dc2.corp.test", start + 119 * second));
    assert_true(silence_note(&s, "dc2.corp.test", false, start + 62 * second));
    assert_true(silence_find(&s, "dc2.corp.test")->since_us == start);
    assert_true(silence_note(&s, "dc2.corp.test", true, start + 63 * second));
    assert_false(rests(&s, "dc2.corp.test", start + 63 * second));
    assert_false(silence_note(&s, "dc2.corp.test", true, start + 64 * second));
    assert_int_equal(s.n, 0);
}

static void test_bounded(void **state)
{
    struct silence s = {0};
    char host[64];

    (void)state;
    for (int i = 0; i < 10 * SILENCE_MAX; i++) {
        snprintf(host, sizeof host, "dc%d.corp.test", i);
        silence_note(&s, host, false, start + i * second);
    }
    assert_int_equal(s.n, SILENCE_MAX);
    assert_null(silence_find(&s, "dc0.corp.test")); // the one longest unasked
    assert_non_null(silence_find(&s, host));
    assert_false(silence_note(&s, "no host name", false, start));
}

static void test_file(void **state)
{
    struct silence s = {0}, read = {0};
    _cleanup_free_ char *text = NULL;

    (void)state;
    silence_note(&s, "dc2.corp.test", false, start);
    silence_note(&s, "dc3.corp.test", false, start + second);
    text = silence_format(&s);
    silence_parse(text, start + 2 * second, &read);
    assert_int_equal(read.n, 2);
    assert_memory_equal(&s, &read, sizeof s);
    silence_parse(text, start + (SILENCE_KEPT_S + 1) * second, &read); // the second is a day old, not more
    assert_int_equal(read.n, 1);
    silence_parse(text, start - second, &read); // the clock was put back: of the future
    assert_int_equal(read.n, 0);
}

static void test_damaged(void **state)
{
    static const char *const texts[] = {
        "",
        "\n\n\n",
        "x",
        "dc1.corp.test",
        "dc1.corp.test 1",
        "dc1.corp.test 5 4\n",
        "../x 1 2\n",
        "dc1.corp.test 99999999999999999999999 1\n",
        " 1 2 3\n",
        "dc1.corp.test -5 -4\n",
    };
    char longest[4096];
    struct silence s;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        silence_parse(texts[i], start, &s);
        assert_int_equal(s.n, 0);
    }
    memset(longest, 'a', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    silence_parse(longest, start, &s);
    assert_int_equal(s.n, 0);
}

static void test_text(void **state)
{
    struct silent one = {.host = "dc2.corp.test", .since_us = start, .asked_us = start + 10 * second};
    char text[SILENCE_TEXT];

    (void)state;
    silence_text(&one, start + 30 * second, text);
    assert_string_equal(text, "has not answered since 2027-01-15 08:00:00 UTC, and was asked 20 s ago");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_minute), cmocka_unit_test(test_bounded), cmocka_unit_test(test_file),
        cmocka_unit_test(test_damaged),  cmocka_unit_test(test_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
