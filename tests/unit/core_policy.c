// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/core/policy.h"

#include "daemon/core/glob.h"
#include "tests/unit/testing.h"

static void globs(void **state)
{
    static const struct {
        const char *pattern, *text;
        bool matches, folded;
    } rows[] = {
        {"", "", true, true},
        {"", "a", false, false},
        {"*", "", true, true},
        {"vdi-*", "vdi-07", true, true},
        {"vdi-*", "VDI-07", false, true},
        {"vdi-*", "srv-07", false, false},
        {"*desk*top*", "a desk and a top", true, true},
        {"*desk*top", "desktops", false, false},
        {"?", "", false, false},
        {"?x", "yx", true, true},
        {"[a-c]1", "b1", true, true},
        {"[a-c]1", "B1", false, true},
        {"[!a-c]1", "b1", false, false},
        {"[!a-c]1", "d1", true, true},
        {"[]]", "]", true, true},
        {"[a-", "[a-", true, true},
        {"a\\*b", "a*b", true, true},
        {"a\\*b", "axb", false, false},
        {"a*a*a*a*a*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false, false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        if (glob_match(rows[i].pattern, rows[i].text, false) != rows[i].matches ||
            glob_match(rows[i].pattern, rows[i].text, true) != rows[i].folded)
            fail_msg("'%s' and '%s'", rows[i].pattern, rows[i].text);
    }
    assert_true(glob_sound("") && glob_sound("a[!]x]*[a-z]?") && glob_sound("\\[a"));
    assert_false(glob_sound("vdi-[0-9") || glob_sound("[a][") || glob_sound("[]") || glob_sound("[\\]"));
    assert_true(glob_is("a[b"));
    assert_false(glob_is("OU=VDI,DC=corp"));
}

