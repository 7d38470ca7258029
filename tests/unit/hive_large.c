// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// Hives of 200 MB: what a look needs of memory and reads of them does not grow with them, nor does a replay's beyond
// its map. And hives that are cut short, at every length.
#include "tests/unit/hive_cells.h"
#include "tests/unit/regf_common.h"

#include "daemon/inspect/hive_tree.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { LARGE = 200 * 1024 * 1024, ROOM = 24 * 1024 * 1024, LOOK_BYTES = 512 * 1024, LOG_PAGES = 64 };

// Some bytes at the beginning, bins without anything in them behind.
struct large {
    struct source source;
    const struct blob *first;
};

static int large_read(struct source *s, uint64_t offset, void *ret, size_t len, struct err *err)
{
    const struct blob *first = ((struct large *)s)->first;

    (void)err;
    memset(ret, 0, len);
    if (offset < first->len)
        memcpy(ret, first->data + offset, len < first->len - offset ? len : first->len - offset);
    return 0;
}

static void large_free(struct source *s)
{
    free(s);
}

static const struct source_ops large_ops = {.read = large_read, .free = large_free};

static struct source *large(const struct blob *first)
{
    struct large *l = calloc(1, sizeof *l);

    if (!l)
        abort();
    l->source = (struct source){.ops = &large_ops, .size = LARGE};
    l->first = first;
    return &l->source;
}

// A hive which says that it has so many bytes, with one key.
static void make_first(struct blob *ret)
{
    struct made m;
    uint32_t k;

    begin(&m);
    k = named(&m, ROOT, "Policy");
    children(&m, ROOT, list(&m, "lh", &k, 1), 1);
    put32(m.data + 40, LARGE - BASE);
    end(&m, ret);
}

// A look at it in a process that has little more memory than it has now.
static int look_within_limits(const struct blob *first)
{
    struct hive_files files = {large(first), {0}};
    struct hive h = {0};
    struct regf_key key;
    struct err err = {0};
    unsigned long pages = 0;
    struct rlimit limit;
    FILE *f = fopen("/proc/self/statm", "r");

    if (!f || fscanf(f, "%lu", &pages) != 1)
        return 2;
    fclose(f);
    limit.rlim_cur = limit.rlim_max = pages * (rlim_t)sysconf(_SC_PAGESIZE) + ROOM;
    if (setrlimit(RLIMIT_AS, &limit) < 0 || hive_settle(&files, &h, &err) < 0 || h.state != HIVE_CLEAN)
        return 3;
    if (hive_tree_find(&h.regf, &key, &err, "POLICY") != 0 || hive_bytes_spent(h.regf.bytes) > LOOK_BYTES)
        return 4;
    // As many places of the map as the hive has sectors.
    if (hive_bytes_patch(h.regf.bytes, LARGE - BASE - 4096, 4096, 0, 0) < 0)
        return 5;
    hive_done(&h);
    return 0;
}

static void test_memory(void **state)
{
    _cleanup_blob_ struct blob first = {0};
    int status = 0;
    pid_t child;

    (void)state;
    if (VIRTRUST_SANITIZED)
        skip(); // the sanitizers need far more memory than the program
    make_first(&first);
    child = fork();
    assert_true(child >= 0);
    if (child == 0)
        _exit(look_within_limits(&first));
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void test_reads_little(void **state)
{
    _cleanup_blob_ struct blob first = {0};
    _cleanup_hive_ struct hive h = {0};
    struct hive_files files;
    struct regf_key key;
    struct err err = {0};

    (void)state;
    make_first(&first);
    files = (struct hive_files){large(&first), {0}};
    assert_int_equal(hive_settle(&files, &h, &err), 0);
    assert_int_equal(h.state, HIVE_CLEAN);
    assert_int_equal(hive_tree_find(&h.regf, &key, &err, "Policy"), 0);
    assert_int_equal(hive_tree_find(&h.regf, &key, &err, "Policy", "none"), REGF_NO_SUCH);
    assert_true(hive_bytes_spent(h.regf.bytes) <= LOOK_BYTES);
}

// More than is ever looked at.
static void test_too_large(void **state)
{
    _cleanup_blob_ struct blob first = {0};
    _cleanup_hive_ struct hive h = {0};
    struct hive_files files;
    struct err err = {0};

    (void)state;
    make_first(&first);
    put32(first.data + 40, HIVE_FILE_MAX);
    mend_base_block(first.data, first.len);
    files = (struct hive_files){large(&first), {0}};
    assert_int_equal(hive_settle(&files, &h, &err), 0);
    assert_int_equal(h.state, HIVE_DAMAGED);
    assert_true(h.reason.text[0]);
}

// However short: no hive, or a damaged one; dirty, when what is wanted is still there, or a reason.
static void test_cut_short(void **state)
{
    _cleanup_blob_ struct blob whole = {0};
    struct made m;
    uint32_t k;

    (void)state;
    begin(&m);
    k = named(&m, ROOT, "Policy");
    children(&m, ROOT, list(&m, "lh", &k, 1), 1);
    end(&m, &whole);
    for (size_t len = 0; len < whole.len; len += len < 8192 ? 61 : 4096) {
        for (int dirty = 0; dirty < 2; dirty++) {
            _cleanup_hive_ struct hive h = {0};
            struct blob cut = {0};
            struct regf_key key;
            struct err err = {0};
            int rc;

            assert_int_equal(blob_copy(&cut, whole.data, whole.len), 0);
            cut.len = len;
            if (dirty && len >= 512) {
                cut.data[4]++;
                mend_base_block(cut.data, len);
            }
            settle(&cut, NULL, NULL, NULL, &h);
            if (!dirty || len < BASE) {
                assert_int_equal(h.state, HIVE_DAMAGED);
                assert_true(h.reason.text[0]);
                continue;
            }
            if (!hive_readable(&h))
                continue;
            rc = hive_tree_find(&h.regf, &key, &err, "Policy");
            assert_true(rc == 0 || (rc < 0 && err.text[0]));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_memory),
        cmocka_unit_test(test_reads_little),
        cmocka_unit_test(test_too_large),
        cmocka_unit_test(test_cut_short),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
