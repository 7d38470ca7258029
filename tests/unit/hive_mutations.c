// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// Ten thousand mutations of every hive and of every log: each ends in facts that are right or in a reason. A value
// that our reader tells is the one that libhivex reads from the same broken bytes, if it reads any; a key that is
// "not there" is not there for libhivex either. (A mutated letter of a name is the name from then on: no hive has
// checksums. Logs have: of them each mutation leaves the facts of before or of after, nothing else.)
//
// The hives are not copied: a source lies over the sound bytes and changes a few. Half of the changes fall where the
// look reads. libhivex scans hives whole, so on the large ones it is asked for a second opinion only where the
// facts are not the sound hive's.
#include "tests/fixtures/hivelog.h"
#include "tests/unit/mutated_source.h"
#include "tests/unit/regf_common.h"

#include "daemon/inspect/hive_tree.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

enum { ROUNDS = 10000, SMALL = 1 << 20 };

static char *hives;
static uint32_t rng = 20161108;

static uint64_t random_place(const struct blob *b, const struct range *ranges, size_t count)
{
    const struct range *r;

    if (count == 0 || rng_next(&rng) % 2)
        return rng_next(&rng) % b->len;
    r = &ranges[rng_next(&rng) % count];
    return r->at + rng_next(&rng) % r->len;
}

// The base block's checksum is made right again, so that what lies behind it is reached.
static void mend(struct mutated *m)
{
    unsigned char block[512];
    struct blob b = {block, sizeof block};

    m->source.ops->read(&m->source, 0, block, sizeof block, NULL);
    hivelog_mend_base(&b);
    for (size_t i = 508; i < 512; i++)
        m->changes[m->count++] = (struct change){i, block[i]};
}

static void change(struct mutated *m, const struct range *ranges, size_t count)
{
    static const unsigned char likely[] = {0, 0xff, 0x7f, 0x80, 1};
    size_t changes = 1 + rng_next(&rng) % (CHANGES - 4);

    for (m->count = 0; m->count < changes; m->count++)
        m->changes[m->count] = (struct change){random_place(m->bytes, ranges, count),
                                               rng_next(&rng) % 2 ? likely[rng_next(&rng) % sizeof likely]
                                                                  : (unsigned char)rng_next(&rng)};
    if (rng_next(&rng) % 16)
        mend(m);
    if (rng_next(&rng) % 32 == 0)
        m->source.size = rng_next(&rng) % m->bytes->len;
}

// What one look made of it.
struct outcome {
    int rc;
    struct failure f;
    struct evidence e;
};

static void look(enum hive_name name, struct source *file, struct source *log1, struct source *log2,
                 struct outcome *ret)
{
    _cleanup_hive_set_ struct hive_set set = {0};

    set.in[name] = (struct hive_files){file, {log1, log2}};
    *ret = (struct outcome){0};
    evidence_init(&ret->e);
    ret->rc = windows_evidence(&set, &ret->e, &ret->f);
    if (ret->rc != 0)
        assert_true(ret->f.code && ret->f.err.text[0] && ret->f.next[0]);
}

static bool same_facts(const struct evidence *a, const struct evidence *b)
{
    return a->joined == b->joined && a->filetime == b->filetime && a->has_secret == b->has_secret &&
           memcmp(a->secret_sha256, b->secret_sha256, 32) == 0 && strcmp(a->computer, b->computer) == 0 &&
           strcmp(a->netbios, b->netbios) == 0 && strcmp(a->dns, b->dns) == 0 &&
           strcmp(a->domain_sid, b->domain_sid) == 0 && strcmp(a->machine_sid, b->machine_sid) == 0 &&
           a->has_max_age == b->has_max_age && a->max_age_days == b->max_age_days &&
           a->change_disabled == b->change_disabled;
}

// The values that the facts are made of: key path, then the value's name.
static const char *const wanted[][6] = {
    {"Policy", "PolPrDmS", NULL, ""},
    {"Policy", "PolAcDmN", NULL, ""},
    {"Policy", "PolPrDmN", NULL, ""},
    {"Policy", "PolDnDDN", NULL, ""},
    {"Policy", "PolAcDmS", NULL, ""},
    {"Policy", "Secrets", "$MACHINE.ACC", "CupdTime", NULL, ""},
    {"Policy", "Secrets", "$MACHINE.ACC", "CurrVal", NULL, ""},
    {"Select", NULL, "Current"},
    {"ControlSet001", "Control", "ProductOptions", NULL, "ProductType"},
    {"ControlSet001", "Control", "ComputerName", "ComputerName", NULL, "ComputerName"},
};

