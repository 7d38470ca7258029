// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/core/score.h"

#include "tests/unit/testing.h"

enum { STEPS = 4 };

// A guest's life after the prediction (fingerprint 1 against password 100), and how the prediction ends.
#define SEEN(v, print, pwd)                                                                  \
    .judged = true, .verdict = VERDICT_##v, .has_fingerprint = true, .fingerprint = {print}, \
    .pwd_last_set = (pwd), .kvno = -1, .guest_kvno = -1
#define FORETOLD(print, pwd) SEEN(BEHIND, print, pwd), .predicted = true

static const struct {
    const char *what;
    struct score_seen later[STEPS];
    enum score_class class;
    int64_t settled_by;
} lives[] = {
    {"never seen again", {{0}}, SCORE_OPEN, 0},
    {"looked at again, the same", {{.case_id = 2, FORETOLD(1, 100)}}, SCORE_STILL, 2},
    {"in step, and nothing had changed", {{.case_id = 2, SEEN(IN_STEP, 1, 100)}}, SCORE_WRONG, 2},
    {"reset and joined by hand", {{.case_id = 2, SEEN(IN_STEP, 2, 200)}}, SCORE_BY_HAND, 2},
    {"the old secret was set in the directory", {{.case_id = 2, SEEN(IN_STEP, 1, 200)}}, SCORE_BY_HAND, 2},
    {"the newer disk was brought back", {{.case_id = 2, SEEN(IN_STEP, 2, 100)}}, SCORE_BY_HAND, 2},
    {"went back to a newer snapshot",
     {{.case_id = 2, .witnessed = true, SEEN(IN_STEP, 2, 100)}},
     SCORE_BY_ROLLBACK,
     2},
    {"still broken, then by hand",
     {{.case_id = 2, FORETOLD(1, 100)}, {.case_id = 3, SEEN(IN_STEP, 3, 300)}},
     SCORE_BY_HAND,
     3},
    {"still broken, then wrong after all",
     {{.case_id = 2, FORETOLD(1, 100)}, {.case_id = 3, SEEN(IN_STEP, 1, 100)}},
     SCORE_WRONG,
     3},
    {"another rollback is another prediction",
     {{.case_id = 2, .witnessed = true, FORETOLD(2, 100)}, {.case_id = 3, SEEN(IN_STEP, 3, 300)}},
     SCORE_STILL,
     2},
    {"repaired by virtrust after the mode was changed",
     {{.case_id = 2, .ours = true, SEEN(BEHIND, 1, 100)}, {.case_id = 3, SEEN(IN_STEP, 9, 900)}},
     SCORE_BY_VIRTRUST,
     2},
    {"joined anew under another account", {{.case_id = 2, SEEN(ACCOUNT_RECREATED, 2, 0)}}, SCORE_BY_HAND, 2},
    {"a look that failed says nothing",
     {{.case_id = 2, .kvno = -1, .guest_kvno = -1}, {.case_id = 3, SEEN(IN_STEP, 1, 100)}},
     SCORE_WRONG,
     3},
    {"in step by a disk that was not read: not wrong",
     {{.case_id = 2,
       .judged = true,
       .verdict = VERDICT_IN_STEP,
       .pwd_last_set = 100,
       .kvno = -1,
       .guest_kvno = -1}},
     SCORE_OPEN,
     0},
    {"in step while the directory was silent: not wrong",
     {{.case_id = 2, SEEN(IN_STEP, 1, 0)}},
     SCORE_OPEN,
     0},
};

static void ends(void **state)
{
    const struct score_seen p = {.case_id = 1, FORETOLD(1, 100)};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(lives); i++) {
        size_t count = 0;
        struct score_settled s;

        while (count < STEPS && lives[i].later[count].case_id)
            count++;
        s = score_settle(&p, lives[i].later, count);
        if (s.class != lives[i].class || s.case_id != lives[i].settled_by)
            fail_msg("%s: %s, by case %lld", lives[i].what, score_class_text(s.class), (long long)s.case_id);
    }
}

// Without fingerprints, dates and key versions tell the same.
static void by_numbers(void **state)
{
    struct score_seen p = {
        .predicted = true, .judged = true, .verdict = VERDICT_BEHIND, .guest_kvno = 2, .kvno = 3};
    struct score_seen now = {
        .case_id = 2, .judged = true, .verdict = VERDICT_IN_STEP, .guest_kvno = 2, .kvno = 3};

    (void)state;
    assert_int_equal(score_settle(&p, &now, 1).class, SCORE_WRONG);
    now.kvno = 4;
    assert_int_equal(score_settle(&p, &now, 1).class, SCORE_BY_HAND);
    p.set_at = 10;
    now.set_at = 11;
    now.kvno = 3;
    assert_int_equal(score_settle(&p, &now, 1).class, SCORE_BY_HAND);
}

static void repeats(void **state)
{
    struct score_seen a = {FORETOLD(1, 100)}, b = {FORETOLD(1, 100)};

    (void)state;
    assert_true(score_repeats(&a, &b));
    b.pwd_last_set = 101;
    assert_false(score_repeats(&a, &b));
    b = a;
    b.fingerprint[0] = 7;
    assert_false(score_repeats(&a, &b));
    b = a;
    b.predicted = false;
    assert_false(score_repeats(&a, &b));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ends),
        cmocka_unit_test(by_numbers),
        cmocka_unit_test(repeats),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
