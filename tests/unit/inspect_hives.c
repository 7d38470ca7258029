// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// The facts of the real hives, of the damaged ones.
#include "tests/unit/inspect_common.h"

#include "common/hex.h"
#include "common/os/seal.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static char *hives;

// One answer of `folder`: SECURITY and SYSTEM, those that are there.
static int look(const char *folder, struct evidence *e, struct failure *f)
{
    _cleanup_hive_set_ struct hive_set set = {0};
    _cleanup_free_ char *dir = NULL;

    assert_true(asprintf(&dir, "%s/%s", hives, folder) > 0);
    for (enum hive_name name = 0; name < HIVE_NAMES; name++) {
        _cleanup_blob_ struct blob b = {0};

        if (read_xz(dir, hive_file_names[name], &b) == 0)
            set_add(&set, name, &b);
        for (unsigned log = 0; log < HIVE_LOGS; log++) {
            _cleanup_free_ char *file = NULL;

            assert_true(asprintf(&file, "%s%s", hive_file_names[name], hive_log_suffixes[log]) > 0);
            if (read_xz(dir, file, &b) == 0)
                set_add_log(&set, name, log, &b);
        }
    }
    evidence_init(e);
    return windows_evidence(&set, e, f);
}

static bool doubted(const struct evidence *e, const char *id)
{
    for (size_t i = 0; i < e->doubt_count; i++) {
        if (strcmp(e->doubts[i].id, id) == 0)
            return true;
    }
    return false;
}

static void test_member(void **state)
{
    struct failure f = {0};
    struct evidence e;

    (void)state;
    assert_int_equal(look("member-rotated", &e, &f), 0);
    assert_string_equal(e.os, "windows");
    assert_int_equal(e.joined, ANSWER_YES);
    assert_int_equal(e.role, ROLE_UNKNOWN);
    assert_string_equal(e.computer, "STUDENT-PC8");
    assert_string_equal(e.sam_account_name, "STUDENT-PC8$");
    assert_string_equal(e.netbios, "INTERNAL");
    assert_string_equal(e.dns, "internal.greendale.edu");
    assert_string_equal(e.domain_sid, "S-1-5-21-226059406-2984137831-1201299043");
    assert_true(e.filetime == 131230852838165380ull);
    assert_int_equal(e.hives[HIVE_SECURITY].state, HIVE_CLEAN);
    assert_int_equal(e.hives[HIVE_SECURITY].seq1, 183);
    assert_int_equal(e.hives[HIVE_SECURITY].seq2, 183);
    assert_int_equal(e.hives[HIVE_SYSTEM].state, HIVE_MISSING);
    assert_true(e.has_secret);
    assert_true(doubted(&e, "no-system-hive"));
    assert_false(doubted(&e, "dirty-hive"));
}

static void test_servers(void **state)
{
    struct failure f = {0};
    struct evidence a, b;

    (void)state;
    assert_int_equal(look("server2016", &a, &f), 0);
    assert_string_equal(a.computer, "WIN-0KKFJVVGUGE");
    assert_string_equal(a.netbios, "TEST");
    assert_string_equal(a.dns, "TEST.corp");
    assert_true(a.filetime == 133203110020139115ull);
    assert_int_equal(a.hives[HIVE_SECURITY].seq1, 116);
    assert_int_equal(a.role, ROLE_UNKNOWN);
    assert_int_equal(look("server2012", &b, &f), 0);
    assert_string_equal(b.computer, "WIN-E0V8E8CNRR7");
    assert_string_equal(b.dns, "TEST.CORP");
    assert_true(b.filetime == 133203006157200271ull);
    assert_int_equal(b.hives[HIVE_SECURITY].seq1, 154);
    assert_memory_not_equal(a.secret_sha256, b.secret_sha256, sizeof a.secret_sha256);
}

static void test_workgroup(void **state)
{
    struct failure f = {0};
    struct evidence e;

    (void)state;
    assert_int_equal(look("workgroup-dirty", &e, &f), 0);
    assert_int_equal(e.joined, ANSWER_NO);
    assert_string_equal(e.computer, "DESKTOP-M964FJN");
    assert_string_equal(e.sam_account_name, "");
    assert_string_equal(e.netbios, "WORKGROUP");
    assert_false(e.has_secret);
    assert_true(e.filetime == 0);
    assert_int_equal(e.hives[HIVE_SECURITY].state, HIVE_DIRTY);
    assert_int_equal(e.hives[HIVE_SECURITY].seq1, 107);
    assert_int_equal(e.hives[HIVE_SECURITY].seq2, 106);
    assert_true(doubted(&e, "dirty-hive"));
}

static void test_system_alone(void **state)
{
    struct failure f = {0};
    struct evidence e;

    (void)state;
    assert_int_equal(look("member-win7", &e, &f), 0);
    assert_int_equal(e.joined, ANSWER_UNKNOWN);
    assert_int_equal(e.role, ROLE_UNKNOWN);
    assert_string_equal(e.computer, "WKS-WIN732BITA");
    assert_string_equal(e.dns, "shieldbase.local");
    assert_true(e.has_max_age);
    assert_int_equal(e.max_age_days, 30);
    assert_true(doubted(&e, "no-security-hive"));
    assert_int_equal(look("dirty-with-logs", &e, &f), 0);
    assert_string_equal(e.computer, "DESKTOP-PM6C56D");
    assert_int_equal(e.hives[HIVE_SYSTEM].state, HIVE_REPLAYED);
    assert_int_equal(e.hives[HIVE_SYSTEM].entries_replayed, 24);
    assert_int_equal(e.hives[HIVE_SYSTEM].seq1, 1622);
    assert_int_equal(e.hives[HIVE_SYSTEM].seq2, 1621);
    // Its first entry is 2107, not 1621.
    assert_true(doubted(&e, "log-gap"));
}

