// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "common/record.h"

#include "tests/unit/testing.h"

#include <errno.h>

static struct record *decode_ok(const char *text, size_t len, size_t *ret_used)
{
    struct record *r = NULL;
    struct err err = {0};

    if (record_decode(text, len, ret_used, &r, &err) != 0)
        fail_msg("refused: %s", err.text);
    return r;
}

// Every byte value, as key order and values, survives the way.
static void test_roundtrip(void **state)
{
    _cleanup_record_ struct record *r = record_new("probe"), *back = NULL;
    _cleanup_free_ char *text = NULL;
    unsigned char all[256], hash[32];
    const void *bytes = NULL;
    size_t len = 0, used = 0;

    (void)state;
    for (int i = 0; i < 256; i++)
        all[i] = (unsigned char)i;
    record_add(r, "empty", "");
    record_add(r, "absent", NULL);
    record_add_bytes(r, "all", all, sizeof all);
    record_add_u64(r, "big", UINT64_MAX);
    record_add_i64(r, "small", INT64_MIN);
    record_add_bool(r, "yes", true);
    record_add_hex(r, "hash", all + 100, 32);
    record_addf(r, "a.0-b_c", "%s %d%%", "x", 7);
    record_set(r, "yes", "0");
    record_set(r, "new", "n");
    assert_int_equal(record_encode(r, &text, &len), 0);
    assert_int_equal(strlen(text), len);
    back = decode_ok(text, len, &used);
    assert_int_equal(used, len);
    assert_int_equal(record_count(back), record_count(r));
    assert_true(record_is(back, "probe"));
    assert_string_equal(record_get(back, "empty"), "");
    assert_null(record_get(back, "absent"));
    assert_string_equal(record_get_or(back, "absent", "f"), "f");
    assert_null(record_get(back, "all")); // holds a NUL: no text
    assert_int_equal(record_get_bytes(back, "all", &bytes, &len), 0);
    assert_int_equal(len, sizeof all);
    assert_memory_equal(bytes, all, sizeof all);
    assert_int_equal(record_get_hex(back, "hash", hash, 32), 0);
    assert_memory_equal(hash, all + 100, 32);
    assert_string_equal(record_get(back, "a.0-b_c"), "x 7%");
    assert_int_equal(record_get_bool(back, "yes"), 0);
    assert_string_equal(record_get(back, "new"), "n");
}

// Each byte at each place among plain ones: values are looked at eight bytes at a time.
static void test_each_byte_everywhere(void **state)
{
    (void)state;
    for (int byte = 0; byte < 256; byte++) {
        for (size_t len = 1; len < 26; len++) {
            for (size_t at = 0; at < len; at++) {
                bool plain = byte >= 0x20 && byte <= 0x7e && byte != '%';
                _cleanup_record_ struct record *r = record_new("t"), *back = NULL;
                _cleanup_free_ char *text = NULL;
                char value[32], raw[64];
                const void *got = NULL;
                size_t size = 0, used = 0, raw_len;

                memset(value, 'a', len);
                value[at] = (char)byte;
                record_add_bytes(r, "k", value, len);
                assert_int_equal(record_encode(r, &text, &size), 0);
                assert_int_equal(size, strlen("type=t\nv=1\nk=\n\n") + len + (plain ? 0 : 2));
                back = decode_ok(text, size, &used);
                assert_int_equal(used, size);
                assert_int_equal(record_get_bytes(back, "k", &got, &size), 0);
                assert_true(size == len && memcmp(got, value, len) == 0);
                if (plain || byte == '\n' || byte == '%')
                    continue;
                raw_len = (size_t)snprintf(raw, sizeof raw, "type=t\nv=1\nk=");
                memcpy(raw + raw_len, value, len);
                memcpy(raw + raw_len + len, "\n\n", 2);
                assert_int_equal(record_decode(raw, raw_len + len + 2, &used, &back, NULL), -EBADMSG);
            }
        }
    }
}

// More pairs than lie in the record itself, and keys that share their marks.
static void test_many_keys(void **state)
{
    _cleanup_record_ struct record *r = record_new("many"), *back = NULL;
    _cleanup_free_ char *text = NULL;
    char key[32];
    size_t len, used;

    (void)state;
    for (uint64_t i = 2; i < RECORD_KEYS_MAX; i++) {
        snprintf(key, sizeof key, "k%llu.x", (unsigned long long)i);
        record_add_u64(r, key, i);
    }
    assert_int_equal(record_encode(r, &text, &len), 0);
    back = decode_ok(text, len, &used);
    assert_int_equal(record_count(back), RECORD_KEYS_MAX);
    for (uint64_t i = 2; i < RECORD_KEYS_MAX; i++) {
        uint64_t value = 0;

        snprintf(key, sizeof key, "k%llu.x", (unsigned long long)i);
        assert_int_equal(record_get_u64(back, key, &value), 0);
        assert_int_equal(value, i);
    }
    assert_null(record_get(back, "k1.x"));
    record_set(back, "k77.x", "another");
    assert_string_equal(record_get(back, "k77.x"), "another");
    record_add(back, "k77.x", "twice");
    assert_int_equal(record_encode(back, &text, &len), -EINVAL);
}

