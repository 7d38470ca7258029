// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// Hives made by tool: the cases of which no real hive is at hand. Runs everywhere, the real hives present or
// not.
#include "tests/unit/command.h"
#include "tests/unit/inspect_common.h"

#include "common/os/seal.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define MEMBER "computer=WS1 netbios=LAB dns=lab.test domain_sid=S-1-5-21-1-2-3 machine_sid=S-1-5-21-7-8-9 "
#define SECRET "set_at=133203110020139115 secret=one "

static char dir[] = "/tmp/virtrust-test-XXXXXX";

// Makes the hives with mkhive's keys and looks at them.
static int made(const char *keys, struct evidence *e, struct failure *f)
{
    _cleanup_hive_set_ struct hive_set set = {0};
    const char *bin = getenv("VIRTRUST_BIN_DIR");
    char mkhive[256];

    run("rm -f %s/*", dir);
    snprintf(mkhive, sizeof mkhive, "%s/../test/mkhive %s", bin ? bin : "build/bin", dir);
    run("%s %s", mkhive, keys);
    evidence_init(e);
    if (hives_dir_read(dir, &set, f) < 0)
        return -1;
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
    struct evidence e, again, rotated;

    (void)state;
    assert_int_equal(
        made(MEMBER SECRET "account_sid=S-1-5-21-1-2-3-1107 product=WinNT max_age=30 disable=0", &e, &f), 0);
    assert_int_equal(e.joined, ANSWER_YES);
    assert_int_equal(e.role, ROLE_MEMBER);
    assert_string_equal(e.account_sid, "S-1-5-21-1-2-3-1107");
    assert_string_equal(e.machine_sid, "S-1-5-21-7-8-9");
    assert_int_equal(e.change_disabled, ANSWER_NO);
    assert_int_equal(e.hives[HIVE_SYSTEM].state, HIVE_CLEAN);
    assert_int_equal(e.doubt_count, 0);
    // The fingerprint is of the secret object alone.
    assert_int_equal(made(MEMBER "set_at=133203110020139999 secret=one product=ServerNT", &again, &f), 0);
    assert_int_equal(again.role, ROLE_MEMBER);
    assert_memory_equal(e.secret_sha256, again.secret_sha256, 32);
    assert_int_equal(made(MEMBER "set_at=133203110020139115 secret=two product=WinNT", &rotated, &f), 0);
    assert_memory_not_equal(e.secret_sha256, rotated.secret_sha256, 32);
}

static void test_roles(void **state)
{
    struct failure f = {0};
    struct evidence e;

    (void)state;
    // A domain controller's account domain is the domain; SYSTEM knows its name.
    assert_int_equal(made("computer=LAB netbios=LAB domain_sid=S-1-5-21-1-2-3 machine_sid=S-1-5-21-1-2-3 "
                          "system_computer=DC1 product=LanmanNT " SECRET,
                          &e, &f),
                     0);
    assert_int_equal(e.role, ROLE_DOMAIN_CONTROLLER);
    assert_string_equal(e.computer, "DC1");
    assert_false(doubted(&e, "names-differ"));
    assert_int_equal(made("computer=WS1 netbios=WORKGROUP product=WinNT", &e, &f), 0);
    assert_int_equal(e.joined, ANSWER_NO);
    assert_int_equal(e.role, ROLE_WORKGROUP);
    assert_string_equal(e.sam_account_name, "");
    assert_int_equal(made(MEMBER SECRET, &e, &f), 0);
    assert_int_equal(e.role, ROLE_UNKNOWN);
    assert_true(doubted(&e, "no-system-hive"));
    assert_int_equal(made(MEMBER SECRET "product=Nonsense", &e, &f), 0);
    assert_int_equal(e.role, ROLE_UNKNOWN);
}

// Names in other scripts, in the hive's own writing, a character beyond 16 bits among them.
static void test_other_scripts(void **state)
{
    struct failure f = {0};
    struct evidence e;

    (void)state;
    assert_int_equal(made("computer=БУХГАЛТЕРІЯ netbios=BÜRO dns=bücher.ελλάς.test domain_sid=S-1-5-21-1-2-3 "
                          "product=WinNT system_computer=бухгалтерія " SECRET,
                          &e, &f),
                     0);
    assert_string_equal(e.computer, "БУХГАЛТЕРІЯ");
    assert_string_equal(e.sam_account_name, "БУХГАЛТЕРІЯ$");
    assert_string_equal(e.netbios, "BÜRO");
    assert_string_equal(e.dns, "bücher.ελλάς.test");
    assert_int_equal(e.doubt_count, 0);
    assert_int_equal(made("computer=😀-1 netbios=日本 product=WinNT", &e, &f), 0);
    assert_string_equal(e.computer, "😀-1");
    assert_string_equal(e.netbios, "日本");
}

