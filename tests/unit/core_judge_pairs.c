// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// The judge and the ledger: pairs that are proven, moved, older, young again; and who changed the account.
#include "tests/unit/core_judge_bench.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_proven_pair),           cmocka_unit_test(test_moved_kvno),
        cmocka_unit_test(test_older_secret),          cmocka_unit_test(test_births),
        cmocka_unit_test(test_changed_by_this_guest), cmocka_unit_test(test_windows_by_ledger),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
