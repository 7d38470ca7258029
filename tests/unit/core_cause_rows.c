// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// Each cause on both sides of its boundary: what guest and account were, and what happened to them.
#include "tests/unit/core_cause_bench.h"

enum { HOUR = 3600 };

static void controllers(void **state)
{
    struct cause_facts f = facts();

    (void)state;
    f.evidence.guest.role = ROLE_DOMAIN_CONTROLLER;
    expect_cause(&f, "domain-controller");
    f.rolled = true;
    f.rollback = ROLLBACK_REVERT_STARTED;
    f.rolled_us = noon;
    expect_cause(&f, "dc-reverted-unguarded");
    f.genid = TRI_YES;
    expect_cause(&f, "dc-reverted-guarded");
    f.genid = TRI_UNKNOWN;
    expect_cause(&f, "dc-reverted");
}

static void identities(void **state)
{
    struct cause_facts f = facts();

    (void)state;
    f.evidence.guest.joined = TRI_NO;
    expect_cause(&f, "not-joined");
    f.disk.join_pending = TRI_YES;
    expect_cause(&f, "join-pending");

    f = facts();
    snprintf(f.evidence.guest.domain, sizeof f.evidence.guest.domain, "other.test");
    expect_cause(&f, "joined-to-other-domain");
    snprintf(f.evidence.guest.domain, sizeof f.evidence.guest.domain, "CORP.TEST");
    snprintf(f.evidence.guest.sam, sizeof f.evidence.guest.sam, "WS2$");
    expect_cause(&f, "other-identity");
    // The bound account itself is called so by now.
    snprintf(f.dcs[0].side.name, sizeof f.dcs[0].side.name, "WS2$");
    take_newest(&f);
    expect_cause(&f, "account-renamed");
    assert_string_equal(command_of(&f, "account-renamed"), "virtrust bind vm1 'WS2$'");
    snprintf(f.dcs[0].side.guid, sizeof f.dcs[0].side.guid, "99999999-2222-3333-4444-555555555555");
    take_newest(&f);
    expect_cause(&f, "other-identity");
}

static void accounts(void **state)
{
    struct cause_facts f = facts();

    (void)state;
    f.dcs[0].side.found = TRI_NO;
    take_newest(&f);
    expect_cause(&f, "account-missing");
    assert_string_equal(
        command_of(&f, "account-missing"),
        "Get-ADObject -Identity '11111111-2222-3333-4444-555555555555' -IncludeDeletedObjects | "
        "Restore-ADObject");
    f.namesake = TRI_UNKNOWN;
    expect_cause(&f, "account-missing");
    f.namesake = TRI_YES;
    expect_cause(&f, "account-recreated");
    assert_string_equal(command_of(&f, "account-recreated"), "virtrust bind vm1 'WS1$'");
    f.evidence.bound = false;
    f.namesake = TRI_NO;
    expect_cause(&f, "no-such-account");

    f = facts();
    f.dcs[0].side.uac = 0x1002;
    take_newest(&f);
    expect_cause(&f, "account-disabled");
    assert_string_equal(command_of(&f, "account-disabled"),
                        "Enable-ADAccount -Identity 'WS1$' -Server 'dc1.corp.test'");
    f.dcs[0].side.uac = 0x1000;
    take_newest(&f);
    expect_cause(&f, "in-step");
    expect_beside(&f, "outside-base", false);
    f.dcs[0].more.in_base = TRI_NO;
    expect_cause(&f, "outside-base");
    assert_string_equal(command_of(&f, "outside-base"),
                        "Move-ADObject 'CN=WS1,OU=VDI,DC=corp,DC=test' -TargetPath 'OU=VDI,DC=corp,DC=test'");
    f.dcs[0].more.in_base = TRI_UNKNOWN;
    expect_beside(&f, "outside-base", false);
}

