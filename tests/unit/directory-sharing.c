// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// The traces by which hosts that share the delegated account are seen, and what is none.
#include "daemon/directory/sharing.h"

#include "tests/unit/testing.h"

#define ME "host1.corp.test"

static void test_marks(void **state)
{
    char text[MARK_TEXT], host[HOSTNAME_TEXT], when[WHEN_TEXT];

    (void)state;
    sharing_mark(NULL, ME, "T1", "(1)", text);
    assert_string_equal(text,
                        "virtrust: last compared with a guest's directory from host1.corp.test at T1 (1)");
    assert_false(sharing_other(text, ME, host, when));
    assert_true(sharing_other(text, "host2.corp.test", host, when));
    assert_string_equal(host, ME);
    assert_string_equal(when, "T1");
    sharing_mark(text, "host2.corp.test", "T2", "(2)", text); // another host writes over it
    assert_true(sharing_other(text, "HOST2.corp.test", host, when));
    assert_string_equal(host, ME);
    sharing_mark(text, "host2.corp.test", "T3", "(3)", text); // and again: the other is not forgotten
    assert_true(sharing_other(text, "host2.corp.test", host, when));
    assert_string_equal(host, ME);
    assert_string_equal(when, "T1");
    assert_true(sharing_other(text, ME, host, when));
    assert_string_equal(host, "host2.corp.test");
    assert_string_equal(when, "T3");
    sharing_mark(text, ME, "T4", "(4)", text);
    assert_true(sharing_other(text, ME, host, when));
    assert_string_equal(when, "T3");
}

static void test_what_is_no_mark(void **state)
{
    static const char *const texts[] = {
        "",
        "our service account, from host9.corp.test at T1",
        "virtrust: last compared with a guest's directory at 2026-11-21T16:00:00Z (1-2)", // before hosts were named
        "virtrust: x from ",
        "virtrust: x from host9",
        "virtrust: x from host9 at ",
        "virtrust: x from $(rm) at T1",
    };
    char host[HOSTNAME_TEXT], when[WHEN_TEXT], long_mark[4000];

    (void)state;
    assert_false(sharing_other(NULL, ME, host, when));
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
        assert_false(sharing_other(texts[i], ME, host, when));
    memset(long_mark, 'a', sizeof long_mark);
    memcpy(long_mark, "virtrust: x from ", 17);
    long_mark[sizeof long_mark - 1] = '\0';
    assert_false(sharing_other(long_mark, ME, host, when));
}

static void test_services(void **state)
{
    char host[HOSTNAME_TEXT];

    (void)state;
    assert_false(sharing_service("virtrust/" ME, ME, host));
    assert_false(sharing_service("VIRTRUST/HOST1.CORP.TEST", ME, host));
    assert_true(sharing_service("virtrust/host2.corp.test:99/corp.test", ME, host));
    assert_string_equal(host, "host2.corp.test");
    assert_false(sharing_service("HOST/host2.corp.test", ME, host));
    assert_false(sharing_service("virtrust/", ME, host));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_marks),
        cmocka_unit_test(test_what_is_no_mark),
        cmocka_unit_test(test_services),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