static void test_doubts(void **state)
{
    struct failure f = {0};
    struct evidence e;

    (void)state;
    assert_int_equal(made(MEMBER SECRET "product=WinNT system_computer=NEWNAME dirty=1", &e, &f), 0);
    assert_true(doubted(&e, "names-differ"));
    assert_true(doubted(&e, "dirty-hive"));
    assert_string_equal(e.computer, "WS1");
    assert_int_equal(e.hives[HIVE_SECURITY].state, HIVE_DIRTY);
    assert_int_equal(e.hives[HIVE_SECURITY].seq1, e.hives[HIVE_SECURITY].seq2 + 1);
    // No CupdTime; one that is no time; a domain without its secret.
    assert_int_equal(made(MEMBER "secret=one product=WinNT", &e, &f), 0);
    assert_true(e.filetime == 0 && doubted(&e, "no-set-time"));
    assert_int_equal(made(MEMBER "secret=one set_at=5 product=WinNT", &e, &f), 0);
    assert_true(e.filetime == 0 && doubted(&e, "no-set-time"));
    assert_int_equal(made(MEMBER "product=WinNT", &e, &f), 0);
    assert_int_equal(e.joined, ANSWER_NO);
    assert_true(doubted(&e, "no-secret"));
}

// Names of files in any case; other files are let alone; a hive that is a pipe does not hold the look up.
static void test_directory(void **state)
{
    struct failure f = {0};
    struct evidence e;
    _cleanup_hive_set_ struct hive_set set = {0}, none = {0}, pipe = {0};

    (void)state;
    assert_int_equal(made(MEMBER SECRET "product=WinNT", &e, &f), 0);
    run("cd %s && mv SECURITY sEcUrItY && mv SYSTEM system && echo log > Security.Log1 && echo x > "
        "SECURITY.old && cp system %s/sam",
        dir, dir);
    assert_int_equal(hives_dir_read(dir, &set, &f), 0);
    assert_true(set.in[HIVE_SECURITY].file && set.in[HIVE_SYSTEM].file && set.in[HIVE_SAM].file);
    assert_null(set.in[HIVE_SOFTWARE].file);
    assert_true(set.in[HIVE_SECURITY].logs[0] && set.in[HIVE_SECURITY].logs[0]->size == 4);
    assert_null(set.in[HIVE_SECURITY].logs[1]);
    hive_set_done(&set);
    run("rm %s/Security.Log1 && mkfifo %s/Security.Log1", dir, dir);
    assert_int_equal(hives_dir_read(dir, &set, &f), 0);
    assert_true(set.in[HIVE_SECURITY].file && !set.in[HIVE_SECURITY].logs[0]);
    run("rm %s/sEcUrItY && mkfifo %s/SECURITY", dir, dir);
    assert_int_equal(hives_dir_read(dir, &pipe, &f), -1);
    assert_string_equal(f.code, "not-a-hive");
    run("rm %s/* && touch %s/readme", dir, dir);
    assert_int_equal(hives_dir_read(dir, &none, &f), -1);
    assert_string_equal(f.code, "no-os");
    assert_int_equal(hives_dir_read("/no/such/directory", &none, &f), -1);
    assert_string_equal(f.code, "no-such-disk");
}

static void test_not_hives(void **state)
{
    _cleanup_hive_set_ struct hive_set text = {0}, empty = {0}, checksum = {0};
    struct failure f = {0};
    struct evidence e;

    (void)state;
    run("rm -f %s/*; yes text | head -c 9000 > %s/SECURITY", dir, dir);
    assert_int_equal(hives_dir_read(dir, &text, &f), 0);
    evidence_init(&e);
    assert_int_equal(windows_evidence(&text, &e, &f), -1);
    assert_string_equal(f.code, "not-a-hive");
    run("rm -f %s/*; : > %s/SECURITY", dir, dir);
    assert_int_equal(hives_dir_read(dir, &empty, &f), 0);
    assert_int_equal(windows_evidence(&empty, &e, &f), -1);
    assert_string_equal(f.code, "not-a-hive");
    assert_int_equal(made(MEMBER SECRET, &e, &f), 0);
    run("printf x | dd of=%s/SECURITY bs=1 seek=100 conv=notrunc status=none", dir);
    assert_int_equal(hives_dir_read(dir, &checksum, &f), 0);
    assert_int_equal(windows_evidence(&checksum, &e, &f), -1);
    assert_string_equal(f.code, "damaged-hive");
    assert_non_null(strstr(f.err.text, "checksum"));
}

static void test_utf16(void **state)
{
    char text[HIVE_TEXT_MAX];

    (void)state;
    // An odd length, junk behind the NUL, a lone surrogate, a pair, a newline.
    utf16_text((const unsigned char *)"A\0B\0C", 5, text);
    assert_string_equal(text, "AB");
    utf16_text((const unsigned char *)"A\0\0\0Z\0", 6, text);
    assert_string_equal(text, "A");
    utf16_text((const unsigned char *)"\x00\xd8Z\0\x3d\xd8\x00\xde\n\0", 10, text);
    assert_string_equal(text, "\xef\xbf\xbdZ\xf0\x9f\x98\x80\xef\xbf\xbd");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_member),    cmocka_unit_test(test_roles),
        cmocka_unit_test(test_doubts),    cmocka_unit_test(test_other_scripts),
        cmocka_unit_test(test_directory), cmocka_unit_test(test_not_hives),
        cmocka_unit_test(test_utf16),
    };
    int rc;

    if (!mkdtemp(dir))
        return 1;
    rc = cmocka_run_group_tests(tests, NULL, NULL);
    run("rm -rf %s", dir);
    return rc;
}