static void test_wire(void **state)
{
    _cleanup_record_ struct record *r = record_new("x");
    _cleanup_free_ char *text = NULL;
    size_t len = 0;

    (void)state;
    record_add(r, "k", "a b=%\n\x7f\xc3");
    assert_int_equal(record_encode(r, &text, &len), 0);
    assert_string_equal(text, "type=x\nv=1\nk=a b=%25%0a%7f%c3\n\n");
}

static void test_numbers(void **state)
{
    static const struct {
        const char *text;
        int u64, i64;
    } cases[] = {{"0", 0, 0},
                 {"-1", -EINVAL, 0},
                 {"+1", -EINVAL, -EINVAL},
                 {"", -EINVAL, -EINVAL},
                 {"-", -EINVAL, -EINVAL},
                 {" 1", -EINVAL, -EINVAL},
                 {"1 ", -EINVAL, -EINVAL},
                 {"0x1", -EINVAL, -EINVAL},
                 {"9223372036854775807", 0, 0},
                 {"9223372036854775808", 0, -EINVAL},
                 {"-9223372036854775808", -EINVAL, 0},
                 {"-9223372036854775809", -EINVAL, -EINVAL},
                 {"18446744073709551615", 0, -EINVAL},
                 {"18446744073709551616", -EINVAL, -EINVAL}};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        _cleanup_record_ struct record *r = record_new("x");
        uint64_t u = 77;
        int64_t s = 77;

        record_add(r, "n", cases[i].text);
        assert_int_equal(record_get_u64(r, "n", &u), cases[i].u64);
        assert_int_equal(record_get_i64(r, "n", &s), cases[i].i64);
        if (cases[i].u64 < 0)
            assert_int_equal(u, 77);
        if (cases[i].i64 < 0)
            assert_int_equal(s, 77);
        assert_int_equal(record_get_u64(r, "m", &u), -ENOENT);
        assert_int_equal(record_get_i64(r, "m", &s), -ENOENT);
    }
}

static void test_bool_and_hex(void **state)
{
    _cleanup_record_ struct record *r = record_new("x");
    unsigned char out[2] = {7, 7};

    (void)state;
    record_add(r, "a", "1");
    record_add(r, "b", "0");
    record_add(r, "c", "true");
    record_add(r, "d", "");
    record_add(r, "e", "ABcd");
    record_add(r, "f", "ABc");
    record_add(r, "g", "ABcg");
    assert_int_equal(record_get_bool(r, "a"), 1);
    assert_int_equal(record_get_bool(r, "b"), 0);
    assert_int_equal(record_get_bool(r, "c"), -1);
    assert_int_equal(record_get_bool(r, "d"), -1);
    assert_int_equal(record_get_bool(r, "z"), -1);
    assert_int_equal(record_get_hex(r, "f", out, 2), -EINVAL);
    assert_int_equal(record_get_hex(r, "e", out, 1), -EINVAL);
    assert_int_equal(record_get_hex(r, "z", out, 2), -ENOENT);
    assert_int_equal(record_get_hex(r, "g", out, 2), -EINVAL);
    assert_int_equal(record_get_hex(r, "e", out, 2), 0);
    assert_int_equal(out[1], 0xcd);
}

// What can never become a record, and why it is said to be so.
static const struct {
    const char *text, *sentence;
} refused[] = {
    {"\n", "a record lacks type or v"},
    {"type=x\n\n", "a record lacks type or v"},
    {"v=1\n", "a record does not begin with its type"},
    {"type=x\nk=1\n", "a record's second line is not v=1"},
    {"type=x\nv=2\n", "a record's second line is not v=1"},
    {"type=x\nv=1\nk\n", "a record's line is not key=value"},
    {"type=x\nv=1\n=a\n", "a record's line is not key=value"},
    {"type=x\nv=1\nK=a\n", "a record's line is not key=value"},
    {"type=x\nv=1\na b=a\n", "a record's line is not key=value"},
    {"type=x\nv=1\nk=%\n", "a record's value holds a byte that is not escaped or a bad % escape"},
    {"type=x\nv=1\nk=%4\n", "a record's value holds a byte that is not escaped or a bad % escape"},
    {"type=x\nv=1\nk=%4g\n", "a record's value holds a byte that is not escaped or a bad % escape"},
    {"type=x\nv=1\nk=a\rb\n", "a record's value holds a byte that is not escaped or a bad % escape"},
    {"type=x\nv=1\nk=\xc3\xa4\n", "a record's value holds a byte that is not escaped or a bad % escape"},
    {"type=x\nv=1\nk=1\nk=2\n", "a record's key stands twice: k"},
    {"type=x\nv=1\ntype=x\n", "a record's key stands twice: type"},
    {"type=x\nv=1\nkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk=1\n",
     "a record's line is not key=value"},
};

static void test_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
        struct record *r = NULL;
        struct err err = {0};
        size_t used = 77;

        assert_int_equal(record_decode(refused[i].text, strlen(refused[i].text), &used, &r, &err), -EBADMSG);
        assert_string_equal(err.text, refused[i].sentence);
        assert_null(r);
        assert_int_equal(used, 77);
    }
}

