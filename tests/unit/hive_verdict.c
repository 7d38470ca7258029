// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// From the hive's bytes to the verdict: a member whose newest password stands in a log is judged by that one; where
// the log cannot be used, the old date that is left makes no verdict.
#include "common/filetime.h"
#include "common/os/recio.h"
#include "daemon/core/judge.h"
#include "daemon/engine/sides.h"
#include "tests/unit/command.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define OLD "133203110020139115"    // the hive's own
#define NEWEST "133255110020139115" // two months later, and AD's

static char dir[] = "/tmp/virtrust-test-XXXXXX";
static const char *bin;

static int make(void **state)
{
    static const char member[] = "computer=WS1 netbios=CORP dns=corp.test domain_sid=S-1-5-21-1-2-3 "
                                 "machine_sid=S-1-5-21-7-8-9 account_sid=S-1-5-21-1-2-3-1105 product=WinNT";

    (void)state;
    bin = getenv("VIRTRUST_BIN_DIR");
    if (!bin)
        bin = "build/bin";
    if (!mkdtemp(dir))
        return -1;
    run("mkdir %s/old %s/newest %s/t", dir, dir, dir);
    run("%s/../test/mkhive %s/old %s secret=p0 set_at=" OLD, bin, dir, member);
    run("%s/../test/mkhive %s/newest security=%s/old/SECURITY secret=p1 set_at=" NEWEST, bin, dir, dir);
    return 0;
}

static int clean(void **state)
{
    (void)state;
    run("rm -rf %s", dir);
    return 0;
}

// The member's hives once more, then what the shell does to them ($T is where they lie).
static struct judgement judged(const char *shell)
{
    static const struct hostkey key = {{1}};
    _cleanup_record_ struct record *r = NULL;
    struct evidence e = {.bound = true, .tolerance_us = 600 * INT64_C(1000000)};
    struct err err = {0};
    char command[512];
    FILE *look;

    run("cd %s && rm -f t/* && cp old/* t && export T=%s/t BIN=%s/../test && %s", dir, dir, bin, shell);
    snprintf(command, sizeof command, "%s/virtrust-inspect --hives %s/t", bin, dir);
    look = popen(command, "r");
    assert_non_null(look);
    assert_int_equal(recio_read(fileno(look), 20000, &r, &err), 0);
    pclose(look);
    side_of_disk(r, &key, &e.guest);
    assert_true(e.guest.known);
    e.directory = (struct directory_side){.known = true, .found = TRI_YES, .kvno = -1, .uac = 0x1000};
    e.directory.pwd_last_set = strtoull(NEWEST, NULL, 10) + 10000;
    snprintf(e.directory.sid, sizeof e.directory.sid, "S-1-5-21-1-2-3-1105");
    snprintf(e.binding.sid, sizeof e.binding.sid, "S-1-5-21-1-2-3-1105");
    snprintf(e.binding.name, sizeof e.binding.name, "WS1$");
    snprintf(e.binding.domain, sizeof e.binding.domain, "corp.test");
    return judge(&e);
}

static void expect(const char *shell, enum verdict verdict, const char *cause)
{
    struct judgement j = judged(shell);

    if (j.verdict != verdict || strcmp(j.cause, cause) != 0)
        fail_msg("%s: %s (%s)", shell, j.cause, j.text);
}

static void test_clean(void **state)
{
    (void)state;
    expect("true", VERDICT_BEHIND, "date-older");
    expect("cp $T/../newest/SECURITY $T", VERDICT_UNKNOWN, "too-close");
}

static void test_replayed(void **state)
{
    (void)state;
    expect("$BIN/mkhivelog $T/SECURITY LOG1=$T/../newest/SECURITY", VERDICT_UNKNOWN, "too-close");
    expect("$BIN/mkhivelog $T/SECURITY LOG2=$T/../newest/SECURITY", VERDICT_UNKNOWN, "too-close");
    expect("$BIN/mkhivelog $T/SECURITY OLD=$T/../newest/SECURITY", VERDICT_UNKNOWN, "too-close");
    // The log leads to the old password: that is the truth, and behind.
    expect("$BIN/mkhivelog $T/SECURITY LOG1=$T/../old/SECURITY", VERDICT_BEHIND, "date-older");
}

static void test_doubtful(void **state)
{
    (void)state;
    expect("$BIN/mkhivelog $T/SECURITY LOG1=$T/../newest/SECURITY && rm $T/SECURITY.LOG1", VERDICT_UNKNOWN,
           "doubtful");
    expect("$BIN/mkhivelog $T/SECURITY LOG1=$T/../newest/SECURITY && printf x | dd of=$T/SECURITY.LOG1 bs=1 "
           "seek=5000 conv=notrunc status=none",
           VERDICT_UNKNOWN, "doubtful");
    expect("$BIN/mkhivelog $T/SECURITY LOG1=$T/../old/SECURITY LOG2=$T/../newest/SECURITY && printf x | dd "
           "of=$T/SECURITY.LOG2 bs=1 seek=5000 conv=notrunc status=none",
           VERDICT_UNKNOWN, "doubtful");
    // A machine identity that lies elsewhere: what $MACHINE.ACC says proves nothing.
    expect("$BIN/mkhive $T security=$T/../old/SECURITY 'SECURITY:Policy\\Secrets\\$MACHINE.ACC.IUM\\CurrVal'",
           VERDICT_UNKNOWN, "doubtful");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_clean),
        cmocka_unit_test(test_replayed),
        cmocka_unit_test(test_doubtful),
    };

    return cmocka_run_group_tests(tests, make, clean);
}
