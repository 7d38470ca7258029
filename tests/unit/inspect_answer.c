// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// What is taken of the parser's answer: each key that evidence has, in its form, and nothing else.
#include "daemon/inspect/answer.h"
#include "daemon/inspect/windows_facts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void test_all_that_a_look_tells(void **state)
{
    _cleanup_record_ struct record *from = NULL, *to = NULL;
    struct evidence e, outside;
    struct failure f = {0};

    (void)state;
    evidence_init(&e);
    evidence_init(&outside);
    e.os = "windows";
    e.joined = ANSWER_YES;
    e.filetime = 133203110020139115;
    e.hives[HIVE_SECURITY] = (struct hive_note){.state = HIVE_REPLAYED,
                                                .has_base = true,
                                                .log_gap = true,
                                                .seq1 = 3,
                                                .seq2 = 2,
                                                .entries_replayed = 5};
    evidence_secret(&e, "sealed", 6);
    evidence_doubt(&e, "log-gap", "why");
    for (size_t i = 0; windows_fact_names[i]; i++)
        evidence_fact(&e, windows_fact_names[i], "%zu", i);
    from = evidence_record(&e);
    assert_int_equal(answer_take(from, &outside, "direct", &to, &f), 0);
    assert_string_equal(record_get(to, "engine"), "direct");
    assert_int_equal(record_get_bool(to, "hive.security.log_gap"), 1);
    assert_string_equal(record_get(to, "doubt.0.id"), "log-gap");
    // Every key that a look gives comes through; `live` is not the parser's to say.
    for (size_t i = 0; i < record_count(from); i++) {
        const char *key, *value;
        size_t len;

        record_at(from, i, &key, &value, &len);
        if (strcmp(key, "engine") == 0)
            continue;
        if (!record_get(to, key) || strcmp(record_get(to, key), value) != 0)
            fail_msg("%s=%s is lost", key, value);
    }
}

static void test_nothing_else(void **state)
{
    _cleanup_record_ struct record *from = record_new("evidence"), *to = NULL;
    struct evidence outside;
    struct failure f = {0};

    (void)state;
    evidence_init(&outside);
    outside.live = ANSWER_YES;
    evidence_fact(&outside, "hibernation.state", "none");
    record_add(from, "live", "0");
    record_add(from, "anything", "else");
    record_add(from, "windows.name", "Windows\n7");
    record_add(from, "password.filetime", "yesterday");
    record_add(from, "hive.security.log_gap", "perhaps");
    record_add(from, "hibernation.state", "hibernated");
    assert_int_equal(answer_take(from, &outside, "direct", &to, &f), 0);
    assert_int_equal(record_get_bool(to, "live"), 1);
    assert_null(record_get(to, "anything"));
    assert_null(record_get(to, "windows.name"));
    assert_null(record_get(to, "password.filetime"));
    assert_null(record_get(to, "hive.security.log_gap"));
    assert_string_equal(record_get(to, "hibernation.state"), "none");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_that_a_look_tells),
        cmocka_unit_test(test_nothing_else),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
