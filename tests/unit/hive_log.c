// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// Transaction logs of a joined member's SECURITY hive, made by tool: where the newest password stands only in a log,
// it is found there; where the logs are missing, stale or broken, the old one is told with a doubt.
#include "tests/unit/hive_log_common.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void test_newest_in_one(void **state)
{
    (void)state;
    for (unsigned log = 0; log < HIVE_LOGS; log++) {
        struct blob logs[HIVE_LOGS] = {0};

        make_log(&logs[log], 0, 1, SEQ);
        expect(logs, HIVE_REPLAYED, 1, 1, NULL);
        make_log(&logs[log], 0, 2, SEQ);
        expect(logs, HIVE_REPLAYED, 2, 2, NULL);
    }
}

static void test_newest_in_both(void **state)
{
    (void)state;
    for (unsigned first = 0; first < 2; first++) {
        struct blob logs[HIVE_LOGS] = {0};

        make_log(&logs[first], 0, 1, SEQ);
        make_log(&logs[1 - first], 1, 2, SEQ + 1);
        expect(logs, HIVE_REPLAYED, 2, 2, NULL);
    }
}

// The fingerprint is that of the secret in the log.
static void test_fingerprint(void **state)
{
    struct blob logs[HIVE_LOGS] = {0}, none[HIVE_LOGS] = {0}, file = {0}, newest = {0};
    struct failure f = {0};
    struct evidence replayed, plain;

    (void)state;
    make_log(&logs[1], 0, 2, SEQ);
    dirty_hive(&file);
    assert_int_equal(look(&file, logs, &replayed, &f), 0);
    assert_int_equal(blob_copy(&newest, states[2].data, states[2].len), 0);
    assert_int_equal(look(&newest, none, &plain, &f), 0);
    assert_memory_equal(replayed.secret_sha256, plain.secret_sha256, 32);
}

// Sequence numbers run over.
static void test_numbers_run_over(void **state)
{
    struct blob logs[HIVE_LOGS] = {0}, file = {0};
    struct failure f = {0};
    struct evidence e;

    (void)state;
    assert_int_equal(blob_copy(&file, states[0].data, states[0].len), 0);
    hivelog_dirty(&file, 0, UINT32_MAX);
    make_log(&logs[0], 0, 1, UINT32_MAX);
    make_log(&logs[1], 1, 2, 0);
    assert_int_equal(look(&file, logs, &e, &f), 0);
    assert_int_equal(e.hives[HIVE_SECURITY].entries_replayed, 2);
    assert_true(e.filetime == dates[2]);
}

// A clean hive is taken as it is, whatever lies in its logs.
static void test_clean(void **state)
{
    struct blob logs[HIVE_LOGS] = {0}, file = {0};
    struct failure f = {0};
    struct evidence e;

    (void)state;
    assert_int_equal(blob_copy(&file, states[0].data, states[0].len), 0);
    hivelog_dirty(&file, SEQ, SEQ);
    make_log(&logs[0], 0, 2, SEQ);
    assert_int_equal(look(&file, logs, &e, &f), 0);
    assert_int_equal(e.hives[HIVE_SECURITY].state, HIVE_CLEAN);
    assert_true(e.filetime == dates[0]);
}

static void test_missing_or_stale(void **state)
{
    struct blob logs[HIVE_LOGS] = {0};

    (void)state;
    expect(logs, HIVE_DIRTY, 0, 0, "dirty-hive");
    // An empty file, as Windows keeps one for .LOG.
    logs[2] = (struct blob){calloc(1, 1), 0};
    expect(logs, HIVE_DIRTY, 0, 0, "dirty-hive");
    make_log(&logs[0], 1, 2, SEQ - 7);
    make_log(&logs[1], 0, 1, SEQ - 9);
    expect(logs, HIVE_DIRTY, 0, 0, "dirty-hive");
    // What earlier times left behind the chain is let alone, broken or not.
    make_log(&logs[0], 0, 1, SEQ);
    hivelog_entry(&logs[0], &states[1], &states[2], SEQ - 5);
    expect(logs, HIVE_REPLAYED, 1, 1, NULL);
    make_log(&logs[0], 0, 1, SEQ);
    hivelog_entry(&logs[0], &states[1], &states[2], SEQ - 5);
    logs[0].data[logs[0].len - 1] ^= 1;
    expect(logs, HIVE_REPLAYED, 1, 1, NULL);
    // Entries that the hive holds already stand before those that it does not.
    make_log(&logs[0], 0, 2, SEQ - 1);
    expect(logs, HIVE_REPLAYED, 1, 2, NULL);
}