static void copies(void **state)
{
    struct cause_facts f = facts();

    (void)state;
    f.verdict = VERDICT_TWIN;
    snprintf(f.twin, sizeof f.twin, "vm 2");
    expect_cause(&f, "twin");
    assert_string_equal(command_of(&f, "twin"), "virsh shutdown 'vm 2'");
    snprintf(f.clone, sizeof f.clone, "vm2");
    expect_cause(&f, "clone-after-join");
    f.verdict = VERDICT_IN_STEP;
    expect_cause(&f, "clone");
    f.evidence.guest.has_fingerprint = false;
    expect_beside(&f, "clone", false);

    f = facts();
    fall_behind(&f, HOUR * second);
    snprintf(f.double_name, sizeof f.double_name, "vm3");
    expect_cause(&f, "changed-elsewhere"); // when vm3 set its secret is not known
    f.double_set_at = at((HOUR - TOLERANCE_S) * second);
    expect_cause(&f, "duplicate-name");
    f.double_set_at = at((HOUR - TOLERANCE_S) * second - second);
    expect_cause(&f, "changed-elsewhere");
}

static void rollbacks(void **state)
{
    static const struct {
        enum rollback_kind kind;
        const char *id;
    } rows[] = {
        {ROLLBACK_REVERT_RUNNING, "rolled-back-snapshot"},   {ROLLBACK_REVERT_MISSED, "rolled-back-snapshot"},
        {ROLLBACK_REVERT_OFFLINE, "rolled-back-snapshot"},   {ROLLBACK_RESTORE, "rolled-back-restore"},
        {ROLLBACK_MANAGEDSAVE_START, "rolled-back-restore"}, {ROLLBACK_DISK_REPLACED, "rolled-back-disk"},
        {ROLLBACK_DISK_CHANGED, "rolled-back-disk"},         {ROLLBACK_FIRST_SIGHT, "rolled-back"},
    };
    struct cause_facts f = facts();

    (void)state;
    f.rolled = true; // but the password is right
    f.rollback = ROLLBACK_REVERT_RUNNING;
    expect_cause(&f, "in-step");
    fall_behind(&f, HOUR * second);
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        f.rollback = rows[i].kind;
        f.rolled_us = noon + 2 * HOUR * second;
        expect_cause(&f, rows[i].id);
    }
    assert_string_equal(command_of(&f, "rolled-back"), "virtrust repair vm1");
    f.rolled = false;
    expect_cause(&f, "changed-elsewhere");
    // A newer secret of its own, seen with the directory's present date.
    add_pair(&f.evidence, 2, noon + HOUR * second, at(HOUR * second), at(HOUR * second));
    expect_cause(&f, "rolled-back-unseen");
    f.evidence.pairs[1].pwd_last_set = at(HOUR * second - second);
    expect_cause(&f, "changed-elsewhere");
    f.same_fingerprint = 2;
    expect_cause(&f, "changed-elsewhere");
    f.same_fingerprint = 3;
    expect_cause(&f, "recurring");
    f.verdict = VERDICT_RECURRING;
    expect_cause(&f, "recurring");
}

static void changed_elsewhere(void **state)
{
    struct cause_facts f = facts();

    (void)state;
    fall_behind(&f, HOUR * second);
    f.running = TRI_NO;
    f.ran_us = noon + (HOUR - TOLERANCE_S) * second;
    expect_cause(&f, "changed-elsewhere");
    f.ran_us--;
    expect_cause(&f, "changed-while-off");
    assert_string_equal(
        command_of(&f, "changed-while-off"),
        "Get-ADReplicationAttributeMetadata 'CN=WS1,OU=VDI,DC=corp,DC=test' -Server 'dc1.corp.test' "
        "-Properties pwdLastSet, unicodePwd, dNSHostName");
    f.running = TRI_UNKNOWN;
    expect_cause(&f, "changed-elsewhere");
    f.running = TRI_YES;
    f.ran_us = noon + HOUR * second;
    expect_cause(&f, "changed-while-running");
    f.ran_us--;
    expect_cause(&f, "changed-elsewhere");
    f.ran_us = 0;
    expect_cause(&f, "changed-elsewhere");
}

