// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// The workers' records as core's evidence: what is hostile, absent or odd becomes unknown, never a guess.
#include "daemon/engine/chains.h"
#include "daemon/engine/due.h"
#include "daemon/engine/sides.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const struct hostkey key = {{1, 2, 3}};
static const char sha[] = "28858da8ff4a1a8583674e628d5fb040125cd3e6215db9808d5b70db943b479d";

static struct record *evidence(void)
{
    struct record *r = record_new("evidence");

    record_add(r, "joined", "1");
    record_add(r, "role", "member");
    record_add(r, "sam_account_name", "VDI-017$");
    record_add(r, "domain.dns", "corp.example");
    record_add(r, "secret_sha256", sha);
    record_add(r, "password.filetime", "131230852838165380");
    record_add(r, "password.kvno", "7");
    return r;
}

static void a_good_look(void **state)
{
    _cleanup_record_ struct record *r = evidence();
    struct guest_side side;
    unsigned char raw[HASH];

    (void)state;
    side_of_disk(r, &key, &side);
    assert_true(side.known);
    assert_int_equal(side.joined, TRI_YES);
    assert_int_equal(side.role, ROLE_MEMBER);
    assert_string_equal(side.sam, "VDI-017$");
    assert_int_equal(side.kvno, 7);
    assert_true(side.set_at == 131230852838165380u);
    assert_true(side.has_fingerprint);
    assert_false(side.doubtful);
    assert_int_equal(record_get_hex(r, "secret_sha256", raw, sizeof raw), 0);
    assert_memory_not_equal(side.fingerprint, raw, HASH); // keyed: the bare hash is not what is remembered
}

static void nonsense_is_unknown(void **state)
{
    _cleanup_record_ struct record *r = record_new("evidence");
    struct guest_side side;

    (void)state;
    record_add(r, "joined", "yes");
    record_add(r, "role", "emperor");
    record_add(r, "sam_account_name",
               "A-NAME-THAT-IS-MUCH-LONGER-THAN-ANY-SAM-ACCOUNT-NAME-CAN-EVER-BE-IN-A-DIRECTORY$");
    record_add(r, "account_sid", "S-1-5-21-not-a-sid");
    record_add(r, "secret_sha256", "28858da8");
    record_add(r, "password.filetime", "12");
    record_add(r, "password.kvno", "-4");
    side_of_disk(r, &key, &side);
    assert_true(side.known);
    assert_int_equal(side.joined, TRI_UNKNOWN);
    assert_int_equal(side.role, ROLE_UNKNOWN);
    assert_string_equal(side.sam, "");
    assert_string_equal(side.account_sid, "");
    assert_false(side.has_fingerprint);
    assert_true(side.set_at == 0);
    assert_int_equal(side.kvno, -1);
}

static void failures_keep_their_reason(void **state)
{
    _cleanup_record_ struct record *r = record_new("error");
    struct guest_side side;
    struct directory_side directory;

    (void)state;
    record_add(r, "code", "encrypted");
    record_add(r, "text", "the disk is encrypted by LUKS");
    side_of_disk(r, &key, &side);
    assert_false(side.known);
    assert_string_equal(side.why_code, "encrypted");
    assert_string_equal(side.why, "the disk is encrypted by LUKS");
    side_of_directory(r, 0, &directory);
    assert_false(directory.known);
    assert_int_equal(directory.found, TRI_UNKNOWN);
    side_of_disk(NULL, &key, &side);
    assert_false(side.known);
}

static void who_read_it_is_kept(void **state)
{
    _cleanup_record_ struct record *r = evidence();
    struct guest_side side;

    (void)state;
    side_of_disk(r, &key, &side);
    assert_string_equal(side.engine, "");
    record_add(r, "engine", "guestfs 1.48.6 (direct: LVM)");
    side_of_disk(r, &key, &side);
    assert_string_equal(side.engine, "guestfs 1.48.6 (direct: LVM)");
}

static void doubts_that_matter(void **state)
{
    static const struct {
        const char *id, *security;
        bool doubtful;
    } cases[] = {
        {"live", "clean", false},
        {"no-system-hive", "clean", false},
        {"dirty-hive", "clean", false},
        {"dirty-hive", "dirty", true},
        {"live", "replayed", false},
        {"log-gap", "replayed", false}, // SYSTEM's, it says nothing of the date
        {"damaged-hive", "damaged", true},
        {"several-systems", "clean", true},
        {"other-systems", "clean", false}, // the one that is a member was read
        {"volume-not-read", "clean", false},
        {"encrypted-volume", "clean", true},
        {"damaged-keytab", "clean", true},
        {"something-newer", "clean", true},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        _cleanup_record_ struct record *r = evidence();
        struct guest_side side;

        record_add(r, "hive.security.state", cases[i].security);
        record_add(r, "doubt.0.id", cases[i].id);
        record_add(r, "doubt.0.text", "why");
        side_of_disk(r, &key, &side);
        assert_int_equal(side.doubtful, cases[i].doubtful);
    }
}

