// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// Do host and guest see the same directory? Pairs of readings; then whole repairs with every combination of four
// readings that are good, of a copy, of another DC, or not known: a reset follows on one of them alone.
#include "daemon/core/samedc.h"
#include "tests/unit/core_job_bench.h"

#define A "aaaaaaaa-2222-3333-4444-555555555555"
#define B "bbbbbbbb-2222-3333-4444-555555555555"

static void test_pairs(void **state)
{
    static const struct {
        struct dc_sight before, after;
        enum same_dc is;
    } rows[] = {
        {{A, 5}, {A, 5}, SAME_DC_FITS},
        {{A, 5}, {A, 6}, SAME_DC_FITS},
        {{A, 5}, {A, 4}, SAME_DC_OTHER},
        {{A, 5}, {B, 5}, SAME_DC_OTHER},
        {{A, 5}, {B, 6}, SAME_DC_OTHER},
        {{"", 5}, {A, 6}, SAME_DC_UNTOLD},
        {{A, 0}, {A, 6}, SAME_DC_UNTOLD},
        {{A, 5}, {"", 6}, SAME_DC_UNTOLD},
        {{A, 5}, {A, 0}, SAME_DC_UNTOLD},
        {{"", 0}, {"", 0}, SAME_DC_UNTOLD},
        {{A, UINT64_MAX}, {A, UINT64_MAX}, SAME_DC_FITS},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        char text[LONG_TEXT] = "";

        assert_int_equal(same_dc(&rows[i].before, &rows[i].after, text, sizeof text), rows[i].is);
        assert_true((rows[i].is == SAME_DC_FITS) == !text[0]);
    }
}

static void test_forms(void **state)
{
    static const struct {
        const char *pairs, *instance;
        uint64_t usn;
    } rows[] = {
        {"dc_instance=" A " dc_usn=12", A, 12},
        {"dc_instance=AAAAAAAA-2222-3333-4444-555555555555 dc_usn=12", A, 12},
        {"dc_instance=CN=NTDS dc_usn=12", "", 12},
        {"dc_instance=" A "x dc_usn=-1", "", 0},
        {"dc_instance=" A " dc_usn=99999999999999999999", A, 0},
        {"dc_usn=x", "", 0},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        _cleanup_record_ struct record *r = record_of("probe", rows[i].pairs);
        struct dc_sight s = dc_sight_of(r);

        assert_string_equal(s.instance, rows[i].instance);
        assert_true(s.usn == rows[i].usn);
    }
    assert_true(dc_sight_of(NULL).usn == 0);
}

// What each of the four may say: good, of a copy that fell behind, of one that went ahead, of another DC, nothing.
enum word { GOOD, BEHIND, AHEAD, OTHER, UNKNOWN, NO_USN, WORDS };

static unsigned usn_of(enum word word, unsigned good)
{
    const unsigned usns[WORDS] = {[GOOD] = good, [BEHIND] = 40, [AHEAD] = 9000, [OTHER] = good};

    return usns[word];
}

static void say(struct bench *b, const char *type, const char *rest, enum word word, unsigned good)
{
    unsigned usn = usn_of(word, good);
    char pairs[1024], number[32] = "";

    if (usn)
        snprintf(number, sizeof number, "dc_usn=%u", usn);
    snprintf(pairs, sizeof pairs, "%s %s %s", rest, number,
             word == UNKNOWN ? ""
             : word == OTHER ? "dc_instance=" B
                             : "dc_instance=" A);
    answer(b, type, pairs);
}

// As the helper and the directory worker answer, up to the state in which a secret would be minted.
static struct bench run(const enum word *words, bool marked)
{
    struct bench b = in_state(JOB_PROBING);
    char account[512];

    say(&b, "probe",
        "joined=1 sam_account_name=WS1$ live_sha256=" LIVE " public_key=" KEY
        " dc=dc1 channel=broken dc_reachable=1",
        words[0], 50);
    snprintf(account, sizeof account, "found=1 guid=" GUID " sid=" SID " dc=dc1 kvno=3 %s%u",
             marked ? "dc_usn_marked=" : "mark_text=", usn_of(words[1], 50) + 1);
    if (b.j.state == JOB_COMPARING)
        say(&b, "account", account, words[1], 50);
    if (b.j.state == JOB_CHECKING)
        say(&b, "check", "ready=1", words[2], 51);
    if (b.j.state == JOB_READING)
        say(&b, "account", "found=1 guid=" GUID " sid=" SID " dc=dc1 kvno=3", words[3], 51);
    return b;
}

static bool is_told(enum word word)
{
    return word == GOOD || word == BEHIND || word == AHEAD;
}

