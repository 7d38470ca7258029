// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// The judge's table: every row on both sides of its boundary, and the rows' order.
#include "daemon/core/judge.h"

#include "common/filetime.h"
#include "tests/unit/core_common.h"

#include <stdio.h>

enum { TOLERANCE_S = 600 };

static const int64_t second = 1000000;
static const int64_t noon = 1700000000 * INT64_C(1000000);

static uint64_t at(int64_t us)
{
    return filetime_from_us(noon + us);
}

static void print(unsigned char ret[HASH], unsigned char n)
{
    memset(ret, n, HASH);
}

// A bound member, read and asked: key version 2 on both sides unknown, dates an hour apart are for the tests to set.
static struct evidence plain(void)
{
    struct evidence e = {.bound = true, .tolerance_us = TOLERANCE_S * second};

    e.guest = (struct guest_side){.known = true, .joined = TRI_YES, .role = ROLE_MEMBER, .kvno = -1};
    snprintf(e.guest.sam, sizeof e.guest.sam, "WS1$");
    snprintf(e.guest.domain, sizeof e.guest.domain, "corp.test");
    snprintf(e.guest.account_sid, sizeof e.guest.account_sid, "S-1-5-21-1-2-3-1105");
    e.guest.set_at = at(0);
    e.guest.has_fingerprint = true;
    print(e.guest.fingerprint, 1);
    e.directory = (struct directory_side){.known = true, .found = TRI_YES, .kvno = -1, .uac = 0x1000};
    snprintf(e.directory.sid, sizeof e.directory.sid, "S-1-5-21-1-2-3-1105");
    e.directory.pwd_last_set = at(0);
    snprintf(e.binding.sid, sizeof e.binding.sid, "S-1-5-21-1-2-3-1105");
    snprintf(e.binding.name, sizeof e.binding.name, "WS1$");
    snprintf(e.binding.domain, sizeof e.binding.domain, "corp.test");
    return e;
}

static struct pair *add_pair(struct evidence *e, unsigned char fingerprint, int64_t first_us, uint64_t set_at,
                             uint64_t pwd_last_set)
{
    struct pair *p = &e->pairs[e->pairs_count++];

    *p = (struct pair){.first_us = first_us, .last_us = first_us, .set_at = set_at, .pwd_last_set = pwd_last_set,
                       .kvno = -1};
    print(p->fingerprint, fingerprint);
    return p;
}

static void expect(const struct evidence *e, enum verdict verdict, const char *cause)
{
    struct judgement j = judge(e);

    assert_string_equal(j.cause, cause);
    assert_int_equal(j.verdict, verdict);
    assert_true(j.text[0]);
}

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

static void test_proven_pair(void **state)
{
    struct evidence e = plain();
    struct pair *p = add_pair(&e, 1, 5, at(0), at(0));

    (void)state;
    p->proven = true;
    expect(&e, VERDICT_IN_STEP, "pair-proven");
    p->proven = false;
    expect(&e, VERDICT_UNKNOWN, "too-close");
    p->proven = true;
    p->fingerprint[HASH - 1] ^= 1;
    expect(&e, VERDICT_UNKNOWN, "too-close");
    p->fingerprint[HASH - 1] ^= 1;
    e.guest.has_fingerprint = false;
    expect(&e, VERDICT_UNKNOWN, "too-close");
    e.guest.has_fingerprint = true;
    e.directory.pwd_last_set += 1; // 100 ns later
    expect(&e, VERDICT_BEHIND, "directory-moved");
    e.directory.pwd_last_set -= 2;
    expect(&e, VERDICT_UNKNOWN, "too-close");
    e.directory.pwd_last_set = p->pwd_last_set = 0; // two unknowns are not the same
    expect(&e, VERDICT_UNKNOWN, "no-dates");
    // A proven pair outranks an older secret (AD itself may have been restored), not a disabled account.
    e.directory.pwd_last_set = p->pwd_last_set = at(0);
    add_pair(&e, 2, 9, at(50 * second), at(50 * second));
    expect(&e, VERDICT_IN_STEP, "pair-proven");
    e.directory.uac = 0x1002;
    expect(&e, VERDICT_ACCOUNT_DISABLED, "account-disabled");
}

static void test_moved_kvno(void **state)
{
    struct evidence e = plain();
    struct pair *p = add_pair(&e, 1, 5, at(0), 0);

    (void)state;
    p->kvno = 2;
    e.directory.kvno = 2;
    expect(&e, VERDICT_UNKNOWN, "too-close");
    e.directory.kvno = 3;
    expect(&e, VERDICT_BEHIND, "directory-moved");
    e.directory.known = false;
    expect(&e, VERDICT_UNKNOWN, "no-directory");
}