// A damaged file in the place of each hive: a reason, never a fact.
static void test_damaged(void **state)
{
    static const struct {
        const char *name, *code;
    } cases[] = {
        {"bad-hbin-header", "damaged-hive"},
        {"trailing-garbage", "damaged-hive"},
        {"no-policy-root", "not-a-hive"},
        {"bad-subkey-list", "damaged-hive"},
    };
    _cleanup_free_ char *dir = NULL;

    (void)state;
    assert_true(asprintf(&dir, "%s/damaged", hives) > 0);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        for (enum hive_name name = HIVE_SECURITY; name <= HIVE_SYSTEM; name++) {
            _cleanup_hive_set_ struct hive_set set = {0};
            _cleanup_blob_ struct blob b = {0};
            struct failure f = {0};
            struct evidence e;

            assert_int_equal(read_xz(dir, cases[i].name, &b), 0);
            set_add(&set, name, &b);
            evidence_init(&e);
            assert_int_equal(windows_evidence(&set, &e, &f), -1);
            assert_string_equal(f.code, name == HIVE_SECURITY ? cases[i].code : "damaged-hive");
            assert_int_equal(failure_exit(f.code), EXIT_NO_LOOK);
            assert_true(f.err.text[0] && f.next[0]);
        }
    }
}

// A sound SECURITY beside a broken SYSTEM: what is known stays known, the role does not.
static void test_half_damaged(void **state)
{
    _cleanup_hive_set_ struct hive_set set = {0};
    _cleanup_blob_ struct blob good = {0}, bad = {0};
    _cleanup_free_ char *a = NULL, *b = NULL;
    struct failure f = {0};
    struct evidence e;

    (void)state;
    assert_true(asprintf(&a, "%s/server2016", hives) > 0 && asprintf(&b, "%s/damaged", hives) > 0);
    assert_int_equal(read_xz(a, "SECURITY", &good), 0);
    assert_int_equal(read_xz(b, "trailing-garbage", &bad), 0);
    set_add(&set, HIVE_SECURITY, &good);
    set_add(&set, HIVE_SYSTEM, &bad);
    evidence_init(&e);
    assert_int_equal(windows_evidence(&set, &e, &f), 0);
    assert_int_equal(e.joined, ANSWER_YES);
    assert_int_equal(e.role, ROLE_UNKNOWN);
    assert_int_equal(e.hives[HIVE_SYSTEM].state, HIVE_DAMAGED);
    assert_true(doubted(&e, "damaged-hive"));
}

// A look reads what it needs, not what there is.
static void test_bytes_read(void **state)
{
    static const struct {
        const char *folder;
        enum hive_name name;
        uint64_t most;
    } cases[] = {
        {"member-rotated", HIVE_SECURITY, 32 * 1024},      {"server2016", HIVE_SECURITY, 40 * 1024},
        {"server2012", HIVE_SECURITY, 32 * 1024},          {"member-win7", HIVE_SYSTEM, 512 * 1024},
        {"dirty-with-logs", HIVE_SYSTEM, 7 * 1024 * 1024}, // its logs are 6 MB, and their checksums need all of it
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct failure f = {0};
        struct evidence e;

        assert_int_equal(look(cases[i].folder, &e, &f), 0);
        print_message("%s/%s: %llu bytes read\n", cases[i].folder, hive_file_names[cases[i].name],
                      (unsigned long long)e.hives[cases[i].name].bytes_read);
        assert_true(e.hives[cases[i].name].bytes_read <= cases[i].most);
    }
}

// The record has the names of PROTOCOL.md and no byte of the secret itself.
static void test_record(void **state)
{
    _cleanup_record_ struct record *r = NULL;
    struct failure f = {0};
    struct evidence e;
    char hash[65];

    (void)state;
    assert_int_equal(look("member-rotated", &e, &f), 0);
    r = evidence_record(&e);
    assert_true(record_is(r, "evidence"));
    assert_int_equal(record_get_bool(r, "joined"), 1);
    assert_string_equal(record_get(r, "password.filetime"), "131230852838165380");
    assert_string_equal(record_get(r, "domain.netbios"), "INTERNAL");
    assert_string_equal(record_get(r, "hive.security.state"), "clean");
    assert_string_equal(record_get(r, "hive.system.state"), "missing");
    assert_null(record_get(r, "password.kvno"));
    hex_encode(e.secret_sha256, 32, hash);
    assert_string_equal(record_get(r, "secret_sha256"), hash);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_member),     cmocka_unit_test(test_servers),
        cmocka_unit_test(test_workgroup),  cmocka_unit_test(test_system_alone),
        cmocka_unit_test(test_damaged),    cmocka_unit_test(test_half_damaged),
        cmocka_unit_test(test_bytes_read), cmocka_unit_test(test_record),

    };
    int rc;

    hives = real_hives();
    if (!hives) {
        print_message("skipped: the real hives are not here (set VIRTRUST_HIVES)\n");
        return 77;
    }
    rc = cmocka_run_group_tests(tests, NULL, NULL);
    free(hives);
    return rc;
}