static void test_every_combination(void **state)
{
    unsigned resets = 0;

    (void)state;
    for (int i = 0; i < WORDS * WORDS * WORDS * WORDS; i++) {
        const enum word w[] = {(enum word)(i % WORDS), (enum word)(i / WORDS % WORDS),
                               (enum word)(i / WORDS / WORDS % WORDS),
                               (enum word)(i / WORDS / WORDS / WORDS)};
        struct bench b = run(w, true);
        bool told = is_told(w[0]) && is_told(w[1]) && is_told(w[2]) && is_told(w[3]);
        bool fits = told && usn_of(w[0], 50) <= usn_of(w[1], 50) && usn_of(w[1], 50) < usn_of(w[2], 51) &&
                    usn_of(w[2], 51) <= usn_of(w[3], 51);

        fits |= w[0] == OTHER && w[1] == OTHER && w[2] == OTHER && w[3] == OTHER; // which is one and the same
        if ((b.j.state == JOB_RESETTING) != fits)
            fail_msg("%d %d %d %d: %s, %s", w[0], w[1], w[2], w[3], job_state_text(b.j.state), b.j.cause);
        assert_int_equal(b.out.mint, fits);
        resets += fits;
        if (fits)
            continue;
        assert_int_equal(b.j.state, JOB_ENDED);
        assert_int_equal(b.j.outcome, OUTCOME_REFUSED);
        assert_true(b.j.verdict == VERDICT_OTHER_DIRECTORY || b.j.verdict == VERDICT_UNKNOWN);
        assert_true(b.j.text[0] && b.j.next[0]);
    }
    assert_int_equal(resets, 10);
}

// A copy made a moment ago of a DC at rest: everything is the same but the mark.
static void test_copy_at_rest(void **state)
{
    struct bench b = in_state(JOB_CHECKING);

    (void)state;
    answer(&b, "check", "ready=1 " INSTANCE "dc_usn=50");
    expect_end(&b, OUTCOME_REFUSED, VERDICT_OTHER_DIRECTORY, "other-directory");
    assert_non_null(strstr(b.j.text, "two copies"));
}

// Nothing could be changed there: virtrust waits until somebody else changes something, and gives up unrepaired.
static void test_no_mark(void **state)
{
    const enum word good[] = {GOOD, GOOD, GOOD, GOOD};
    struct bench b = run(good, false);
    unsigned rounds = 0;

    (void)state;
    assert_int_equal(b.j.state, JOB_RESETTING); // 50, 50, 51, 51: it moved by itself
    b = in_state(JOB_COMPARING);
    answer(&b, "account", ACCOUNT "kvno=3 mark_text=no");
    for (; b.j.state != JOB_ENDED && rounds < 1000; rounds++) {
        expect(&b, JOB_CHECKING, JOB_EFFECT_CHECK);
        answer(&b, "check", "ready=1 " INSTANCE "dc_usn=70");
        if (b.j.state == JOB_ENDED)
            break;
        expect(&b, JOB_CHECKING, JOB_EFFECT_NONE);
        b.now = b.j.next_us;
        input(&b, JOB_IN_WAKE);
    }
    expect_end(&b, OUTCOME_FAILED, VERDICT_UNKNOWN, "directory-at-rest");
    assert_true(rounds > 3);
    b = in_state(JOB_COMPARING);
    answer(&b, "account", ACCOUNT "kvno=3 mark_text=no");
    answer(&b, "check", "ready=1 " INSTANCE "dc_usn=69"); // it had 70 before
    expect_end(&b, OUTCOME_REFUSED, VERDICT_OTHER_DIRECTORY, "other-directory");
}

static void test_unfit(void **state)
{
    static const struct {
        const char *pairs;
        enum verdict verdict;
        const char *cause;
    } rows[] = {
        {COMPARED " in_base=0", VERDICT_UNKNOWN, "outside-base"},
        {COMPARED " uac=4098", VERDICT_ACCOUNT_DISABLED, "account-disabled"},
        {COMPARED " uac=532480", VERDICT_DOMAIN_CONTROLLER, "domain-controller"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct bench b = in_state(JOB_COMPARING);

        answer(&b, "account", rows[i].pairs);
        expect_end(&b, OUTCOME_REFUSED, rows[i].verdict, rows[i].cause);
        assert_false(b.out.mint);
    }
}

// After a new probe it is shown anew; a further reading in the same round is not compared.
static void test_shown_once_a_probe(void **state)
{
    struct bench b = in_state(JOB_RESETTING);

    (void)state;
    assert_true(b.j.same_directory);
    answer(&b, "reset", "result=refused rule=kvno-moved text=x");
    expect(&b, JOB_READING, JOB_EFFECT_ACCOUNT);
    answer(&b, "account", "found=1 guid=" GUID " sid=" SID " dc=dc7 kvno=3");
    expect(&b, JOB_CONFIRMING, JOB_EFFECT_LOGIN);
    b = in_state(JOB_STORING);
    answer(&b, "result", "result=refused reason=changed text=x");
    expect(&b, JOB_PROBING, JOB_EFFECT_PROBE);
    go_on(&b);
    assert_false(b.j.same_directory);
}

// What came up with the account while the guest was asked stops it before the store-check already.
static void test_twin(void **state)
{
    static const enum job_state states[] = {JOB_COMPARING, JOB_READING};

    (void)state;
    for (int i = 0; i < 2; i++) {
        struct bench b = in_state(states[i]);

        snprintf(b.w.twin, sizeof b.w.twin, "ws1-copy");
        go_on(&b);
        expect_end(&b, OUTCOME_REFUSED, VERDICT_TWIN, "twin");
        assert_false(b.out.mint);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pairs),
        cmocka_unit_test(test_forms),
        cmocka_unit_test(test_every_combination),
        cmocka_unit_test(test_copy_at_rest),
        cmocka_unit_test(test_no_mark),
        cmocka_unit_test(test_unfit),
        cmocka_unit_test(test_shown_once_a_probe),
        cmocka_unit_test(test_twin),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
