// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// Values into LDAP filters and out of entries, what a result code of a write means, and which DC a wish
// picks.
#include "daemon/directory/dcs.h"
#include "daemon/directory/krb.h"
#include "daemon/directory/modify.h"
#include "daemon/directory/value.h"

#include <errno.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void test_filter_value(void **state)
{
    static const struct {
        const char *in;
        size_t len;
        const char *out;
    } rows[] = {
        {"VM1$", 4, "VM1\\24"},
        {"*", 1, "\\2a"},
        {"a)(objectClass=*", 16, "a\\29\\28objectClass\\3d\\2a"},
        {"\\2a", 3, "\\5c2a"},
        {"\0\xff", 2, "\\00\\ff"},
        {"", 0, ""},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        _cleanup_free_ char *value = filter_value(rows[i].in, rows[i].len);

        assert_non_null(value);
        assert_string_equal(value, rows[i].out);
    }
}

static void test_generalized_time(void **state)
{
    static const char *const bad[] = {"",
                                      "20231121053000",
                                      "20231121053000+0100",
                                      "20231321053000Z",
                                      "20231100053000Z",
                                      "20231121253000Z",
                                      "2023112105300xZ",
                                      "16000101000000.0Z",
                                      "20231121053000.0",
                                      "-0231121053000.0Z"};
    int64_t us = 1;

    (void)state;
    assert_int_equal(generalized_time("20231121053000.0Z", &us), 0);
    assert_int_equal(us, INT64_C(1700544600000000));
    assert_int_equal(generalized_time("20231121053000Z", &us), 0);
    assert_int_equal(us, INT64_C(1700544600000000));
    assert_int_equal(generalized_time("16010101000000.0Z", &us), 0);
    assert_true(us < 0);
    us = 7;
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        if (generalized_time(bad[i], &us) != -EINVAL || us != 7)
            fail_msg("%s was taken", bad[i]);
}

// Only what is surely not done may be called refused; what nobody knows is unknown.
static void test_modify_meaning(void **state)
{
    static const struct {
        int code;
        enum written written;
    } rows[] = {
        {LDAP_SUCCESS, WRITTEN_DONE},
        {LDAP_INSUFFICIENT_ACCESS, WRITTEN_DENIED},
        {LDAP_CONSTRAINT_VIOLATION, WRITTEN_REFUSED},
        {LDAP_UNWILLING_TO_PERFORM, WRITTEN_REFUSED},
        {LDAP_NO_SUCH_OBJECT, WRITTEN_REFUSED},
        {LDAP_REFERRAL, WRITTEN_REFUSED},
        {LDAP_STRONG_AUTH_REQUIRED, WRITTEN_REFUSED},
        {LDAP_OPERATIONS_ERROR, WRITTEN_UNKNOWN},
        {LDAP_BUSY, WRITTEN_UNKNOWN},
        {LDAP_UNAVAILABLE, WRITTEN_UNKNOWN},
        {LDAP_TIMELIMIT_EXCEEDED, WRITTEN_UNKNOWN},
        {LDAP_OTHER, WRITTEN_UNKNOWN},
        {LDAP_SERVER_DOWN, WRITTEN_UNKNOWN},
        {LDAP_TIMEOUT, WRITTEN_UNKNOWN},
        {LDAP_DECODING_ERROR, WRITTEN_UNKNOWN},
        {4711, WRITTEN_UNKNOWN},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        assert_int_equal(modify_meaning(rows[i].code), rows[i].written);
}

static struct dc_list three(void)
{
    struct dc_list list = {.n = 3, .hosts = {"dc1.corp.test", "dc2.corp.test", "dc2.sub.corp.test"}};

    return list;
}

static void test_wish(void **state)
{
    static const struct {
        const char *wish, *chosen; // NULL: the list stays whole
    } rows[] = {
        {"dc1.corp.test", "dc1.corp.test"},
        {"DC2.Corp.Test", "dc2.corp.test"},
        {"dc2.sub.corp.test.", "dc2.sub.corp.test"},
        {"DC1", "dc1.corp.test"},
        {"dc2", NULL}, // two have that label
        {"dc", NULL},
        {"evil.example", NULL},
        {"dc1.corp", NULL},
        {".", NULL},
        {"", NULL},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct dc_list list = three();
        bool found = dcs_choose(&list, rows[i].wish);

        assert_int_equal(found, rows[i].chosen != NULL);
        assert_int_equal(list.n, found ? 1 : 3);
        assert_string_equal(list.hosts[0], found ? rows[i].chosen : "dc1.corp.test");
    }
}

static void test_configured_dcs(void **state)
{
    char *hosts[] = {"dc9.corp.test", "dc1.corp.test"}, *evil[] = {"dc1.corp.test\n kdc = evil"};
    struct config_domain domain = {.name = "corp.test", .dcs = hosts, .dcs_count = 2};
    struct failure f = {0};
    struct dc_list list;

    (void)state;
    assert_int_equal(dcs_find(&domain, "", &list, &f), 0);
    assert_int_equal(list.n, 2);
    assert_string_equal(list.hosts[0], "dc9.corp.test");
    domain.dcs = evil;
    domain.dcs_count = 1;
    assert_int_equal(dcs_find(&domain, "", &list, &f), -EINVAL);
    assert_string_equal(f.code, "config");
}

static void test_token_digest(void **state)
{
    char a[33], b[33], again[33];

    (void)state;
    assert_int_equal(token_digest("0123456789abcdef", a), 0);
    assert_int_equal(token_digest("0123456789abcdee", b), 0);
    assert_int_equal(token_digest("0123456789abcdef", again), 0);
    assert_int_equal(strlen(a), 32);
    assert_string_equal(a, again);
    assert_string_not_equal(a, b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_filter_value),   cmocka_unit_test(test_generalized_time),
        cmocka_unit_test(test_modify_meaning), cmocka_unit_test(test_wish),
        cmocka_unit_test(test_configured_dcs), cmocka_unit_test(test_token_digest),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
