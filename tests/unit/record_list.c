// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// A long list's records: whatever comes, the same as record_decode makes of it.
#include "common/record_list.h"

#include "tests/unit/testing.h"

#include <stdlib.h>

#define HEAD "type=guest\nv=1\n"

static void assert_same(const struct record *got, const struct record *want)
{
    assert_int_equal(record_count(got), record_count(want));
    for (size_t i = 0; i < record_count(want); i++) {
        const char *key, *value, *want_key, *want_value;
        size_t len, want_len;

        record_at(got, i, &key, &value, &len);
        record_at(want, i, &want_key, &want_value, &want_len);
        assert_string_equal(key, want_key);
        assert_int_equal(len, want_len);
        assert_memory_equal(value, want_value, len + 1);
        assert_ptr_equal(record_get(got, key) ? value : NULL, record_get(got, key));
    }
}

// How many of them were taken where they lie.
static unsigned walk(const char *text, size_t len)
{
    _cleanup_free_ char *copy = malloc(len + 1);
    struct record_list list = {0};
    unsigned in_place = 0;
    int rc = 0;

    assert_non_null(copy);
    memcpy(copy, text, len);
    for (size_t at = 0; rc == 0;) {
        _cleanup_record_ struct record *want = NULL;
        const struct record *got = NULL;
        struct err err = {0}, want_err = {0};
        size_t used = 0, want_used = 0;

        rc = record_decode(text + at, len - at, &want_used, &want, &want_err);
        assert_int_equal(record_list_next(&list, copy + at, len - at, &used, &got, &err), rc);
        assert_int_equal(used, want_used);
        assert_string_equal(err.text, want_err.text);
        if (rc == 0) {
            assert_same(got, want);
            in_place += got == list.row;
        }
        at += used;
    }
    record_list_done(&list);
    return in_place;
}

static void rows(void **state)
{
    static const struct {
        const char *text;
        unsigned in_place;
    } row[] = {
        {HEAD "a=1\nb=2\n\n" HEAD "a=\nb=twenty\n\n" HEAD "a=3\n\n" HEAD "b=4\n\n" HEAD "\n", 4},
        {HEAD "a=1\n\n" HEAD "b=2\n\n" HEAD "a=1\nb=2\n\n" HEAD "b=1\n\n", 1}, // the longer one's keys
        {HEAD "a=1\nb=2\n\n" HEAD "b=1\na=2\n\n" HEAD "a=1\nb=2\n\n", 1},      // another order
        {HEAD "a=1\n\n" HEAD "a=%41%0a%25\n\n" HEAD "a=1\n\n", 1},             // escapes
        {HEAD "a=1\n\n" HEAD "ab=1\n\n" HEAD "a=1\n\n", 1},                    // a key is another's beginning
        {HEAD "ab=1\n\n" HEAD "a=1\n\n" HEAD "ab\n\n", 0},                     // and the other way round
        {HEAD "a=1\n\n" HEAD "a=1\na=2\n\n", 0},                               // twice
        {HEAD "a=1\n\n" HEAD "a=\xc3\xa4\n\n", 0},                             // not escaped
        {HEAD "a=1\n\n" HEAD "a=1\r\n\n", 0},
        {HEAD "a=1\n\nv=1\ntype=guest\na=1\n\n", 0},
        {HEAD "a=1\n\ntype=guest\na=1\n\n", 0},
        {HEAD "a=1\n\ntype=guest\nv=2\na=1\n\n", 0},
        {HEAD "a=1\n\ntype=guest\nv=\na=1\n\n", 0},
        {HEAD "a=1\n\n\n\n", 0},
        {HEAD "a=1\n\ntype=end\nv=1\n\n" HEAD "a=1\n\n", 2},
        {HEAD "sixteen-long-one=1\nseventeen-long-one=2\nfour=4\n\n" HEAD "sixteen-long-one=3\n"
              "seventeen-long-one=4\nfour=5\n\n" HEAD "sixteen-long_one=3\n\n" HEAD "foul=1\n\n",
         1},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
        size_t len = strlen(row[i].text);

        assert_int_equal(walk(row[i].text, len), row[i].in_place);
        for (size_t cut = 0; cut < len; cut++) // each beginning of it
            walk(row[i].text, cut);
    }
}

// Every byte of a value, at every place that the eight-byte steps know.
static void every_byte(void **state)
{
    (void)state;
    for (unsigned c = 0; c < 256; c++) {
        for (size_t at = 0; at < 20; at++) {
            char text[128];
            size_t head = (size_t)snprintf(text, sizeof text, HEAD "k=v\n\n" HEAD "k="), end = head + 20;

            memset(text + head, 'x', 20);
            text[head + at] = (char)c;
            memcpy(text + end, "\n\n", 2);
            walk(text, end + 2);
        }
    }
}

static void random_edits(void **state)
{
    static const char seed[] = HEAD "name=a\nstate=off\nbound=1\n\n" HEAD "name=b\nstate=running\n\n" HEAD
                                    "name=c\nbound=0\n\n";
    static const char bytes[] = "\n\n=%=1avtype\0\x7f\xff ";

    (void)state;
    srandom(1);
    for (unsigned round = 0; round < 20000; round++) {
        char text[sizeof seed];

        memcpy(text, seed, sizeof seed);
        for (long edits = random() % 4; edits >= 0; edits--)
            text[(size_t)random() % (sizeof seed - 1)] = bytes[(size_t)random() % (sizeof bytes - 1)];
        walk(text, sizeof seed - 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows),
        cmocka_unit_test(every_byte),
        cmocka_unit_test(random_edits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