static void test_gaps(void **state)
{
    struct blob logs[HIVE_LOGS] = {0};

    (void)state;
    make_log(&logs[0], 0, 1, SEQ);
    make_log(&logs[1], 1, 2, SEQ + 5);
    expect(logs, HIVE_REPLAYED, 1, 1, "log-gap");
    make_log(&logs[0], 0, 2, SEQ + 2);
    expect(logs, HIVE_REPLAYED, 2, 2, "log-gap");
}

static void test_broken(void **state)
{
    struct blob logs[HIVE_LOGS] = {0};
    size_t second;

    (void)state;
    // Each checksum of the first entry, then of the second.
    for (size_t at = 24; at <= 32; at += 8) {
        make_log(&logs[0], 0, 1, SEQ);
        logs[0].data[SECTOR + at] ^= 1;
        expect(logs, HIVE_DIRTY, 0, 0, "dirty-hive");
    }
    make_log(&logs[0], 0, 1, SEQ);
    second = logs[0].len;
    hivelog_entry(&logs[0], &states[1], &states[2], SEQ + 1);
    logs[0].data[second + 1000] ^= 1;
    expect(logs, HIVE_REPLAYED, 1, 1, "log-gap");
    // Cut off within the second entry, and within the first one.
    make_log(&logs[0], 0, 2, SEQ);
    logs[0].len = second + 4096;
    expect(logs, HIVE_REPLAYED, 1, 1, "log-gap");
    make_log(&logs[0], 0, 2, SEQ);
    logs[0].len = SECTOR + 4096;
    expect(logs, HIVE_DIRTY, 0, 0, "dirty-hive");
    // The log's own first block.
    make_log(&logs[0], 0, 1, SEQ);
    logs[0].data[100] ^= 1;
    expect(logs, HIVE_DIRTY, 0, 0, "dirty-hive");
    make_log(&logs[0], 0, 1, SEQ);
    logs[0].len = 100;
    expect(logs, HIVE_DIRTY, 0, 0, "dirty-hive");
}

// The whole way from files, named in any case, and by mkhivelog.
static void test_by_tool(void **state)
{
    _cleanup_hive_set_ struct hive_set set = {0};
    const char *bin = getenv("VIRTRUST_BIN_DIR");
    struct failure f = {0};
    struct evidence e;
    char path[64];

    (void)state;
    run("rm -rf %s/t && mkdir %s/t && cp %s/0/SECURITY %s/t && %s/../test/mkhivelog %s/t/SECURITY seq=90 "
        "LOG1=%s/1/SECURITY LOG2=%s/2/SECURITY && cd %s/t && mv SECURITY.LOG1 Security.log1 && mv "
        "SECURITY.LOG2 security.Log2",
        dir, dir, dir, dir, bin ? bin : "build/bin", dir, dir, dir, dir);
    snprintf(path, sizeof path, "%s/t", dir);
    assert_int_equal(hives_dir_read(path, &set, &f), 0);
    evidence_init(&e);
    assert_int_equal(windows_evidence(&set, &e, &f), 0);
    assert_int_equal(e.hives[HIVE_SECURITY].state, HIVE_REPLAYED);
    assert_int_equal(e.hives[HIVE_SECURITY].seq2, 90);
    assert_true(e.filetime == dates[2]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_newest_in_one), cmocka_unit_test(test_newest_in_both),
        cmocka_unit_test(test_fingerprint),   cmocka_unit_test(test_numbers_run_over),
        cmocka_unit_test(test_clean),         cmocka_unit_test(test_missing_or_stale),
        cmocka_unit_test(test_gaps),          cmocka_unit_test(test_broken),
        cmocka_unit_test(test_by_tool),
    };

    return cmocka_run_group_tests(tests, make_states, remove_states);
}
