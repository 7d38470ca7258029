// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// Distinguished names: "below the base" must hold for parsed names, not for the ends of strings.
#include "daemon/directory/dn.h"

#include "common/cleanup.h"

#include <errno.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define BASE "OU=Guests,DC=corp,DC=test"

static const struct {
    const char *dn, *base;
    int rc;
    bool below;
} rows[] = {
    {"CN=VM1,OU=Guests,DC=corp,DC=test", BASE, 0, true},
    {"CN=VM1,OU=Linux,OU=Guests,DC=corp,DC=test", BASE, 0, true},
    {"cn=vm1,ou=GUESTS,dc=CORP,dc=Test", BASE, 0, true},
    {"CN=VM1, OU=Guests , DC=corp,DC=test", BASE, 0, true},
    {"CN=VM1,OU=\\47uests,DC=corp,DC=test", BASE, 0, true}, // an escaped G
    {"CN=VM1,OU=Guests\\2cDC\\3dcorp,DC=test", BASE, 0, false},
    {"CN=a\\,OU=Guests,DC=corp,DC=test", BASE, 0, false}, // its RDN is "a,OU=Guests"
    {"CN=x\\\\\\,OU=Guests,DC=corp,DC=test", BASE, 0, false},
    {"CN=VM1,OU=NotGuests,DC=corp,DC=test", BASE, 0, false},
    {"CN=VM1,CN=Guests,DC=corp,DC=test", BASE, 0, false}, // another attribute
    {"CN=VM1,OU=Guests,DC=corp,DC=test,DC=evil", BASE, 0, false},
    {"CN=VM1,OU=Guests,DC=corp", BASE, 0, false},
    {"OU=Guests,DC=corp,DC=test", BASE, 0, false}, // itself
    {"DC=corp,DC=test", BASE, 0, false},           // above
    {"CN=VM1,OU=Guests+L=x,DC=corp,DC=test", BASE, 0, false},
    {"CN=VM1,L=x+OU=Guests,DC=corp,DC=test", "OU=Guests+L=X,DC=corp,DC=test", 0, true},
    {"CN=VM1,OU=B\xc3\xbcro,DC=corp,DC=test", "OU=B\\C3\\BCro,DC=corp,DC=test", 0, true},
    {"CN=VM1,OU=Guests,DC=corp,DC=test", "", -EINVAL, false}, // would be above everything
    {"CN=VM1,OU=Guests,DC=corp,DC=test", "Guests", -EINVAL, false},
    {"", BASE, -EINVAL, false},
    {NULL, BASE, -EINVAL, false},
    {"CN=VM1", NULL, -EINVAL, false},
    {"CN=VM1,OU=Guests,DC=corp,DC=test\\", BASE, -EINVAL, false},
};

static void test_below(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        bool below = false;
        int rc = dn_below(rows[i].dn, rows[i].base, &below);

        if (rc != rows[i].rc || below != rows[i].below)
            fail_msg("row %zu: rc %d, below %d", i, rc, below);
    }
}

static void test_untouched_on_failure(void **state)
{
    bool below = true;

    (void)state;
    assert_int_equal(dn_below("no dn", BASE, &below), -EINVAL);
    assert_true(below);
}

static void test_equal(void **state)
{
    bool equal = false;

    (void)state;
    assert_int_equal(dn_equal("CN=A,DC=x", "cn=a, dc=X", &equal), 0);
    assert_true(equal);
    assert_int_equal(dn_equal("CN=A,DC=x", "CN=A,DC=x,DC=y", &equal), 0);
    assert_false(equal);
}

static void test_domain(void **state)
{
    (void)state;
    assert_true(dn_is_domain("DC=corp,DC=test", "corp.test"));
    assert_true(dn_is_domain("dc=Corp,dc=Test", "CORP.test"));
    assert_false(dn_is_domain("DC=corp,DC=test", "test"));
    assert_false(dn_is_domain("DC=corp\\.test", "corp.test.x"));
    assert_false(dn_is_domain("OU=x,DC=corp,DC=test", "corp.test"));
    assert_false(dn_is_domain("", "corp.test"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_below),
        cmocka_unit_test(test_untouched_on_failure),
        cmocka_unit_test(test_equal),
        cmocka_unit_test(test_domain),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
