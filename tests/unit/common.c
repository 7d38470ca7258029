// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// The small nouns of common/: times, SIDs and GUIDs, hexadecimal, secrets, errors.
#include "common/err.h"
#include "common/filetime.h"
#include "common/hex.h"
#include "common/hostname.h"
#include "common/plural.h"
#include "common/secret.h"
#include "common/sid.h"
#include "common/utf8.h"

#include "tests/unit/testing.h"

#include <errno.h>
#include <limits.h>
#include <time.h>

static void test_filetime_text(void **state)
{
    static const struct {
        uint64_t filetime;
        const char *text;
    } cases[] = {
        {131230852838165380, "2016-11-08T13:28:03.8165380Z"},
        {0, "1601-01-01T00:00:00.0000000Z"},
        {1, "1601-01-01T00:00:00.0000001Z"},
        {116444736000000000, "1970-01-01T00:00:00.0000000Z"},
        {125963423999999999, "2000-02-29T23:59:59.9999999Z"},
        {125963424000000000, "2000-03-01T00:00:00.0000000Z"},
        {157766400000000000 - 1, "2100-12-10T23:59:59.9999999Z"},
        {2650467743999999999, "9999-12-31T23:59:59.9999999Z"},
        {2650467744000000000, ""},
        {UINT64_MAX, ""},
    };
    char text[FILETIME_TEXT];

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        filetime_text(cases[i].filetime, text);
        assert_string_equal(text, cases[i].text);
    }
}

// Against the C library's calendar, through all months of five centuries.
static void test_us_text(void **state)
{
    char text[FILETIME_TEXT], expected[FILETIME_TEXT];

    (void)state;
    for (int64_t s = -11644473600; s < 7258118400; s += 86400 * 13 + 3607) {
        time_t t = (time_t)s;
        struct tm tm;

        assert_non_null(gmtime_r(&t, &tm));
        strftime(expected, sizeof expected, "%Y-%m-%dT%H:%M:%S.000007Z", &tm);
        us_text(s * 1000000 + 7, text);
        assert_string_equal(text, expected);
    }
    us_text(INT64_MIN / 20, text);
    assert_string_equal(text, "");
    us_text(INT64_MAX - 11644473600000000, text);
    assert_string_equal(text, "");
}

static void test_filetime_convert(void **state)
{
    (void)state;
    assert_int_equal(filetime_to_us(116444736000000000), 0);
    assert_int_equal(filetime_to_us(116444736000000019), 1);
    assert_int_equal(filetime_to_us(0), -11644473600000000);
    assert_int_equal(filetime_from_us(0), 116444736000000000);
    assert_int_equal(filetime_from_us(-11644473600000000), 0);
    assert_int_equal(filetime_from_us(-11644473600000001), 0);
    assert_int_equal(filetime_from_us(filetime_to_us(131230852838165380)), 131230852838165380);
    assert_false(filetime_plausible(0));
    assert_false(filetime_plausible(UINT64_MAX));
    assert_false(filetime_plausible(116444736000000000));
    assert_true(filetime_plausible(131230852838165380));
}

static void test_sid(void **state)
{
    static const char *const good[] = {"S-1-5-21-226059406-2984137831-1201299043-1104", "S-1-0", "S-1-5-18",
                                       "S-1-281474976710655-4294967295",
                                       "S-1-5-1-2-3-4-5-6-7-8-9-10-11-12-13-14-15"};
    static const char *const bad[] = {"",
                                      "S-1",
                                      "S-1-",
                                      "S-2-5",
                                      "s-1-5",
                                      "S-1-5-",
                                      "S-1-5-4294967296",
                                      "S-1-5-x",
                                      "S-1-281474976710656",
                                      "S-1-5 ",
                                      "S-1--5",
                                      "S-1-5-1-2-3-4-5-6-7-8-9-10-11-12-13-14-15-16",
                                      "S-1-99999999999999999999999"};
    unsigned char bytes[SID_BYTES_MAX];
    char text[SID_TEXT];
    size_t len = 0;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
        assert_int_equal(sid_parse(good[i], bytes, &len), 0);
        assert_int_equal(sid_text(bytes, len, text), 0);
        assert_string_equal(text, good[i]);
        assert_int_equal(sid_text(bytes, len - 1, text), -EINVAL);
    }
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        assert_int_equal(sid_parse(bad[i], bytes, &len), -EINVAL);
}

