// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// The reader of hives against libhivex, on every real hive at hand: the same keys, the same values. And how little
// of a hive is read for what is wanted of it.
#include "tests/unit/regf_common.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static char *hives;

static int real(const char *folder, const char *name, struct blob *ret)
{
    _cleanup_free_ char *dir = NULL;

    if (asprintf(&dir, "%s/%s", hives, folder) < 0)
        abort();
    return read_xz(dir, name, ret);
}

static void compare_hive(const char *folder, const char *name, size_t keys)
{
    _cleanup_blob_ struct blob file = {0}, copy = {0};
    _cleanup_hive_ struct hive h = {0};
    struct comparison c;
    struct by_hivex by;
    struct err err = {0};
    size_t count = 0;

    assert_int_equal(real(folder, name, &file), 0);
    assert_int_equal(blob_copy(&copy, file.data, file.len), 0);
    settle(&copy, NULL, NULL, NULL, &h);
    assert_true(hive_readable(&h));
    by_hivex_open(&file, &by);
    assert_non_null(by.h);
    compare_all(&h.regf, by.h, &c);
    by_hivex_done(&by);
    print_message("%s/%s: %zu keys, %zu values; %s\n", folder, name, c.keys, c.values, c.first);
    assert_int_equal(c.different + c.refused + c.hivex_refused, 0);
    assert_int_equal(regf_count(&h.regf, &count, &err), 0);
    assert_int_equal(count, c.keys);
    if (keys)
        assert_int_equal(count, keys);
}

static void test_same_as_hivex(void **state)
{
    (void)state;
    compare_hive("member-rotated", "SECURITY", 0);
    compare_hive("server2016", "SECURITY", 0);
    compare_hive("server2012", "SECURITY", 0);
    compare_hive("workgroup-dirty", "SECURITY", 0);
    compare_hive("member-win7", "SYSTEM", 0);
    compare_hive("dirty-with-logs", "SYSTEM", 33123);
    compare_hive("damaged", "no-policy-root", 0);
}

// After the replay the hive is one that libhivex reads, too, and reads the same.
static void test_replayed(void **state)
{
    _cleanup_blob_ struct blob file = {0}, copy = {0}, log1 = {0}, log2 = {0}, flat = {0};
    _cleanup_hive_ struct hive h = {0};
    struct comparison c;
    struct by_hivex by;
    struct err err = {0};
    size_t count = 0;

    (void)state;
    assert_int_equal(real("dirty-with-logs", "SYSTEM", &file), 0);
    assert_int_equal(real("dirty-with-logs", "SYSTEM.LOG1", &log1), 0);
    assert_int_equal(real("dirty-with-logs", "SYSTEM.LOG2", &log2), 0);
    assert_int_equal(blob_copy(&copy, file.data, file.len), 0);
    settle(&copy, &log1, &log2, NULL, &h);
    assert_int_equal(h.state, HIVE_REPLAYED);
    assert_int_equal(h.entries_replayed, 24);
    assert_int_equal(regf_count(&h.regf, &count, &err), 0);
    assert_int_equal(count, 35595);
    flatten(&h, &file, &flat);
    by_hivex_open(&flat, &by);
    assert_non_null(by.h);
    compare_all(&h.regf, by.h, &c);
    by_hivex_done(&by);
    print_message("replayed: %zu keys, %zu values; %s\n", c.keys, c.values, c.first);
    assert_int_equal(c.different + c.refused + c.hivex_refused, 0);
    assert_int_equal(c.keys, 35595);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_as_hivex),
        cmocka_unit_test(test_replayed),
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
