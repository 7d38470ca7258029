// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// Hives made cell by cell: what the real ones at hand do not have, and each single thing that can be wrong. Where
// the reader and libhivex differ, it stands here which is right, and why.
#include "tests/unit/hive_cells.h"
#include "tests/unit/regf_common.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

enum { LONG = 40000 };

static void open_made(struct made *m, struct hive *h)
{
    struct blob b;

    end(m, &b);
    settle(&b, NULL, NULL, NULL, h);
    assert_int_equal(h->state, HIVE_CLEAN);
}

static int find(const struct hive *h, const char *name)
{
    struct regf_key root, k;
    struct err err = {0};
    int rc = regf_root(&h->regf, &root, &err);

    if (rc == 0)
        rc = regf_find(&h->regf, &root, name, &k, &err);
    if (rc < 0)
        assert_true(err.text[0]);
    return rc;
}

static const char *const some[] = {"Alpha", "beta", "Gamma", "x", "Delta", "Omega", "Policy", "Zeta"};

static void fill(struct made *m, const char *kind)
{
    uint32_t keys[ARRAY_SIZE(some)];

    begin(m);
    for (size_t i = 0; i < ARRAY_SIZE(some); i++)
        keys[i] = named(m, ROOT, some[i]);
    children(m, ROOT, list(m, kind, keys, ARRAY_SIZE(some)), ARRAY_SIZE(some));
}

static void compare_made(const struct blob *b, size_t hivex_refused)
{
    _cleanup_blob_ struct blob copy = {0};
    _cleanup_hive_ struct hive h = {0};
    struct by_hivex by;
    struct comparison c;

    assert_int_equal(blob_copy(&copy, b->data, b->len), 0);
    settle(&copy, NULL, NULL, NULL, &h);
    by_hivex_open(b, &by);
    assert_non_null(by.h);
    compare_all(&h.regf, by.h, &c);
    by_hivex_done(&by);
    if (c.different + c.refused > 0)
        print_message("%s\n", c.first);
    assert_int_equal(c.different + c.refused, 0);
    assert_int_equal(c.hivex_refused, hivex_refused);
}

static void test_lists(void **state)
{
    static const char *const kinds[] = {"li", "lf", "lh"};

    (void)state;
    for (size_t k = 0; k < ARRAY_SIZE(kinds); k++) {
        _cleanup_hive_ struct hive h = {0};
        _cleanup_blob_ struct blob b = {0};
        struct made m;

        fill(&m, kinds[k]);
        open_made(&m, &h);
        for (size_t i = 0; i < ARRAY_SIZE(some); i++)
            assert_int_equal(find(&h, some[i]), 0);
        assert_int_equal(find(&h, "POLICY"), 0);
        assert_int_equal(find(&h, "gAMMA"), 0);
        assert_int_equal(find(&h, "X"), 0);
        assert_int_equal(find(&h, "Gamm"), REGF_NO_SUCH);
        assert_int_equal(find(&h, ""), REGF_NO_SUCH);
        assert_int_equal(find(&h, "\xff"), REGF_NO_SUCH);
        fill(&m, kinds[k]);
        end(&m, &b);
        compare_made(&b, 0);
    }
}

// A list of lists, also of different kinds; a list of lists of lists is none.
static void test_list_of_lists(void **state)
{
    _cleanup_hive_ struct hive h = {0}, deep = {0};
    _cleanup_blob_ struct blob b = {0};
    struct made m;

    (void)state;
    for (int round = 0; round < 3; round++) {
        uint32_t keys[ARRAY_SIZE(some)], lists[2];

        begin(&m);
        for (size_t i = 0; i < ARRAY_SIZE(some); i++)
            keys[i] = named(&m, ROOT, some[i]);
        lists[0] = list(&m, "lh", keys, 5);
        lists[1] = list(&m, round == 1 ? "li" : "lh", keys + 5, 3);
        lists[0] = list(&m, "ri", lists, 2);
        if (round == 2)
            lists[0] = list(&m, "ri", lists, 1);
        children(&m, ROOT, lists[0], ARRAY_SIZE(some));
        if (round == 1) {
            open_made(&m, &h);
        } else if (round == 2) {
            open_made(&m, &deep);
        } else {
            end(&m, &b);
            compare_made(&b, 0);
        }
    }
    for (size_t i = 0; i < ARRAY_SIZE(some); i++)
        assert_int_equal(find(&h, some[i]), 0);
    assert_int_equal(find(&h, "none"), REGF_NO_SUCH);
    assert_int_equal(find(&deep, "Alpha"), -EBADMSG);
}