static void test_sid_hostile(void **state)
{
    unsigned char bytes[128] = {1, 16};
    char text[SID_TEXT];

    (void)state;
    assert_int_equal(sid_text(bytes, 8 + 16 * 4, text), -EINVAL); // more parts than a SID can have
    bytes[1] = 1;
    assert_int_equal(sid_text(bytes, 12, text), 0);
    assert_int_equal(sid_text(bytes, 13, text), -EINVAL); // something behind it
    assert_int_equal(sid_text(bytes, 0, text), -EINVAL);
    bytes[0] = 2;
    assert_int_equal(sid_text(bytes, 12, text), -EINVAL);
    memset(bytes, 0xff, sizeof bytes); // the longest text there is
    bytes[0] = 1;
    bytes[1] = 15;
    assert_int_equal(sid_text(bytes, 8 + 15 * 4, text), 0);
    assert_true(strlen(text) < SID_TEXT);
}

static void test_guid(void **state)
{
    static const unsigned char bytes[16] = {0xff, 0x19, 0x96, 0x6f, 0x86, 0x8b, 0x11, 0xd0,
                                            0xb4, 0x2d, 0x00, 0xcf, 0x4f, 0xc9, 0x64, 0xff};
    unsigned char back[16] = {0};
    char text[GUID_TEXT];

    (void)state;
    guid_text(bytes, text);
    assert_string_equal(text, "6f9619ff-8b86-d011-b42d-00cf4fc964ff");
    assert_int_equal(guid_parse("6F9619FF-8b86-d011-b42d-00cf4fc964ff", back), 0);
    assert_memory_equal(bytes, back, 16);
    assert_int_equal(guid_parse("6f9619ff-8b86-d011-b42d-00cf4fc964f", back), -EINVAL);
    assert_int_equal(guid_parse("6f9619ff-8b86-d011-b42d-00cf4fc964fff", back), -EINVAL);
    assert_int_equal(guid_parse("6f9619ffx8b86-d011-b42d-00cf4fc964ff", back), -EINVAL);
    assert_int_equal(guid_parse("{f9619ff-8b86-d011-b42d-00cf4fc964ff", back), -EINVAL);
    assert_int_equal(guid_parse("", back), -EINVAL);
}

static void test_hostname(void **state)
{
    static const char *const good[] = {"dc1", "dc1.corp.test", "DC_2.corp.test.", "1.2.3.4"};
    static const char *const bad[] = {"",        ".corp", "-x",      "dc1/x",    "dc 1",
                                      "dc1:389", "dc1\n", "\\\\dc1", "d\xc3\xa9"};
    char longest[HOSTNAME_TEXT + 1];

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(good); i++)
        assert_true(hostname_valid(good[i]));
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        assert_false(hostname_valid(bad[i]));
    assert_false(hostname_valid(NULL));
    memset(longest, 'a', sizeof longest - 1);
    longest[HOSTNAME_TEXT] = '\0';
    assert_false(hostname_valid(longest));
    longest[HOSTNAME_TEXT - 1] = '\0';
    assert_true(hostname_valid(longest));
}

static void test_utf8(void **state)
{
    static const struct {
        uint32_t c;
        const char *text;
    } rows[] = {{'a', "a"},
                {0x7f, "\x7f"},
                {0x80, "\xc2\x80"},
                {0x7ff, "\xdf\xbf"},
                {0x800, "\xe0\xa0\x80"},
                {0xd7ff, "\xed\x9f\xbf"},
                {0xe000, "\xee\x80\x80"},
                {0xffff, "\xef\xbf\xbf"},
                {0x10000, "\xf0\x90\x80\x80"},
                {0x10ffff, "\xf4\x8f\xbf\xbf"},
                {0xd800, ""},
                {0xdfff, ""},
                {0x110000, ""},
                {UINT32_MAX, ""}};
    char out[UTF8_MAX];

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        assert_int_equal(utf8_put(rows[i].c, out), strlen(rows[i].text));
        assert_memory_equal(out, rows[i].text, strlen(rows[i].text));
    }
    assert_int_equal(utf8_put(0, out), 1);
}

static void test_hex(void **state)
{
    unsigned char out[3] = {7, 7, 7};
    char text[7];

    (void)state;
    hex_encode("\x00\xab\xff", 3, text);
    assert_string_equal(text, "00abff");
    assert_int_equal(hex_decode("00aBFf", out, 3), 0);
    assert_memory_equal(out, "\x00\xab\xff", 3);
    assert_int_equal(hex_decode("0", out, 1), -EINVAL);
    assert_int_equal(hex_decode("", out, 1), -EINVAL);
    assert_int_equal(hex_decode("0g", out, 1), -EINVAL);
    assert_int_equal(hex_decode("zz", out, 0), 0);
}