// libhivex's opinion: 1 there, 0 not there, -1 none. *ret and *len are its bytes.
static int ask_hivex(hive_h *h, const char *const path[], const char *name, uint32_t *at, char **ret,
                     size_t *len)
{
    hive_node_h node = hivex_root(h);
    hive_value_h v;
    hive_type type;

    for (; node && *path; path++) {
        errno = 0;
        node = hivex_node_get_child(h, node, *path);
        if (!node)
            return errno ? -1 : 0;
    }
    if (!node)
        return -1;
    *at = (uint32_t)(node - HIVE_BASE_BLOCK);
    errno = 0;
    v = hivex_node_get_value(h, node, name);
    if (!v)
        return errno ? -1 : 0;
    *ret = hivex_value_value(h, v, &type, len);
    return *ret ? 1 : -1;
}

static void compare_value(const struct regf *h, hive_h *by, const char *const path[])
{
    _cleanup_blob_ struct blob b = {0};
    _cleanup_free_ char *other = NULL;
    struct regf_key key;
    struct err err = {0};
    const char *const *end = path;
    uint32_t at = 0;
    size_t len = 0;
    int rc, opinion;

    while (*end)
        end++;
    rc = hive_tree_walk(h, &key, &err, path);
    if (rc == 0)
        rc = hive_tree_raw(h, &key, end[1], HIVE_SECRET_MAX, &b, &err);
    opinion = ask_hivex(by, path, end[1], &at, &other, &len);
    if (rc < 0)
        assert_true(err.text[0]); // a reason
    else if (rc == 0 && opinion >= 0 && at != key.at)
        return; // two keys of one name: libhivex takes the first, Windows and we the one that has its hash
    else if (rc == 0 && opinion == 1 && (len != b.len || (len && memcmp(other, b.data, len) != 0)))
        fail_msg("%s differs: %zu bytes, %zu for libhivex", *(end - 1), b.len, len);
    else if (rc == REGF_NO_SUCH && opinion == 1)
        fail_msg("%s is there for libhivex only", *(end - 1));
    else if (rc == 0 && opinion == 0)
        fail_msg("%s is not there for libhivex", *(end - 1));
}

// The same broken bytes, read by both.
static void second_opinion(const struct mutated *m)
{
    _cleanup_blob_ struct blob bytes = {0}, copy = {0};
    _cleanup_hive_ struct hive h = {0};
    struct by_hivex by;

    assert_int_equal(blob_copy(&bytes, m->bytes->data, (size_t)m->source.size), 0);
    for (size_t i = 0; i < m->count; i++) {
        if (m->changes[i].at < bytes.len)
            bytes.data[m->changes[i].at] = m->changes[i].value;
    }
    if (bytes.len == 0)
        return;
    assert_int_equal(blob_copy(&copy, bytes.data, bytes.len), 0);
    settle(&copy, NULL, NULL, NULL, &h);
    if (!hive_readable(&h)) {
        assert_true(h.reason.text[0]);
        return;
    }
    by_hivex_open(&bytes, &by);
    for (size_t i = 0; by.h && i < ARRAY_SIZE(wanted); i++)
        compare_value(&h.regf, by.h, wanted[i]);
    by_hivex_done(&by);
}

static void mutate_hive(const struct blob *bytes, enum hive_name name, const char *what)
{
    struct range *ranges = calloc(RANGES, sizeof *ranges);
    struct outcome sound, broken;
    size_t range_count = 0, right = 0, reasons = 0, changed = 0;
    struct mutated *m = mutated(bytes);

    m->ranges = ranges;
    m->range_count = &range_count;
    look(name, &m->source, NULL, NULL, &sound);
    assert_int_equal(sound.rc, 0);
    for (unsigned i = 0; i < ROUNDS; i++) {
        struct mutated seen;

        m = mutated(bytes);
        change(m, ranges, range_count);
        seen = *m;
        look(name, &m->source, NULL, NULL, &broken);
        if (broken.rc != 0)
            reasons++;
        else if (same_facts(&sound.e, &broken.e))
            right++;
        else
            changed++;
        if (bytes->len <= SMALL || (broken.rc == 0 && !same_facts(&sound.e, &broken.e)))
            second_opinion(&seen);
    }
    print_message("%s: %zu as before, %zu reasons, %zu as the changed bytes say\n", what, right, reasons,
                  changed);
    free(ranges);
}

static int real(const char *folder, const char *name, struct blob *ret)
{
    _cleanup_free_ char *dir = NULL;

    if (!hives)
        return -1;
    if (asprintf(&dir, "%s/%s", hives, folder) < 0)
        abort();
    return read_xz(dir, name, ret);
}

static void mutate_real(const char *folder, enum hive_name name)
{
    _cleanup_blob_ struct blob b = {0};

    if (real(folder, hive_file_names[name], &b) < 0)
        skip();
    mutate_hive(&b, name, folder);
}

