// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// Logs that need more than their entries in a row: of impossible sizes, for a hive whose base block is damaged or
// which is longer afterwards, and of the older format.
#include "tests/unit/hive_log_common.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

// Sizes and places that cannot be, with checksums that are right.
static void test_impossible(void **state)
{
    static const struct {
        size_t at; // in the entry
        uint32_t value;
    } cases[] = {
        {4, 0xfffffe00},  {4, 0},  {4, 40},          {4, 1000},        {16, 0},          {16, 0x40000000},
        {16, 0xfffff000}, {16, 5}, {20, 0xffffffff}, {20, 0x10000000}, {40, 0xfffffe00}, {40, 0x7ffff000},
        {40, 100},        {44, 0}, {44, 0xfffffe00}, {44, 0x10000000}, {44, 100},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct blob logs[HIVE_LOGS] = {0};
        unsigned char *size;
        uint32_t was;

        make_log(&logs[0], 0, 1, SEQ);
        size = logs[0].data + SECTOR + 4;
        memcpy(&was, size, 4);
        memcpy(logs[0].data + SECTOR + cases[i].at, &cases[i].value, 4);
        if (cases[i].at != 4)
            hivelog_mend(&logs[0], SECTOR);
        expect(logs, HIVE_DIRTY, 0, 0, "dirty-hive");
    }
}

// A base block with a wrong checksum is taken from a log; without one the hive is damaged.
static void test_base_recovered(void **state)
{
    struct blob logs[HIVE_LOGS] = {0}, file = {0};
    struct failure f = {0};
    struct evidence e;

    (void)state;
    for (int both = 0; both < 2; both++) {
        dirty_hive(&file);
        memset(file.data + 4, 0xee, 40);
        make_log(&logs[0], 0, 1, SEQ);
        if (both)
            make_log(&logs[1], 1, 2, SEQ + 1);
        assert_int_equal(look(&file, logs, &e, &f), 0);
        assert_int_equal(e.hives[HIVE_SECURITY].state, HIVE_REPLAYED);
        assert_int_equal(e.hives[HIVE_SECURITY].entries_replayed, 1 + both);
        assert_true(e.filetime == dates[1 + both]);
        assert_int_equal(e.doubt_count, 1);
    }
    dirty_hive(&file);
    file.data[200] ^= 1;
    assert_int_equal(look(&file, logs, &e, &f), -1);
    assert_string_equal(f.code, "damaged-hive");
    assert_non_null(strstr(f.err.text, "checksum"));
}

// The hive is longer after the log, and its file is as short as it was.
static void test_growth(void **state)
{
    struct blob logs[HIVE_LOGS] = {0};

    (void)state;
    hivelog_begin(&logs[0], &states[0], SEQ);
    hivelog_entry(&logs[0], &states[0], &states[1], SEQ);
    hivelog_entry(&logs[0], &states[1], &grown, SEQ + 1);
    expect(logs, HIVE_REPLAYED, 2, 2, NULL);
    hivelog_begin(&logs[0], &states[0], SEQ);
    hivelog_old(&logs[1], &states[0], &grown, SEQ + 1);
    expect(logs, HIVE_REPLAYED, 1, 2, NULL);
}

