// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// Requests: what is taken, and which key a refusal names.
#include "daemon/directory/accounts.h"
#include "daemon/directory/request.h"

#include <errno.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define GUID "6f0c5b1a-1111-2222-3333-44444444abcd"
#define SID "S-1-5-21-226059406-2984137831-1201299043-1105"
#define RESET \
    "reset domain=corp.test guid=" GUID " sid=" SID " kvno=4 token=0123456789abcdef secret=Correct.Horse.9"

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
            record_set(r, word, value);
    }
    return r;
}

static const char *const taken[] = {
    "account domain=corp.test guid=" GUID,
    "account domain=corp.test sid=" SID " dc=dc1.corp.test",
    "account domain=corp.test name=VM1",
    "account domain=corp.test name=VM)(1*$",
    "accounts domain=corp.test 0.name=VM1 1.guid=" GUID " 2.sid=" SID,
    "accounts domain=corp.test 0.guid=bad 1.name=VM1", // a bad one is marked, and spoils nothing
    RESET,
    RESET " kvno=0",
    RESET " secret=", // too short is a rule's business: refused, with its name
    "login domain=corp.test guid=" GUID " sid=" SID " secret=x",
    "check domain=corp.test",
};

static const struct {
    const char *text, *names;
} refused[] = {
    {"reboot domain=corp.test", "type"},
    {"account guid=" GUID, "domain"},
    {"accounts domain=corp.test", "account"},
    {"accounts domain=corp.test 1.name=VM1", "account"},
    {"account domain=corp/test guid=" GUID, "domain"},
    {"account domain=corp.test dc=dc1%0a guid=" GUID, "dc"},
    {"account domain=corp.test", "exactly one"},
    {"account domain=corp.test guid=" GUID " name=VM1", "exactly one"},
    {"account domain=corp.test guid=" GUID "0", "guid"},
    {"account domain=corp.test guid=6f0c5b1a", "guid"},
    {"account domain=corp.test sid=S-1-x", "sid"},
    {"account domain=corp.test name=$", "name"},
    {"account domain=corp.test name=a\tb", "name"},
    {"reset domain=corp.test guid=" GUID " kvno=4 token=0123456789abcdef secret=Correct.Horse.9",
     "guid and sid"},
    {"login domain=corp.test sid=" SID " secret=x", "guid and sid"},
    {"login domain=corp.test guid=" GUID " sid=" SID, "secret"},
    {"login domain=corp.test guid=" GUID " sid=" SID " secret=", "secret"},
    {RESET " kvno=x", "kvno"},
    {RESET " kvno=-1", "kvno"},
    {RESET " kvno=4294967296", "kvno"},
    {RESET " token=short", "token"},
    {RESET " token=../../etc/passwd", "token"},
};

static void test_taken(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(taken); i++) {
        _cleanup_record_ struct record *r = make(taken[i]);
        _cleanup_(request_done) struct request q = {0};
        struct failure f = {0};

        if (request_parse(r, &q, &f) != 0)
            fail_msg("%s: %s", taken[i], f.err.text);
    }
}

static void test_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
        _cleanup_record_ struct record *r = make(refused[i].text);
        struct request q = {.kvno = 99};
        struct failure f = {0};

        if (request_parse(r, &q, &f) != -EINVAL || !strstr(f.err.text, refused[i].names))
            fail_msg("%s: \"%s\" does not name %s", refused[i].text, f.err.text, refused[i].names);
        assert_string_equal(f.code, "bad-request");
        assert_int_equal(q.kvno, 99);
        assert_null(strstr(f.err.text, "Correct"));
    }
}

static void test_fields(void **state)
{
    _cleanup_record_ struct record *r = make(RESET
                                             " dc=DC1.corp.test guid=6F0C5B1A-1111-2222-3333-44444444ABCD");
    _cleanup_record_ struct record *named = make("account domain=corp.test name=VM1");
    _cleanup_(request_done) struct request q = {0};
    struct failure f = {0};

    (void)state;
    assert_int_equal(request_parse(r, &q, &f), 0);
    assert_int_equal(q.kind, REQUEST_RESET);
    assert_string_equal(q.guid, GUID);
    assert_string_equal(q.sid, SID);
    assert_string_equal(q.dc, "DC1.corp.test");
    assert_int_equal(q.kvno, 4);
    assert_int_equal(q.secret.len, strlen("Correct.Horse.9"));
    assert_int_equal(request_parse(named, &q, &f), 0);
    assert_string_equal(q.name, "VM1$");
    assert_int_equal(q.secret.len, 0);
}

// Many in one filter; what could steer it is escaped, and a bad one is left out.
static void test_list(void **state)
{
    _cleanup_record_ struct record *r = make(
        "accounts domain=corp.test 0.name=VM1 1.guid=nonsense 2.name=a)(b 3.sid=" SID " 5.name=VM6");
    _cleanup_(request_done) struct request q = {0};
    _cleanup_free_ char *filter = NULL;
    struct failure f = {0};

    (void)state;
    assert_int_equal(request_parse(r, &q, &f), 0);
    assert_int_equal(q.count, 4); // the numbers have no gap
    assert_string_equal(q.list[0].name, "VM1$");
    assert_non_null(strstr(q.list[1].wrong, "guid"));
    filter = accounts_filter(q.list, q.count);
    assert_ptr_equal(strstr(filter, "(&(objectCategory=computer)(|(sAMAccountName=VM1\\24)("), filter);
    assert_non_null(strstr(filter, "(sAMAccountName=a\\29\\28b\\24)"));
    assert_non_null(strstr(filter, "(objectSid=\\01\\05"));
    assert_null(accounts_filter(&q.list[1], 1));
}

static void test_secret_cap(void **state)
{
    _cleanup_record_ struct record *r = make(RESET);
    _cleanup_(request_done) struct request q = {0};
    char text[SECRET_MAX + 2];
    struct failure f = {0};

    (void)state;
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    record_set(r, "secret", text);
    assert_int_equal(request_parse(r, &q, &f), -EINVAL);
}

// What a DC says goes into a record and into logs: one line, whatever it holds.
static void test_failure_is_one_line(void **state)
{
    _cleanup_record_ struct record *r = NULL;
    struct failure f = {0};

    (void)state;
    failure_set(&f, -EIO, "x", "y", "first\nsecond\x1b[31m");
    assert_null(strpbrk(f.err.text, "\n\x1b"));
    r = failure_record(&f);
    assert_true(record_is(r, "error"));
    assert_string_equal(record_get(r, "code"), "x");
    assert_string_equal(record_get(r, "next"), "y");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_taken),      cmocka_unit_test(test_refused),
        cmocka_unit_test(test_fields),     cmocka_unit_test(test_list),
        cmocka_unit_test(test_secret_cap), cmocka_unit_test(test_failure_is_one_line),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