// A hive whose logs were replayed only in part: the date that was read may be an old one.
static void a_gap_in_the_logs_matters(void **state)
{
    _cleanup_record_ struct record *r = evidence();
    struct guest_side side;

    (void)state;
    record_add(r, "hive.security.state", "replayed");
    record_add(r, "hive.security.log_gap", "1");
    side_of_disk(r, &key, &side);
    assert_true(side.doubtful);
    assert_true(side.doubt[0]);
}

static void an_account_becomes_a_binding(void **state)
{
    _cleanup_record_ struct record *r = record_new("account");
    struct binding b = {.name = "untouched"};

    (void)state;
    record_add(r, "found", "1");
    record_add(r, "name", "VDI-017$");
    record_add(r, "sid", "S-1-5-21-1-2-3-1104");
    assert_int_equal(binding_of_account(r, "uuid", "corp.example", "policy", 5, &b), -EBADMSG);
    assert_string_equal(b.name, "untouched");
    record_add(r, "guid", "d19f698d-b549-4eea-bd9b-123cde99335e");
    assert_int_equal(binding_of_account(r, "uuid", "corp.example", "policy", 5, &b), 0);
    assert_string_equal(b.name, "VDI-017$");
    assert_string_equal(b.how, "policy");
}

static void dues_are_taken_in_time(void **state)
{
    struct due_list list = {0};
    struct due d;

    (void)state;
    assert_true(due_next(&list) == 0);
    assert_int_equal(due_set(&list, DUE_JOB, 3, NULL, 300), 0);
    assert_int_equal(due_set(&list, DUE_GUEST, 0, "g", 200), 0);
    assert_int_equal(due_set(&list, DUE_JOB, 3, NULL, 100), 0); // replaces
    assert_true(due_next(&list) == 100);
    assert_false(due_take(&list, 99, &d));
    assert_true(due_take(&list, 150, &d));
    assert_int_equal(d.kind, DUE_JOB);
    assert_false(due_take(&list, 150, &d));
    assert_int_equal(due_set(&list, DUE_GUEST, 0, "g", 0), 0); // removes
    assert_true(due_next(&list) == 0);
    due_done(&list);
}

static struct record *disk(const char *path, const char *backing)
{
    struct record *r = record_new("signal");

    record_add(r, "state", backing ? "running" : "off");
    record_add(r, "disk.0.path", path);
    record_add(r, "disk.0.backing.0.path", backing);
    record_add(r, "disk.0.backing.0.format", backing ? "qcow2" : NULL);
    return r;
}

static void an_off_guest_keeps_its_chain(void **state)
{
    _cleanup_record_ struct record *ran = disk("/vm.qcow2", "/base.qcow2"), *off = disk("/vm.qcow2", NULL);
    _cleanup_record_ struct record *moved = disk("/other.qcow2", NULL), *kept = NULL, *fresh = NULL,
                                   *alone = NULL;
    _cleanup_record_ struct record *rebased = disk("/vm.qcow2", "/new.qcow2"), *own = NULL;

    (void)state;
    assert_int_equal(chains_keep(ran, off, &kept), 0);
    assert_string_equal(record_get(kept, "disk.0.backing.0.path"), "/base.qcow2");
    assert_string_equal(record_get(kept, "disk.0.backing.0.format"), "qcow2");
    assert_string_equal(record_get(kept, "state"), "off");
    assert_int_equal(chains_keep(ran, moved, &fresh), 0);
    assert_null(record_get(fresh, "disk.0.backing.0.path"));
    assert_int_equal(chains_keep(NULL, off, &alone), 0);
    assert_null(record_get(alone, "disk.0.backing.0.path"));
    assert_int_equal(chains_keep(ran, rebased, &own), 0);
    assert_string_equal(record_get(own, "disk.0.backing.0.path"), "/new.qcow2");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_look),
        cmocka_unit_test(nonsense_is_unknown),
        cmocka_unit_test(failures_keep_their_reason),
        cmocka_unit_test(who_read_it_is_kept),
        cmocka_unit_test(doubts_that_matter),
        cmocka_unit_test(a_gap_in_the_logs_matters),
        cmocka_unit_test(an_account_becomes_a_binding),
        cmocka_unit_test(dues_are_taken_in_time),
        cmocka_unit_test(an_off_guest_keeps_its_chain),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
