// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// Which domain controllers `virtrust status` names as silent, out of the directory's answers.
#include "daemon/engine/silent.h"
#include "tests/unit/core_common.h"

#include <stdio.h>
#include <string.h>

static const int64_t second = 1000000, start = INT64_C(1800000000) * 1000000;

static void hear(struct silent_dcs *s, const char *domain, const char *pairs, int64_t now_us)
{
    _cleanup_record_ struct record *r = record_of("accounts", pairs);

    silent_note(s, domain, r, now_us);
}

static void test_told(void **state)
{
    struct silent_dcs s = {0};
    char text[1024];

    (void)state;
    hear(&s, "corp.test", "dcs=2 dcs.0.dc=dc1.corp.test dcs.1.dc=dc2.corp.test dcs.1.code=dc-unreachable",
         start);
    hear(&s, "corp.test", "dcs=2 dcs.0.dc=dc1.corp.test dcs.1.dc=DC2.corp.test dcs.1.code=dc-unreachable",
         start + second);
    assert_true(silent_text(&s, 0, start + second, text, sizeof text));
    assert_string_equal(text,
                        "the domain controller dc2.corp.test has not answered since 2027-01-15 08:00:00 UTC: "
                        "the others of corp.test are asked, and it again each minute");
    assert_false(silent_text(&s, 1, start + second, text, sizeof text));
    // Another domain's DC of that name says nothing of this one; a question to another DC alone neither.
    hear(&s, "other.test", "dcs=1 dcs.0.dc=dc2.corp.test", start);
    hear(&s, "corp.test", "dcs=1 dcs.0.dc=dc1.corp.test", start);
    assert_true(silent_text(&s, 0, start + second, text, sizeof text));
    hear(&s, "corp.test", "dcs=1 dcs.0.dc=dc2.corp.test", start + 2 * second);
    assert_false(silent_text(&s, 0, start + 2 * second, text, sizeof text));
}

static void test_forgotten(void **state)
{
    struct silent_dcs s = {0};
    char text[1024];

    (void)state;
    hear(&s, "corp.test", "dcs=1 dcs.0.dc=dc2.corp.test dcs.0.code=dc-unreachable", start);
    assert_true(silent_text(&s, 0, start + 3600 * second, text, sizeof text));
    assert_false(silent_text(&s, 0, start + 3601 * second, text, sizeof text));
    assert_int_equal(s.n, 0);
}

static void test_bounded(void **state)
{
    struct silent_dcs s = {0};
    char pairs[256];

    (void)state;
    for (int i = 0; i < 3 * SILENT_MOST; i++) {
        snprintf(pairs, sizeof pairs, "dcs=1 dcs.0.dc=dc%d.corp.test dcs.0.code=dc-unreachable", i);
        hear(&s, "corp.test", pairs, start);
    }
    assert_int_equal(s.n, SILENT_MOST);
    hear(&s, "corp.test", "dcs=18446744073709551615 dcs.0.dc=x..y dcs.1.code=dc-unreachable", start);
    hear(&s, "corp.test", "dcs=x", start);
    assert_int_equal(s.n, SILENT_MOST);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_told),
        cmocka_unit_test(test_forgotten),
        cmocka_unit_test(test_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