static void ahead(void **state)
{
    struct cause_facts f = facts();

    (void)state;
    f.evidence.pairs_count = 0;
    f.evidence.guest.set_at = at(HOUR * second);
    expect_cause(&f, "ahead");
    f.dcs[1] = view("dc2.corp.test");
    f.dcs[1].side = (struct directory_side){.found = TRI_UNKNOWN};
    f.dcs_count = 2;
    expect_cause(&f, "replication-lag");
    expect_beside(&f, "dc-silent", true);
    // The silent one has it: the guest is in step, and the first one is late.
    f.dcs[1] = view("dc2.corp.test");
    f.dcs[1].side.pwd_last_set = at(HOUR * second);
    add_pair(&f.evidence, 1, noon, at(HOUR * second), at(HOUR * second))->proven = true;
    take_newest(&f);
    expect_cause(&f, "dcs-differ");
    assert_string_equal(command_of(&f, "dcs-differ"),
                        "repadmin /replsummary; repadmin /syncall 'dc2.corp.test' /AdeP");
    expect_beside(&f, "dc-silent", false);
    // Both show less than was proven.
    f.dcs[1].side.pwd_last_set = at(0);
    f.evidence.guest.set_at = at(2 * HOUR * second);
    take_newest(&f);
    expect_cause(&f, "dc-restored");
    expect_beside(&f, "dcs-differ", false);
    // A third, which may have it, says nothing.
    f.dcs[2] = view("dc3.corp.test");
    f.dcs[2].side = (struct directory_side){.found = TRI_UNKNOWN};
    f.dcs_count = 3;
    expect_cause(&f, "replication-lag");
}

// What else two DCs may not agree about.
static void differing(void **state)
{
    struct cause_facts f = facts();

    (void)state;
    f.dcs[1] = view("dc2.corp.test");
    f.dcs_count = 2;
    take_newest(&f);
    expect_cause(&f, "in-step");
    f.dcs[1].side.uac = 0x1002;
    expect_cause(&f, "dcs-differ");
    f.dcs[1].side.uac = -1;
    expect_cause(&f, "in-step");
    snprintf(f.dcs[1].more.dn, sizeof f.dcs[1].more.dn, "cn=ws1,OU=VDI,DC=corp,DC=test");
    expect_cause(&f, "in-step");
    snprintf(f.dcs[1].more.dn, sizeof f.dcs[1].more.dn, "CN=WS1,OU=Old,DC=corp,DC=test");
    expect_cause(&f, "dcs-differ");
    f.dcs[1] = view("dc2.corp.test");
    f.dcs[1].side.found = TRI_NO;
    expect_cause(&f, "dcs-differ");
    f.dcs[1].side.found = TRI_UNKNOWN;
    expect_cause(&f, "in-step");
}

static void names_and_rotation(void **state)
{
    const int64_t day = INT64_C(86400) * second;
    struct cause_facts f = facts();

    (void)state;
    f.dcs[0].more.has_spn = TRI_NO;
    expect_cause(&f, "spn-missing");
    assert_string_equal(command_of(&f, "spn-missing"), "setspn -S 'HOST/ws1.corp.test' 'WS1$'");
    f.dcs[0].more.has_spn = TRI_UNKNOWN;
    expect_cause(&f, "in-step");
    snprintf(f.dcs[0].more.spn_other, sizeof f.dcs[0].more.spn_other, "WS9$");
    expect_cause(&f, "spn-duplicate");
    assert_string_equal(command_of(&f, "spn-duplicate"), "setspn -D 'HOST/ws1.corp.test' 'WS9$'");

    f = facts();
    f.running = TRI_NO;
    f.now_us = noon + 30 * day;
    expect_cause(&f, "in-step");
    f.now_us++;
    expect_cause(&f, "rotation-overdue");
    f.running = TRI_YES;
    expect_cause(&f, "in-step");
    f.running = TRI_NO;
    f.disk.max_age_days = 60;
    expect_cause(&f, "in-step");
    f.disk.max_age_days = -1; // Windows' own
    expect_cause(&f, "rotation-overdue");
    f.disk.rotation_off = TRI_YES;
    expect_cause(&f, "rotation-disabled");
    f.disk.rotation_off = TRI_UNKNOWN;
    expect_beside(&f, "rotation-disabled", false);
}