static void test_member(void **state)
{
    (void)state;
    mutate_real("member-rotated", HIVE_SECURITY);
}

static void test_server2016(void **state)
{
    (void)state;
    mutate_real("server2016", HIVE_SECURITY);
}

static void test_server2012(void **state)
{
    (void)state;
    mutate_real("server2012", HIVE_SECURITY);
}

static void test_workgroup(void **state)
{
    (void)state;
    mutate_real("workgroup-dirty", HIVE_SECURITY);
}

static void test_system(void **state)
{
    (void)state;
    mutate_real("member-win7", HIVE_SYSTEM);
}

static void test_system_dirty(void **state)
{
    (void)state;
    mutate_real("dirty-with-logs", HIVE_SYSTEM);
}

// A member's hive, dirty, and a log that leads to its next password; both made from a real one's bytes.
static void make_next(const struct blob *sound, struct blob *next)
{
    struct blob copy = {0};
    _cleanup_hive_ struct hive h = {0};
    struct regf_value v;
    struct regf_key key;
    struct err err = {0};

    assert_int_equal(blob_copy(next, sound->data, sound->len), 0);
    assert_int_equal(blob_copy(&copy, sound->data, sound->len), 0);
    settle(&copy, NULL, NULL, NULL, &h);
    assert_int_equal(hive_tree_find(&h.regf, &key, &err, "Policy", "Secrets", "$MACHINE.ACC", "CupdTime"), 0);
    assert_int_equal(regf_value(&h.regf, &key, "", &v, &err), 0);
    next->data[HIVE_BASE_BLOCK + v.data_at + 4 + 5] += 3; // some months later
}

static void mutate_logs(const struct blob *file, const struct blob *log1, const struct blob *log2,
                        enum hive_name name, unsigned rounds)
{
    struct outcome raw, whole, broken;
    size_t replayed = 0, less = 0;

    look(name, &mutated(file)->source, NULL, NULL, &raw);
    look(name, &mutated(file)->source, &mutated(log1)->source, log2 ? &mutated(log2)->source : NULL, &whole);
    assert_int_equal(raw.rc, 0);
    assert_int_equal(whole.rc, 0);
    assert_int_equal(whole.e.hives[name].state, HIVE_REPLAYED);
    for (unsigned i = 0; i < rounds; i++) {
        struct mutated *a = mutated(log1), *b = log2 ? mutated(log2) : NULL;

        change(b && rng_next(&rng) % 2 ? b : a, NULL, 0);
        look(name, &mutated(file)->source, &a->source, b ? &b->source : NULL, &broken);
        assert_int_equal(broken.rc, 0);
        if (broken.e.hives[name].state == HIVE_REPLAYED &&
            broken.e.hives[name].entries_replayed == whole.e.hives[name].entries_replayed) {
            assert_true(same_facts(&broken.e, &whole.e));
            replayed++;
        } else {
            assert_true(broken.e.hives[name].state == HIVE_DIRTY ||
                        broken.e.hives[name].state == HIVE_REPLAYED);
            assert_true(same_facts(&broken.e, &whole.e) || same_facts(&broken.e, &raw.e));
            less++;
        }
    }
    print_message("logs: %zu replayed whole, %zu in part or not at all\n", replayed, less);
}

static void test_logs(void **state)
{
    _cleanup_blob_ struct blob sound = {0}, next = {0}, file = {0}, log = {0};

    (void)state;
    if (real("server2016", "SECURITY", &sound) < 0)
        skip();
    make_next(&sound, &next);
    assert_int_equal(blob_copy(&file, sound.data, sound.len), 0);
    hivelog_dirty(&file, 117, 116);
    hivelog_begin(&log, &file, 116);
    hivelog_entry(&log, &sound, &next, 116);
    mutate_logs(&file, &log, NULL, HIVE_SECURITY, ROUNDS);
}

// Its logs have 3 MB each, all of which their checksums need: a hundred rounds.
static void test_real_logs(void **state)
{
    _cleanup_blob_ struct blob file = {0}, log1 = {0}, log2 = {0};

    (void)state;
    if (real("dirty-with-logs", "SYSTEM", &file) < 0)
        skip();
    assert_int_equal(real("dirty-with-logs", "SYSTEM.LOG1", &log1), 0);
    assert_int_equal(real("dirty-with-logs", "SYSTEM.LOG2", &log2), 0);
    mutate_logs(&file, &log1, &log2, HIVE_SYSTEM, ROUNDS / 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_member),     cmocka_unit_test(test_server2016),
        cmocka_unit_test(test_server2012), cmocka_unit_test(test_workgroup),
        cmocka_unit_test(test_system),     cmocka_unit_test(test_system_dirty),
        cmocka_unit_test(test_logs),       cmocka_unit_test(test_real_logs),
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