static void test_older_secret(void **state)
{
    struct evidence e = plain();
    struct pair *own, *later;

    (void)state;
    own = add_pair(&e, 1, 10, at(0), 0);
    later = add_pair(&e, 2, 10, at(50 * second), 0);
    expect(&e, VERDICT_UNKNOWN, "too-close"); // seen at the same moment: neither is older
    later->first_us = 11;
    expect(&e, VERDICT_BEHIND, "older-secret");
    own->last_us = 99; // seen again after a revert: it was born before all the same
    expect(&e, VERDICT_BEHIND, "older-secret");
    later->set_at = at(0); // its own date says that it is not newer
    expect(&e, VERDICT_UNKNOWN, "too-close");
    later->set_at = 0;
    expect(&e, VERDICT_BEHIND, "older-secret");
    later->set_at = at(50 * second);
    e.guest.set_at = 0;
    expect(&e, VERDICT_BEHIND, "older-secret");
    e.directory.known = false; // needs no directory
    expect(&e, VERDICT_BEHIND, "older-secret");
    e.guest.has_fingerprint = false;
    expect(&e, VERDICT_UNKNOWN, "no-directory");
    e.guest.has_fingerprint = true;
    own->first_us = 12;
    expect(&e, VERDICT_UNKNOWN, "no-directory");
    e.pairs_count = 0;
    expect(&e, VERDICT_UNKNOWN, "no-directory");
}

// A look at a reverted guest leaves a young row of its old secret: neither it nor the newer secret changes its age.
static void test_births(void **state)
{
    struct evidence e = plain();

    (void)state;
    add_pair(&e, 1, 100, at(0), 0)->last_us = 200;
    add_pair(&e, 2, 50, 0, 0);
    add_pair(&e, 1, 10, at(0), 0);
    e.guest.set_at = 0;
    expect(&e, VERDICT_BEHIND, "older-secret");
    print(e.guest.fingerprint, 2); // reverted forward again
    e.directory.known = false;
    expect(&e, VERDICT_UNKNOWN, "no-directory");
}

static void test_changed_by_this_guest(void **state)
{
    struct evidence e = plain();
    struct pair *later;

    (void)state;
    assert_false(changed_by_this_guest(&e));
    add_pair(&e, 1, 10, at(0), at(0));
    assert_false(changed_by_this_guest(&e));
    later = add_pair(&e, 2, 20, at(50 * second), at(50 * second));
    assert_false(changed_by_this_guest(&e));
    e.directory.pwd_last_set = at(50 * second);
    assert_true(changed_by_this_guest(&e));
    e.directory.pwd_last_set = at(51 * second); // moved on since, by nobody knows whom
    assert_false(changed_by_this_guest(&e));
    e.directory.pwd_last_set = later->pwd_last_set = 0;
    assert_false(changed_by_this_guest(&e));
    e.directory.pwd_last_set = later->pwd_last_set = at(50 * second);
    e.directory.known = false;
    assert_false(changed_by_this_guest(&e));
    e.directory.known = true;
    e.guest.has_fingerprint = false;
    assert_false(changed_by_this_guest(&e));
}

// Windows: no key version, a live disk; one rotation after the snapshot is enough, and only the ledger can tell.
static void test_windows_by_ledger(void **state)
{
    struct evidence e = plain();
    struct pair *p;

    (void)state;
    e.guest.set_at = at(0);
    p = add_pair(&e, 1, 10, at(0), at(2000)); // stored locally first, two milliseconds later in AD
    p->proven = true;
    e.directory.pwd_last_set = at(2000);
    expect(&e, VERDICT_IN_STEP, "pair-proven");
    e.directory.pwd_last_set = at(60 * second); // rotated a minute later: far within the tolerance of dates
    expect(&e, VERDICT_BEHIND, "directory-moved");
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
        cmocka_unit_test(test_controller),  cmocka_unit_test(test_not_joined),
        cmocka_unit_test(test_claims),      cmocka_unit_test(test_account),
        cmocka_unit_test(test_unread),      cmocka_unit_test(test_dates),
        cmocka_unit_test(test_sentinels),   cmocka_unit_test(test_doubt),
        cmocka_unit_test(test_kvno),        cmocka_unit_test(test_proven_pair),
        cmocka_unit_test(test_moved_kvno),  cmocka_unit_test(test_older_secret),
        cmocka_unit_test(test_births),      cmocka_unit_test(test_changed_by_this_guest),
        cmocka_unit_test(test_windows_by_ledger), cmocka_unit_test(test_empty),
        cmocka_unit_test(test_table),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
