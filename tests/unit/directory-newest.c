// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// One answer out of those of all DCs, and the replication metadata that says where a password was changed.
#include "common/sid.h"
#include "daemon/directory/meta.h"
#include "daemon/directory/newest.h"
#include "daemon/directory/views.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { VIEWS = 4 };

// "type key=value key=value": no blanks in values here.
static struct record *make(const char *text)
{
    struct record *r = NULL;
    char copy[1024], *rest = copy;

    snprintf(copy, sizeof copy, "%s", text);
    for (char *word = strsep(&rest, " "); word; word = strsep(&rest, " ")) {
        char *value = strchr(word, '=');

        if (value)
            *value++ = '\0';
        if (!r)
            r = record_new(word);
        else
            record_add(r, word, value);
    }
    return r;
}

// The DCs a, b, c ... say these; the answer about one account, or about `many`.
static struct record *answer(size_t many, const char *const *texts)
{
    static const char *const names[] = {"a", "b", "c", "d"};
    struct dc_answer views[VIEWS];
    struct record *made[VIEWS], *r;
    size_t n = 0;

    for (; texts[n]; n++) {
        made[n] = make(texts[n]);
        views[n] = (struct dc_answer){.dc = names[n], .answer = made[n], .age_us = 7};
    }
    r = many ? newest_accounts(views, n, many) : newest_account(views, n);
    if (!r)
        r = newest_error(views, n);
    for (size_t i = 0; i < n; i++)
        record_free(made[i]);
    return r;
}

static void says(const struct record *r, const char *key, const char *value)
{
    if (value)
        assert_string_equal(record_get_or(r, key, "(absent)"), value);
    else
        assert_null(record_get(r, key));
}

static void encodes(const struct record *r)
{
    _cleanup_free_ char *text = NULL;
    size_t len;

    assert_int_equal(record_encode(r, &text, &len), 0);
}

static void test_newest_wins(void **state)
{
    const char *const texts[] = {
        "account found=1 pwd_last_set=100 kvno=2 dc=a dc_now_us=1000 dc_invocation=i-a",
        "account found=1 pwd_last_set=200 kvno=3 dc=b dc_now_us=2000 dc_invocation=i-b "
        "password_changed_at=i-b",
        "account found=0 dc=c", "error code=dc-unreachable text=gone", NULL};
    _cleanup_record_ struct record *r = answer(0, texts);

    (void)state;
    assert_true(record_is(r, "account"));
    says(r, "kvno", "3");
    says(r, "dc", "b");
    says(r, "dc_now_us", "2007");
    says(r, "password_changed_at", "b");
    says(r, "behind", "a");
    says(r, "missing", "c");
    says(r, "dcs", "4");
    says(r, "dcs.0.kvno", "2");
    says(r, "dcs.0.dc_now_us", "1007");
    says(r, "dcs.2.found", "0");
    says(r, "dcs.3.dc", "d");
    says(r, "dcs.3.code", "dc-unreachable");
    says(r, "dcs.3.found", NULL);
    encodes(r);
}

// 0 and -1 are AD's sentinels: an account with a date is newer than one with either.
static void test_sentinels_are_old(void **state)
{
    const char *const texts[] = {"account found=1 pwd_last_set=-1 kvno=9 dc=a",
                                 "account found=1 pwd_last_set=0 dc=b",
                                 "account found=1 pwd_last_set=5 kvno=1 dc=c", NULL};
    _cleanup_record_ struct record *r = answer(0, texts);

    (void)state;
    says(r, "dc", "c");
    says(r, "behind", "a b");
}

static void test_equal_dates(void **state)
{
    const char *const by_kvno[] = {"account found=1 pwd_last_set=5 kvno=1 dc=a",
                                   "account found=1 pwd_last_set=5 kvno=2 dc=b", NULL};
    const char *const same[] = {"error code=read-only text=x", "account found=1 pwd_last_set=5 kvno=2 dc=b",
                                "account found=1 pwd_last_set=5 kvno=2 dc=c", NULL};
    _cleanup_record_ struct record *r = answer(0, by_kvno), *other = answer(0, same);

    (void)state;
    says(r, "dc", "b");
    says(other, "dc", "b"); // the first that answered
    says(other, "behind", NULL);
}

static void test_found_nowhere(void **state)
{
    const char *const texts[] = {"account found=0 dc=a", "account found=0 dc=b", NULL};
    _cleanup_record_ struct record *r = answer(0, texts);

    (void)state;
    says(r, "found", "0");
    says(r, "missing", NULL);
}