// Shrinks and grows, each time by all of a hive that is as large as can be and has one sector of a log at its end: ends
// soon. By a page at a time, as hives do: for as many entries as a log can have, and what was cut off stays so.
static void test_shrinking(void **state)
{
    enum { ALL = HIVE_FILE_MAX - HIVE_BASE_BLOCK, ENTRIES = HIVE_LOG_MAX / SECTOR };
    _cleanup_hive_bytes_ struct hive_bytes *bad = NULL, *good = NULL;
    struct hive_files none = {0};
    struct err err = {0};
    int n = 0, rc = 0;

    (void)state;
    assert_int_equal(hive_bytes_new(&none, ALL, &bad, &err), 0);
    assert_int_equal(hive_bytes_new(&none, ALL, &good, &err), 0);
    for (; n < 1000 && rc == 0; n++) {
        assert_int_equal(hive_bytes_resize(bad, ALL, &err), 0);
        assert_int_equal(hive_bytes_patch(bad, ALL - SECTOR, SECTOR, 0, 0), 0);
        rc = hive_bytes_resize(bad, HIVE_PAGE, &err);
    }
    assert_int_equal(rc, -EBADMSG);
    assert_in_range(n, 32, 34);
    for (n = 0; n < ENTRIES; n++) {
        assert_int_equal(hive_bytes_resize(good, ALL, &err), 0);
        assert_int_equal(hive_bytes_patch(good, ALL - HIVE_PAGE, HIVE_PAGE, 0, 0), 0);
        assert_int_equal(hive_bytes_resize(good, ALL - HIVE_PAGE, &err), 0);
    }
}

static void test_old_format(void **state)
{
    struct blob logs[HIVE_LOGS] = {0}, file = {0};
    struct failure f = {0};
    struct evidence e;

    (void)state;
    for (unsigned log = 0; log < HIVE_LOGS; log++) {
        hivelog_old(&logs[log], &states[0], &states[1], SEQ + 1);
        expect(logs, HIVE_REPLAYED, 1, 1, NULL);
    }
    // Of two that fit the newer one counts.
    hivelog_old(&logs[0], &states[0], &states[2], SEQ + 2);
    hivelog_old(&logs[1], &states[0], &states[1], SEQ + 1);
    expect(logs, HIVE_REPLAYED, 1, 2, NULL);
    // Of another time; older without any time; unfinished; cut off; not marked; of an impossible size.
    hivelog_old(&logs[2], &states[0], &states[1], SEQ + 1);
    logs[2].data[12] ^= 1;
    hivelog_mend_base(&logs[2]);
    expect(logs, HIVE_DIRTY, 0, 0, "dirty-hive");
    hivelog_old(&logs[2], &states[0], &states[1], SEQ - 1);
    expect(logs, HIVE_DIRTY, 0, 0, "dirty-hive");
    hivelog_old(&logs[2], &states[0], &states[1], SEQ + 1);
    hivelog_dirty(&logs[2], SEQ + 2, SEQ + 1);
    expect(logs, HIVE_DIRTY, 0, 0, "dirty-hive");
    hivelog_old(&logs[2], &states[0], &states[1], SEQ + 1);
    logs[2].len -= 1;
    expect(logs, HIVE_DIRTY, 0, 0, "dirty-hive");
    hivelog_old(&logs[2], &states[0], &states[1], SEQ + 1);
    logs[2].data[SECTOR] = 'X';
    expect(logs, HIVE_DIRTY, 0, 0, "dirty-hive");
    hivelog_old(&logs[2], &states[0], &states[1], SEQ + 1);
    memset(logs[2].data + 40, 0xff, 4);
    hivelog_mend_base(&logs[2]);
    expect(logs, HIVE_DIRTY, 0, 0, "dirty-hive");
    // The base block is damaged: the time in the first bin tells which log belongs to the hive.
    dirty_hive(&file);
    file.data[200] ^= 1;
    memcpy(file.data + 4096 + 20, "\1\2\3\4\5\6\7\1", 8);
    hivelog_old(&logs[0], &states[0], &states[1], SEQ + 1);
    memcpy(logs[0].data + 12, "\1\2\3\4\5\6\7\1", 8);
    hivelog_mend_base(&logs[0]);
    assert_int_equal(look(&file, logs, &e, &f), 0);
    assert_int_equal(e.hives[HIVE_SECURITY].state, HIVE_REPLAYED);
    assert_true(e.filetime == dates[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_impossible), cmocka_unit_test(test_base_recovered),
        cmocka_unit_test(test_growth),     cmocka_unit_test(test_shrinking),
        cmocka_unit_test(test_old_format),
    };

    return cmocka_run_group_tests(tests, make_states, remove_states);
}
