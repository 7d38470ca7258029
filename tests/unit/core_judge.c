// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// The judge's table: every row on both sides of its boundary, and the rows' order.
#include "tests/unit/core_judge_bench.h"

static void test_controller(void **state)
{
    struct evidence e = plain();

    (void)state;
    e.guest.role = ROLE_DOMAIN_CONTROLLER;
    expect(&e, VERDICT_DOMAIN_CONTROLLER, "domain-controller");
    e.guest.known = false; // a role that nobody read counts no more
    expect(&e, VERDICT_UNKNOWN, "not-read");
    e.directory.uac = 0x82000; // SERVER_TRUST, TRUSTED_FOR_DELEGATION
    expect(&e, VERDICT_DOMAIN_CONTROLLER, "domain-controller");
    e.directory.uac = 0x5001000; // a read-only one: WORKSTATION_TRUST, PARTIAL_SECRETS and delegation
    expect(&e, VERDICT_DOMAIN_CONTROLLER, "domain-controller");
    e.directory.known = false;
    expect(&e, VERDICT_UNKNOWN, "not-read");
}

static void test_not_joined(void **state)
{
    struct evidence e = plain();

    (void)state;
    e.guest.joined = TRI_NO;
    expect(&e, VERDICT_NOT_A_MEMBER, "not-joined");
    e.guest.joined = TRI_UNKNOWN;
    expect(&e, VERDICT_UNKNOWN, "not-read");
    // A dirty hive may be from before the join: that proves nothing against a binding.
    e.guest.joined = TRI_NO;
    e.guest.doubtful = true;
    expect(&e, VERDICT_UNKNOWN, "doubtful");
    e.bound = false;
    expect(&e, VERDICT_NOT_A_MEMBER, "not-joined");
}

static void test_claims(void **state)
{
    struct evidence e = plain();
    char text[LONG_TEXT] = "";

    (void)state;
    assert_false(claims_other(&e.guest, &e.binding, text, sizeof text));
    snprintf(e.guest.sam, sizeof e.guest.sam, "ws1$");
    snprintf(e.guest.domain, sizeof e.guest.domain, "CORP.TEST");
    assert_false(claims_other(&e.guest, &e.binding, text, sizeof text));
    snprintf(e.guest.sam, sizeof e.guest.sam, "WS2$");
    expect(&e, VERDICT_IDENTITY_MISMATCH, "claims-other");
    assert_true(claims_other(&e.guest, &e.binding, text, sizeof text));
    assert_non_null(strstr(text, "WS2$"));
    e = plain();
    snprintf(e.guest.account_sid, sizeof e.guest.account_sid, "S-1-5-21-1-2-3-1106");
    expect(&e, VERDICT_IDENTITY_MISMATCH, "claims-other");
    e = plain();
    snprintf(e.guest.domain, sizeof e.guest.domain, "other.test");
    expect(&e, VERDICT_IDENTITY_MISMATCH, "claims-other");
    assert_true(claims_other(&e.guest, &e.binding, NULL, 0));
    // What the guest does not say contradicts nothing, and without a binding there is nothing to contradict.
    e.guest.sam[0] = e.guest.domain[0] = e.guest.account_sid[0] = '\0';
    expect(&e, VERDICT_UNKNOWN, "too-close");
    e = plain();
    snprintf(e.guest.sam, sizeof e.guest.sam, "WS2$");
    e.bound = false;
    expect(&e, VERDICT_UNKNOWN, "too-close");
    // The claim of a guest whose account is gone is still a claim.
    e.bound = true;
    e.directory.found = TRI_NO;
    expect(&e, VERDICT_IDENTITY_MISMATCH, "claims-other");
}

static void test_account(void **state)
{
    struct evidence e = plain();

    (void)state;
    e.directory.found = TRI_NO;
    expect(&e, VERDICT_ACCOUNT_MISSING, "account-missing");
    e.directory.found = TRI_UNKNOWN;
    expect(&e, VERDICT_UNKNOWN, "no-directory");
    e = plain();
    snprintf(e.directory.sid, sizeof e.directory.sid, "S-1-5-21-1-2-3-2000");
    expect(&e, VERDICT_ACCOUNT_RECREATED, "account-recreated");
    e.directory.sid[0] = '\0';
    expect(&e, VERDICT_UNKNOWN, "too-close");
    e = plain();
    e.directory.uac = 0x1002;
    expect(&e, VERDICT_ACCOUNT_DISABLED, "account-disabled");
    e.directory.uac = -1;
    expect(&e, VERDICT_UNKNOWN, "too-close");
}