// Windows finds a key in any case in every script; libhivex in ASCII only. The reader is right.
static void test_other_scripts(void **state)
{
    static const unsigned char umlaut[] = {'B', 0xfc, 'r', 'o'}; // "Büro", a byte a character
    static const unsigned char greek[] = {0xa9, 0x03, 0xbc, 0x03, 0xad,
                                          0x03, 0xb3, 0x03, 0xb1, 0x03}; // "Ωμέγα"
    static const unsigned char emoji[] = {0x3d, 0xd8, 0x00, 0xde};
    static const char *const kinds[] = {"li", "lh"};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
        _cleanup_hive_ struct hive h = {0};
        _cleanup_blob_ struct blob copy = {0};
        struct by_hivex by;
        uint32_t keys[3];
        struct made m;

        begin(&m);
        keys[0] = key(&m, ROOT, umlaut, sizeof umlaut, true);
        keys[1] = key(&m, ROOT, greek, sizeof greek, false);
        keys[2] = key(&m, ROOT, emoji, sizeof emoji, false);
        children(&m, ROOT, list(&m, kinds[i], keys, 3), 3);
        put32(m.data + BASE + m.next, BIN - m.next);
        mend_base_block(m.data, BASE);
        assert_int_equal(blob_copy(&copy, m.data, BASE + BIN), 0);
        open_made(&m, &h);
        assert_int_equal(find(&h, "Büro"), 0);
        assert_int_equal(find(&h, "BÜRO"), 0);
        assert_int_equal(find(&h, "Ωμέγα"), 0);
        assert_int_equal(find(&h, "ωμέΓΑ"), 0);
        assert_int_equal(find(&h, "😀"), 0);
        compare_made(&copy, 0);
        by_hivex_open(&copy, &by);
        assert_true(hivex_node_get_child(by.h, hivex_root(by.h), "Büro") != 0);
        assert_true(hivex_node_get_child(by.h, hivex_root(by.h), "BÜRO") == 0);
        by_hivex_done(&by);
    }
}

// A hash that is wrong: a short list is searched by name, and where list and key contradict each other for the
// name that is wanted, that is damage. libhivex looks at no hash, Windows at nothing else.
static void test_hashes(void **state)
{
    _cleanup_hive_ struct hive wrong = {0}, renamed = {0};
    struct made m;
    uint32_t l;

    (void)state;
    fill(&m, "lh");
    l = 0;
    memcpy(&l, at(&m, ROOT) + 28, 4);
    put32(at(&m, l) + 4 + 6 * 8 + 4, 12345); // "Policy"
    open_made(&m, &wrong);
    assert_int_equal(find(&wrong, "Policy"), 0);
    fill(&m, "lh");
    memcpy(&l, at(&m, ROOT) + 28, 4);
    memcpy(&l, at(&m, l) + 4 + 6 * 8, 4);
    at(&m, l)[76] = 'Q'; // the key calls itself "Qolicy"
    open_made(&m, &renamed);
    assert_int_equal(find(&renamed, "Policy"), -EBADMSG);
    assert_int_equal(find(&renamed, "Zeta"), 0);
    assert_int_equal(find(&renamed, "none"), REGF_NO_SUCH);
}

static void test_long_value(void **state)
{
    static const size_t lengths[] = {1, 16343, 16344, 16345, 32688, LONG};
    unsigned char data[LONG] = {0};

    (void)state;
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (unsigned char)(i ^ i >> 8);
    for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
        _cleanup_hive_ struct hive h = {0};
        _cleanup_blob_ struct blob copy = {0}, b = {0}, capped = {0};
        struct regf_value v;
        struct regf_key root;
        struct err err = {0};
        struct made m;

        begin(&m);
        values(&m, ROOT, value(&m, "Long", data, lengths[i]));
        put32(m.data + BASE + m.next, BIN - m.next);
        mend_base_block(m.data, BASE);
        assert_int_equal(blob_copy(&copy, m.data, BASE + BIN), 0);
        open_made(&m, &h);
        assert_int_equal(regf_root(&h.regf, &root, &err), 0);
        assert_int_equal(regf_value(&h.regf, &root, "lONG", &v, &err), 0);
        assert_int_equal(regf_data(&h.regf, &v, LONG, &b, &err), 0);
        assert_int_equal(b.len, lengths[i]);
        assert_memory_equal(b.data, data, b.len);
        assert_int_equal(regf_data(&h.regf, &v, lengths[i] - 1, &capped, &err), -EBADMSG);
        compare_made(&copy, 0);
    }
}