static void other_secrets(void **state)
{
    struct cause_facts f = facts();

    (void)state;
    f.dcs[0].more.laps_expires = at(0);
    f.disk.bitlocker = TRI_YES;
    expect_beside(&f, "laps-went-back", false);
    expect_beside(&f, "bitlocker-went-back", false);
    f.rolled = true;
    f.rollback = ROLLBACK_REVERT_RUNNING;
    expect_beside(&f, "laps-went-back", true);
    expect_beside(&f, "bitlocker-went-back", true);
    f.dcs[0].more.laps_expires = 0;
    f.disk.bitlocker = TRI_UNKNOWN;
    expect_beside(&f, "laps-went-back", false);
    expect_beside(&f, "bitlocker-went-back", false);
    expect_beside(&f, "vtpm-went-back", false);
    expect_beside(&f, "entra-went-back", false);
    f.tpm = f.disk.entra = TRI_YES;
    expect_beside(&f, "vtpm-went-back", true);
    expect_beside(&f, "entra-went-back", true);
    assert_string_equal(command_of(&f, "vtpm-went-back"), "Get-Tpm; manage-bde -status");
    assert_string_equal(command_of(&f, "entra-went-back"), "dsregcmd /status");
    f.disk.windows = TRI_NO;
    assert_string_equal(command_of(&f, "vtpm-went-back"), "journalctl -b -u 'systemd-cryptsetup@*'");
    f.rolled = false;
    expect_beside(&f, "vtpm-went-back", false);
    expect_beside(&f, "entra-went-back", false);
    // A rollback that only the ledger betrays.
    fall_behind(&f, HOUR * second);
    add_pair(&f.evidence, 2, noon + HOUR * second, at(HOUR * second), at(HOUR * second));
    expect_beside(&f, "vtpm-went-back", true);
    expect_beside(&f, "entra-went-back", true);
}

static void unknowns(void **state)
{
    struct cause_facts f = facts();

    (void)state;
    f.evidence.pairs_count = 0;
    expect_cause(&f, "undecided");
    f.disk.isolated = TRI_YES;
    expect_cause(&f, "isolated-identity");
    f.disk.isolated = TRI_UNKNOWN;
    f.evidence.guest.known = false;
    snprintf(f.evidence.guest.why, sizeof f.evidence.guest.why, "the disk is away");
    expect_cause(&f, "not-read");
    snprintf(f.evidence.guest.why_code, sizeof f.evidence.guest.why_code, "encrypted");
    expect_cause(&f, "encrypted");
    f = facts();
    f.evidence.pairs_count = 0;
    f.dcs_count = 0;
    take_newest(&f);
    expect_cause(&f, "no-directory");
}

// What rests on the disk is no surer than the look; a guest's words steer no shell and no terminal.
static void confidence_and_words(void **state)
{
    struct cause_facts f = facts();
    struct cause c;

    (void)state;
    f.disk.netlogon_off = TRI_YES;
    c = cause_now(&f);
    assert_int_equal(c.found[0].confidence, CONFIDENCE_CERTAIN);
    f.stale = true;
    c = cause_now(&f);
    assert_int_equal(c.found[0].confidence, CONFIDENCE_LIKELY);

    f = facts();
    snprintf(f.evidence.guest.sam, sizeof f.evidence.guest.sam, "x';reboot\x1b$");
    assert_string_equal(command_of(&f, "other-identity"), "virtrust bind vm1 'x'\\'';reboot?$'");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(controllers),   cmocka_unit_test(identities), cmocka_unit_test(accounts),
        cmocka_unit_test(copies),        cmocka_unit_test(rollbacks),  cmocka_unit_test(changed_elsewhere),
        cmocka_unit_test(ahead),         cmocka_unit_test(differing),  cmocka_unit_test(names_and_rotation),
        cmocka_unit_test(other_secrets), cmocka_unit_test(unknowns),   cmocka_unit_test(confidence_and_words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