static void below(void **state)
{
    static const struct {
        const char *dn, *above;
        bool below;
    } rows[] = {
        {"CN=A,OU=VDI,DC=corp,DC=test", "OU=VDI,DC=corp,DC=test", true},
        {"CN=A,OU=VDI,DC=corp,DC=test", "ou=vdi, dc=CORP,  dc=test", true},
        {"CN=A,OU=sub,OU=VDI,DC=corp,DC=test", "OU=VDI,DC=corp,DC=test", true},
        {"OU=VDI,DC=corp,DC=test", "OU=VDI,DC=corp,DC=test", true},
        {"CN=A,OU=NoVDI,DC=corp,DC=test", "OU=VDI,DC=corp,DC=test", false},
        {"CN=A,OU=xOU=VDI,DC=corp,DC=test", "OU=VDI,DC=corp,DC=test", false},
        {"CN=A\\,OU=VDI,DC=corp,DC=test", "OU=VDI,DC=corp,DC=test", false},
        {"CN=A\\\\,OU=VDI,DC=corp,DC=test", "OU=VDI,DC=corp,DC=test", true},
        {"DC=test", "DC=corp,DC=test", false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        if (policy_dn_below(rows[i].dn, rows[i].above) != rows[i].below)
            fail_msg("'%s' below '%s'", rows[i].dn, rows[i].above);
}

static const struct policy_value pool = {"pool", "vdi-*"},
                                 wanted_two[] = {{"pool", "*"}, {"{u}e/owner", "it"}};
static const struct policy_value has_pool[] = {{"pool", "x"}, {"pool", "vdi-1"}};
#define BOUND .domain = "corp.test", .dn = "CN=VM1,OU=VDI,DC=corp,DC=test"
#define DESCRIBED .name = "vm1", .title = "one desk", .described = true

// Each condition: held, failed, not known; and how they go together.
static const struct {
    struct policy_match match;
    struct policy_subject subject;
    enum tri holds;
} matches[] = {
    {{.role = -1}, {DESCRIBED}, TRI_YES},
    {{.name = "vm*", .role = -1}, {DESCRIBED}, TRI_YES},
    {{.name = "x*", .role = -1}, {DESCRIBED}, TRI_NO},
    {{.title = "*desk", .role = -1}, {DESCRIBED}, TRI_YES},
    {{.title = "*desk", .role = -1}, {.name = "vm1"}, TRI_UNKNOWN},
    {{.title = "?*", .role = -1}, {.name = "vm1", .title = "", .described = true}, TRI_NO},
    {{.metadata = &pool, .metadata_count = 1, .role = -1},
     {DESCRIBED, .metadata = has_pool, .metadata_count = 2},
     TRI_YES},
    {{.metadata = &pool, .metadata_count = 1, .role = -1},
     {DESCRIBED, .metadata = has_pool, .metadata_count = 1},
     TRI_NO},
    {{.metadata = wanted_two, .metadata_count = 2, .role = -1},
     {DESCRIBED, .metadata = has_pool, .metadata_count = 2},
     TRI_NO},
    {{.metadata = &pool, .metadata_count = 1, .role = -1}, {.name = "vm1"}, TRI_UNKNOWN},
    {{.domain = "CORP.test", .role = -1}, {DESCRIBED, BOUND}, TRI_YES},
    {{.domain = "lab.test", .role = -1}, {DESCRIBED, BOUND}, TRI_NO},
    {{.domain = "corp.test", .role = -1}, {DESCRIBED}, TRI_UNKNOWN},
    {{.ou = "OU=VDI,DC=corp,DC=test", .role = -1}, {DESCRIBED, BOUND}, TRI_YES},
    {{.ou = "*,ou=v?i,*", .role = -1}, {DESCRIBED, BOUND}, TRI_YES},
    {{.ou = "OU=Servers,DC=corp,DC=test", .role = -1}, {DESCRIBED, BOUND}, TRI_NO},
    {{.ou = "OU=VDI,DC=corp,DC=test", .role = -1}, {DESCRIBED, .domain = "corp.test"}, TRI_UNKNOWN},
    {{.role = ROLE_MEMBER}, {DESCRIBED, .role = ROLE_MEMBER}, TRI_YES},
    {{.role = ROLE_MEMBER}, {DESCRIBED, .role = ROLE_DOMAIN_CONTROLLER}, TRI_NO},
    {{.role = ROLE_MEMBER}, {DESCRIBED}, TRI_UNKNOWN},
    // What has failed is not made undecided by what is unknown, and the other way round it is not made true.
    {{.name = "x*", .ou = "OU=VDI,DC=corp,DC=test", .role = -1}, {DESCRIBED}, TRI_NO},
    {{.ou = "OU=VDI,DC=corp,DC=test", .role = ROLE_WORKGROUP}, {DESCRIBED, .role = ROLE_MEMBER}, TRI_NO},
    {{.name = "vm1", .ou = "OU=VDI,DC=corp,DC=test", .role = -1}, {DESCRIBED}, TRI_UNKNOWN},
};

static void rules(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(matches); i++)
        if (policy_match(&matches[i].match, &matches[i].subject, NULL, NULL) != matches[i].holds)
            fail_msg("row %zu", i);
}

struct told {
    unsigned count;
    struct policy_check checks[8];
};

static void take_check(const struct policy_check *check, void *arg)
{
    struct told *t = arg;

    t->checks[t->count++] = *check;
}

static void why(void **state)
{
    struct policy_match m = {.name = "vm*",
                             .metadata = wanted_two,
                             .metadata_count = 2,
                             .ou = "OU=VDI,DC=corp,DC=test",
                             .role = ROLE_MEMBER};
    struct policy_subject s = {DESCRIBED, .metadata = has_pool, .metadata_count = 2, .role = ROLE_WORKGROUP};
    struct told t = {0};

    (void)state;
    assert_int_equal(policy_match(&m, &s, take_check, &t), TRI_NO);
    assert_int_equal(t.count, 5);
    assert_string_equal(t.checks[0].condition, "name");
    assert_string_equal(t.checks[0].saw, "vm1");
    assert_int_equal(t.checks[0].holds, TRI_YES);
    assert_string_equal(t.checks[1].key, "pool");
    assert_string_equal(t.checks[1].saw, "x");
    assert_string_equal(t.checks[2].key, "{u}e/owner");
    assert_null(t.checks[2].saw);
    assert_int_equal(t.checks[2].holds, TRI_NO);
    assert_string_equal(t.checks[3].condition, "ou");
    assert_int_equal(t.checks[3].holds, TRI_UNKNOWN);
    assert_string_equal(t.checks[3].why, "the guest is not bound to an account yet");
    assert_string_equal(t.checks[4].saw, "workgroup");
    assert_string_equal(t.checks[4].wanted, "member");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(globs),
        cmocka_unit_test(below),
        cmocka_unit_test(rules),
        cmocka_unit_test(why),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