static void test_nobody_answers(void **state)
{
    const char *const texts[] = {"error code=dc-unreachable text=gone next=x",
                                 "error code=keytab text=bad next=y", NULL};
    _cleanup_record_ struct record *r = answer(0, texts);

    (void)state;
    assert_true(record_is(r, "error"));
    says(r, "code", "keytab");
    says(r, "next", "y");
}

static void test_many(void **state)
{
    const char *const texts[] = {"accounts 0.found=1 0.pwd_last_set=9 1.found=1 1.pwd_last_set=1 "
                                 "2.code=bad-request searches=1 dc=a dc_now_us=10",
                                 "accounts 0.found=1 0.pwd_last_set=8 1.found=1 1.pwd_last_set=2 "
                                 "2.code=bad-request searches=3 dc=b dc_now_us=20",
                                 "error code=dc-unreachable text=gone", NULL};
    _cleanup_record_ struct record *r = answer(3, texts);

    (void)state;
    assert_true(record_is(r, "accounts"));
    says(r, "0.dc", "a");
    says(r, "0.dc_now_us", "17");
    says(r, "0.behind", "b");
    says(r, "1.dc", "b");
    says(r, "1.pwd_last_set", "2");
    says(r, "1.behind", "a");
    says(r, "2.code", "bad-request");
    says(r, "searches", "3");
    says(r, "dcs.1.dc", "b");
    says(r, "dcs.1.code", NULL);
    says(r, "dcs.2.code", "dc-unreachable");
    says(r, "dc", NULL); // each account has its own
    encodes(r);
}

static void test_grace(void **state)
{
    (void)state;
    assert_int_equal(views_grace(1000), 2000000);
    assert_int_equal(views_grace(3000000), 6000000);
    assert_int_equal(views_grace(30000000), 10000000);
}

// ---- replication metadata ----

enum { BLOB = 16 + 2 * 48 };

static void put(unsigned char *at, size_t bytes, uint64_t value)
{
    for (size_t i = 0; i < bytes; i++)
        at[i] = (unsigned char)(value >> (8 * i));
}

static void make_blob(unsigned char blob[static BLOB])
{
    memset(blob, 0, BLOB);
    put(blob, 4, 1);
    put(blob + 8, 4, 2);
    put(blob + 16, 4, 3); // another attribute
    put(blob + 64, 4, META_UNICODE_PWD);
    put(blob + 68, 4, 12);
    put(blob + 72, 8, 11644473600 + 86400);
    memset(blob + 80, 0xab, 16);
}

static void test_meta(void **state)
{
    unsigned char blob[BLOB];
    struct meta m = {0};

    (void)state;
    make_blob(blob);
    assert_int_equal(meta_find(blob, sizeof blob, META_UNICODE_PWD, &m), 0);
    assert_int_equal(m.version, 12);
    assert_int_equal(m.changed_us, INT64_C(86400) * 1000000);
    assert_int_equal(m.by[15], 0xab);
    assert_int_equal(meta_find(blob, sizeof blob, META_PWD_LAST_SET, &m), -ENOENT);
}

static void test_meta_hostile(void **state)
{
    unsigned char blob[BLOB];
    struct meta m;

    (void)state;
    make_blob(blob);
    for (size_t len = 0; len < sizeof blob; len++) // the count promises more than there is
        assert_int_equal(meta_find(blob, len, META_UNICODE_PWD, &m), -EBADMSG);
    put(blob + 8, 4, UINT32_MAX);
    assert_int_equal(meta_find(blob, sizeof blob, META_UNICODE_PWD, &m), -EBADMSG);
    make_blob(blob);
    put(blob, 4, 2);
    assert_int_equal(meta_find(blob, sizeof blob, META_UNICODE_PWD, &m), -EBADMSG);
    make_blob(blob);
    put(blob + 72, 8, UINT64_MAX);
    assert_int_equal(meta_find(blob, sizeof blob, META_UNICODE_PWD, &m), -EBADMSG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_newest_wins),    cmocka_unit_test(test_sentinels_are_old),
        cmocka_unit_test(test_equal_dates),    cmocka_unit_test(test_found_nowhere),
        cmocka_unit_test(test_nobody_answers), cmocka_unit_test(test_many),
        cmocka_unit_test(test_grace),          cmocka_unit_test(test_meta),
        cmocka_unit_test(test_meta_hostile),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