// A record that comes in pieces: "more" at every cut, and not a byte of the next one is taken.
static void test_pieces(void **state)
{
    static const char two[] = "type=a\nv=1\nk=%0a\n\ntype=b\nv=1\n\n";
    size_t first = strlen("type=a\nv=1\nk=%0a\n\n"), used = 0;
    struct record *r = NULL;

    (void)state;
    for (size_t cut = 0; cut < first; cut++) {
        assert_int_equal(record_decode(two, cut, &used, &r, NULL), RECORD_MORE);
        assert_null(r);
    }
    r = decode_ok(two, sizeof two - 1, &used);
    assert_int_equal(used, first);
    record_free(r);
    r = decode_ok(two + used, sizeof two - 1 - used, &used);
    assert_true(record_is(r, "b"));
    record_free(r);
}

static void test_decode_caps(void **state)
{
    _cleanup_free_ char *big = malloc(RECORD_TOTAL_MAX + 100);
    struct record *r = NULL;
    struct err err = {0};
    size_t used = 0, n;

    (void)state;
    memset(big, 'a', RECORD_TOTAL_MAX + 100);
    assert_int_equal(record_decode(big, RECORD_TOTAL_MAX - 1, &used, &r, &err), RECORD_MORE);
    assert_int_equal(record_decode(big, RECORD_TOTAL_MAX, &used, &r, &err), -EBADMSG);
    assert_string_equal(err.text, "a record is longer than 1048576 bytes");

    n = (size_t)sprintf(big, "type=x\nv=1\n");
    memset(big + n, 'a', RECORD_LINE_MAX + 1);
    memcpy(big + n, "k=", 2);
    memcpy(big + n + RECORD_LINE_MAX + 1, "\n\n", 2);
    assert_int_equal(record_decode(big, n + RECORD_LINE_MAX + 3, &used, &r, &err), -EBADMSG);
    assert_string_equal(err.text, "a record's line is longer than 786432 bytes");
    memcpy(big + n + RECORD_LINE_MAX, "\n\n", 2);
    assert_int_equal(record_decode(big, n + RECORD_LINE_MAX + 2, &used, &r, &err), 0);
    record_free(r);
    r = NULL;

    for (int i = 2; i <= RECORD_KEYS_MAX; i++)
        n += (size_t)sprintf(big + n, "k%d=\n", i);
    n += (size_t)sprintf(big + n, "\n");
    assert_int_equal(record_decode(big, n, &used, &r, &err), -EBADMSG);
    assert_string_equal(err.text, "a record has more than 1024 keys");
    assert_null(r);
}

// Adding never fails on the spot; encoding says what was wrong, and the first error stays.
static void test_encode_errors(void **state)
{
    _cleanup_free_ char *big = calloc(1, RECORD_LINE_MAX + 2);
    char *text = NULL, key[32];
    size_t len = 0;

    (void)state;
    memset(big, 'a', RECORD_LINE_MAX + 1);
    for (int i = 0; i < 7; i++) {
        _cleanup_record_ struct record *r = record_new("x");
        static const int expected[] = {-EINVAL, -EINVAL, -EINVAL, -E2BIG, -E2BIG, -E2BIG, -E2BIG};

        if (i == 0)
            record_add(r, "Key", "1");
        else if (i == 1)
            record_add(r, "", "1");
        else if (i == 2)
            record_add(r, "type", "again");
        else if (i == 3)
            record_add(r, "k", big);
        else if (i == 4)
            record_add_bytes(r, "k", "\n\n\n", 3), record_add_bytes(r, "l", memset(big, 0, 300000), 300000);
        else if (i == 5)
            for (int n = 0; n < RECORD_KEYS_MAX; n++) {
                snprintf(key, sizeof key, "k%d", n);
                record_add(r, key, "");
            }
        else
            record_addf(r, "k", "%2000s", "x");
        assert_int_equal(record_encode(r, &text, &len), expected[i]);
        assert_null(text);
        record_add(r, "ok", "1");
        assert_int_equal(record_encode(r, &text, &len), expected[i]);
    }
    assert_int_equal(record_encode(NULL, &text, &len), -ENOMEM);
}

// Every function stands a record that could not be made.
static void test_null(void **state)
{
    (void)state;
    record_add(NULL, "k", "v");
    record_add_hex(NULL, "k", "v", 1);
    record_addf(NULL, "k", "%d", 1);
    assert_null(record_get(NULL, "k"));
    assert_null(record_type(NULL));
    assert_false(record_is(NULL, "x"));
    assert_int_equal(record_count(NULL), 0);
    assert_null(record_free(NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_roundtrip),   cmocka_unit_test(test_wire),
        cmocka_unit_test(test_numbers),     cmocka_unit_test(test_bool_and_hex),
        cmocka_unit_test(test_refused),     cmocka_unit_test(test_pieces),
        cmocka_unit_test(test_decode_caps), cmocka_unit_test(test_encode_errors),
        cmocka_unit_test(test_null),        cmocka_unit_test(test_each_byte_everywhere),
        cmocka_unit_test(test_many_keys),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