static bool zero(const void *data, size_t len)
{
    const unsigned char *p = data;

    while (len && *p == 0)
        p++, len--;
    return len == 0;
}

static void test_secret(void **state)
{
    struct secret s = {0};
    static unsigned char big[SECRET_MAX + 1];

    (void)state;
    assert_int_equal(secret_set(&s, "correct horse", 13), 0);
    assert_string_equal((const char *)s.data, "correct horse");
    assert_int_equal(secret_set(&s, "short", 5), 0);
    assert_true(zero(s.data + 5, sizeof s.data - 5)); // nothing of the longer one is left
    assert_int_equal(secret_set(&s, big, sizeof big), -E2BIG);
    assert_int_equal(s.len, 5);
    assert_int_equal(secret_set(&s, big, SECRET_MAX), 0);
    secret_done(&s);
    assert_true(zero(&s, sizeof s));
    secret_wipe(NULL, 5);
}

static void test_password(void **state)
{
    struct secret s = {0};
    unsigned char random[200];
    unsigned seen[128] = {0};

    (void)state;
    for (int round = 0; round < 256; round++) {
        memset(random, round, sizeof random);
        assert_int_equal(secret_make_password(&s, 120, random, sizeof random), 0);
        assert_int_equal(s.len, 120);
        assert_true(zero(random, sizeof random));
        assert_int_equal(s.data[120], 0);
        for (size_t i = 0; i < s.len; i++) {
            assert_true(s.data[i] > 0x20 && s.data[i] < 0x7f && !strchr("\"\\'%", s.data[i]));
            seen[s.data[i]] += i == 60;
        }
        assert_in_range(s.data[0], 'A', 'Z');
        assert_in_range(s.data[1], 'a', 'z');
        assert_in_range(s.data[2], '0', '9');
        assert_non_null(strchr("-_", s.data[3]));
    }
    for (int c = 0; c < 128; c++) // without bias: 256 bytes, 64 characters, each four times
        assert_true(seen[c] == 0 || seen[c] == 4);
    assert_int_equal(secret_make_password(&s, 7, random, sizeof random), -EINVAL);
    assert_int_equal(secret_make_password(&s, 120, random, 119), -EINVAL);
    assert_int_equal(secret_make_password(&s, SECRET_MAX + 1, random, SECRET_MAX + 1), -EINVAL);
}

static void test_err(void **state)
{
    struct err err = {0};
    char big[2 * ERR_TEXT_MAX];

    (void)state;
    assert_int_equal(err_set(&err, -EIO, "%s: %d", "x", 5), -EIO);
    assert_string_equal(err.text, "x: 5");
    assert_int_equal(err_prefix(&err, 3, "guest %s", "g"), 3);
    assert_string_equal(err.text, "guest g: x: 5");
    assert_int_equal(err_set(NULL, -EIO, "lost"), -EIO);
    assert_int_equal(err_prefix(NULL, -EIO, "lost"), -EIO);
    memset(big, 'a', sizeof big - 1);
    big[sizeof big - 1] = '\0';
    err_set(&err, 0, "%s", big);
    assert_int_equal(strlen(err.text), ERR_TEXT_MAX - 1);
    err_prefix(&err, 0, "p");
    assert_int_equal(strlen(err.text), ERR_TEXT_MAX - 1);
    assert_memory_equal(err.text, "p: aaa", 6);
    err_prefix(&err, 0, "%s", big);
    assert_int_equal(strlen(err.text), ERR_TEXT_MAX - 1);
}

static void test_plural(void **state)
{
    (void)state;
    assert_string_equal(plural(0, "guest has", "guests have"), "guests have");
    assert_string_equal(plural(1, "guest has", "guests have"), "guest has");
    assert_string_equal(plural(2, "guest has", "guests have"), "guests have");
    assert_string_equal(plural(UINT64_MAX, "guest has", "guests have"), "guests have");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_filetime_text),
        cmocka_unit_test(test_us_text),
        cmocka_unit_test(test_filetime_convert),
        cmocka_unit_test(test_sid),
        cmocka_unit_test(test_sid_hostile),
        cmocka_unit_test(test_guid),
        cmocka_unit_test(test_hostname),
        cmocka_unit_test(test_utf8),
        cmocka_unit_test(test_plural),
        cmocka_unit_test(test_hex),
        cmocka_unit_test(test_secret),
        cmocka_unit_test(test_password),
        cmocka_unit_test(test_err),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