// One thing wrong at a time: a reason, never "not there".
static void test_damage(void **state)
{
    static const struct {
        bool list;   // in the list of keys, else in the key that is looked for
        bool before; // in the cell's size
        size_t at;
        uint32_t value;
    } cases[] = {
        {false, true, 0, 96},           // not in use
        {false, true, 0, 0x80000000},   // endless
        {false, true, 0, (uint32_t)-4}, // too short
        {false, false, 0, 0x20006b6b},  // no "nk"
        {false, false, 16, 4096},       // of another parent
        {false, false, 72, 0xfff0},     // a name that leads out of it
        {true, true, 0, 96},
        {true, true, 0, (uint32_t)-8},
        {true, false, 0, 0x00087a7a},
        {true, false, 0, 0x0009686c},
        {true, false, 0, 0x0007686c},
        {true, false, 4 + 6 * 8, 0xfffffff8},
        {true, false, 4 + 6 * 8, 36},
        {true, false, 4 + 6 * 8, 0},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        _cleanup_hive_ struct hive h = {0};
        uint32_t l, k;
        struct made m;
        unsigned char *p;

        fill(&m, "lh");
        memcpy(&l, at(&m, ROOT) + 28, 4);
        memcpy(&k, at(&m, l) + 4 + 6 * 8, 4);
        p = at(&m, cases[i].list ? l : k) - (cases[i].before ? 4 : 0) + cases[i].at;
        put32(p, cases[i].value);
        open_made(&m, &h);
        assert_int_equal(find(&h, "Policy"), -EBADMSG);
    }
}

// Keys that run in a circle, or below each other without end, are counted out.
static void test_circle(void **state)
{
    _cleanup_hive_ struct hive h = {0};
    struct err err = {0};
    size_t count = 0;
    struct made m;
    uint32_t k, l;

    (void)state;
    begin(&m);
    k = named(&m, ROOT, "k");
    children(&m, ROOT, list(&m, "li", &k, 1), 1);
    put32(at(&m, k) + 16, k); // its own parent
    l = list(&m, "li", &k, 1);
    children(&m, k, l, 1);
    put32(at(&m, ROOT) + 36, 0);
    open_made(&m, &h);
    assert_int_equal(regf_count(&h.regf, &count, &err), -EBADMSG);
}

// A bin whose header is wrong makes the hive damaged, as for libhivex; so does a hive that is cut short.
static void test_bins(void **state)
{
    _cleanup_hive_ struct hive header = {0}, cut = {0}, version = {0}, log = {0}, huge = {0};
    struct blob b;
    struct made m;

    (void)state;
    fill(&m, "lh");
    m.data[BASE + 8] = 1;
    end(&m, &b);
    settle(&b, NULL, NULL, NULL, &header);
    assert_int_equal(header.state, HIVE_DAMAGED);
    fill(&m, "lh");
    end(&m, &b);
    b.len -= 4096;
    settle(&b, NULL, NULL, NULL, &cut);
    assert_int_equal(cut.state, HIVE_DAMAGED);
    assert_non_null(strstr(cut.reason.text, "cut short"));
    fill(&m, "lh");
    m.data[20] = 2;
    end(&m, &b);
    settle(&b, NULL, NULL, NULL, &version);
    assert_int_equal(version.state, HIVE_DAMAGED);
    fill(&m, "lh");
    m.data[28] = 1;
    end(&m, &b);
    settle(&b, NULL, NULL, NULL, &log);
    assert_int_equal(log.state, HIVE_DAMAGED);
    fill(&m, "lh");
    m.data[43] = 0x7f;
    end(&m, &b);
    settle(&b, NULL, NULL, NULL, &huge);
    assert_int_equal(huge.state, HIVE_DAMAGED);
}

static void test_names(void **state)
{
    struct regf_name n;
    char text[64], longest[REGF_NAME_CHARS + 2];

    (void)state;
    assert_int_equal(regf_upper('a'), 'A');
    assert_int_equal(regf_upper('`'), '`');
    assert_int_equal(regf_upper(0xff), 0x178);
    assert_int_equal(regf_upper(0x3c3), 0x3a3);
    assert_int_equal(regf_upper(0x44f), 0x42f);
    assert_int_equal(regf_upper(0x133), 0x132);
    assert_int_equal(regf_upper(0x132), 0x132);
    assert_int_equal(regf_upper(0xffff), 0xffff);
    // The hash that Windows' own hives have for a key "Select".
    assert_int_equal(regf_name_init(&n, "select"), 0);
    assert_int_equal(n.hash, regf_name_hash((const unsigned char *)"SELECT", 6, true));
    assert_int_equal(regf_name_init(&n, "\xc0\x80"), -EINVAL);
    assert_int_equal(regf_name_init(&n, "\xed\xa0\x80"), -EINVAL);
    memset(longest, 'x', sizeof longest);
    longest[sizeof longest - 1] = '\0';
    assert_int_equal(regf_name_init(&n, longest), -EINVAL);
    longest[REGF_NAME_CHARS] = '\0';
    assert_int_equal(regf_name_init(&n, longest), 0);
    assert_int_equal(regf_name_text((const unsigned char *)"\x00\xd8Z\0", 4, false, text), 4);
    assert_string_equal(text, "\xef\xbf\xbdZ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lists),         cmocka_unit_test(test_list_of_lists),
        cmocka_unit_test(test_other_scripts), cmocka_unit_test(test_hashes),
        cmocka_unit_test(test_long_value),    cmocka_unit_test(test_damage),
        cmocka_unit_test(test_circle),        cmocka_unit_test(test_bins),
        cmocka_unit_test(test_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