static void test_unread(void **state)
{
    struct evidence e = plain();
    struct judgement j;

    (void)state;
    e.guest.known = false;
    snprintf(e.guest.why, sizeof e.guest.why, "the disk is encrypted with LUKS");
    expect(&e, VERDICT_UNKNOWN, "not-read");
    j = judge(&e);
    assert_string_equal(j.text, "the disk is encrypted with LUKS");
    e.directory.known = false;
    expect(&e, VERDICT_UNKNOWN, "not-read");
    e.directory.known = true;
    e.directory.uac = 0x1002; // what the directory says needs no disk
    expect(&e, VERDICT_ACCOUNT_DISABLED, "account-disabled");
}

static void test_dates(void **state)
{
    static const int64_t skews[] = {0, 5 * 1000000, -5 * 1000000};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(skews); i++) {
        struct evidence e = plain();
        int64_t margin = TOLERANCE_S * second + (skews[i] < 0 ? -skews[i] : skews[i]);

        e.directory.skew_us = skews[i];
        e.directory.pwd_last_set = at(margin);
        expect(&e, VERDICT_UNKNOWN, "too-close");
        e.directory.pwd_last_set = at(margin + 1);
        expect(&e, VERDICT_BEHIND, "date-older");
        e.directory.pwd_last_set = at(-margin);
        expect(&e, VERDICT_UNKNOWN, "too-close");
        e.directory.pwd_last_set = at(-margin - 1);
        expect(&e, VERDICT_AHEAD, "date-newer");
    }
}

static void test_sentinels(void **state)
{
    static const uint64_t sentinels[] = {0, UINT64_MAX, INT64_MAX, 1};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(sentinels); i++) {
        struct evidence e = plain();

        e.directory.pwd_last_set = sentinels[i];
        expect(&e, VERDICT_UNKNOWN, "no-dates");
        add_pair(&e, 1, 5, at(0), at(0)); // and no sentinel is newer than a remembered date
        expect(&e, VERDICT_UNKNOWN, "no-dates");
        e = plain();
        e.guest.set_at = sentinels[i];
        expect(&e, VERDICT_UNKNOWN, "no-dates");
    }
}

static void test_doubt(void **state)
{
    struct evidence e = plain();
    struct judgement j;

    (void)state;
    e.guest.doubtful = true;
    snprintf(e.guest.doubt, sizeof e.guest.doubt, "the SECURITY hive is dirty");
    e.directory.pwd_last_set = at(86400 * second);
    expect(&e, VERDICT_UNKNOWN, "doubtful");
    j = judge(&e);
    assert_non_null(strstr(j.text, "dirty"));
    // Pairs and key versions tell in spite of a doubt.
    add_pair(&e, 1, 5, at(0), at(0));
    expect(&e, VERDICT_BEHIND, "directory-moved");
    e.pairs_count = 0;
    e.guest.kvno = 2;
    e.directory.kvno = 3;
    expect(&e, VERDICT_BEHIND, "kvno-older");
}

static void test_kvno(void **state)
{
    struct evidence e = plain();

    (void)state;
    e.directory.pwd_last_set = at(86400 * second); // key versions outrank dates
    e.guest.kvno = e.directory.kvno = 2;
    expect(&e, VERDICT_IN_STEP, "kvno-same");
    e.directory.kvno = 3;
    expect(&e, VERDICT_BEHIND, "kvno-older");
    e.directory.kvno = 1;
    expect(&e, VERDICT_AHEAD, "kvno-newer");
    e.directory.kvno = 0;
    e.guest.kvno = 0;
    expect(&e, VERDICT_IN_STEP, "kvno-same");
    e.directory.kvno = -1;
    expect(&e, VERDICT_BEHIND, "date-older");
    e.directory.kvno = 2;
    e.guest.kvno = -1;
    expect(&e, VERDICT_BEHIND, "date-older");
}

static void test_empty(void **state)
{
    struct evidence e = {.guest.kvno = -1, .directory.kvno = -1, .directory.uac = -1};

    (void)state;
    expect(&e, VERDICT_UNKNOWN, "not-read");
}

static void test_table(void **state)
{
    enum verdict verdict;
    size_t n = 0;

    (void)state;
    for (const char *cause; (cause = judge_row(n, &verdict)); n++) {
        enum verdict other;

        assert_true(strlen(cause) < SHORT_TEXT);
        for (size_t i = 0; i < n; i++)
            assert_string_not_equal(judge_row(i, &other), cause);
    }
    assert_int_equal(n, 19); // a new row wants its test above
    assert_null(judge_row(n + 1, &verdict));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_controller), cmocka_unit_test(test_not_joined), cmocka_unit_test(test_claims),
        cmocka_unit_test(test_account),    cmocka_unit_test(test_unread),     cmocka_unit_test(test_dates),
        cmocka_unit_test(test_sentinels),  cmocka_unit_test(test_doubt),      cmocka_unit_test(test_kvno),
        cmocka_unit_test(test_empty),      cmocka_unit_test(test_table),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
