// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// The words: every value has its own text and is read back from it; what is no word is refused.
#include "daemon/core/words.h"

#include "tests/unit/core_common.h"

#include <errno.h>

#define CHECK(enumeration, noun, COUNT)                              \
    static void test_##noun(void **state)                            \
    {                                                                \
        (void)state;                                                 \
        for (int i = 0; i < (int)(COUNT); i++) {                     \
            const char *text = noun##_text((enumeration)i);          \
                                                                     \
            assert_non_null(text);                                   \
            assert_true(text[0] >= 'a' && text[0] <= 'z');           \
            for (const char *p = text; *p; p++)                      \
                assert_true((*p >= 'a' && *p <= 'z') || *p == '-');  \
            assert_int_equal(noun##_parse(text), i);                 \
        }                                                            \
        assert_string_equal(noun##_text((enumeration)(COUNT)), "?"); \
        assert_string_equal(noun##_text((enumeration)-1), "?");      \
        assert_int_equal(noun##_parse(NULL), -EINVAL);               \
        assert_int_equal(noun##_parse(""), -EINVAL);                 \
        assert_int_equal(noun##_parse("?"), -EINVAL);                \
        assert_int_equal(noun##_parse("behind "), -EINVAL);          \
    }

CHECK(enum signal_kind, signal_kind, SIGNAL_KINDS_COUNT)
CHECK(enum rollback_kind, rollback_kind, ROLLBACK_KINDS_COUNT)
CHECK(enum verdict, verdict, VERDICTS_COUNT)
CHECK(enum outcome, outcome, OUTCOMES_COUNT)
CHECK(enum case_state, case_state, CASE_STATES_COUNT)
CHECK(enum job_state, job_state, JOB_STATES_COUNT)
CHECK(enum role, role, ROLES_COUNT)

// A burst keeps its kinds as bits.
static void test_kinds_fit(void **state)
{
    (void)state;
    assert_true(SIGNAL_KINDS_COUNT <= 64);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_signal_kind), cmocka_unit_test(test_rollback_kind),
        cmocka_unit_test(test_verdict),     cmocka_unit_test(test_outcome),
        cmocka_unit_test(test_case_state),  cmocka_unit_test(test_job_state),
        cmocka_unit_test(test_role),        cmocka_unit_test(test_kinds_fit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
