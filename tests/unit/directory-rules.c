// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// The table of reset rules: one good account, and for each rule the one fact that breaks it.
#include "daemon/directory/power.h"
#include "daemon/directory/reset_rules.h"

#include "common/cleanup.h"

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const struct reset_facts good = {
    .found = true,
    .sid_matches = true,
    .plain_computer = true,
    .uac_known = true,
    .uac = 0x1000,
    .group_known = true,
    .group = 515,
    .base_known = true,
    .below_base = true,
    .kvno_known = true,
    .kvno = 7,
    .kvno_named = 7,
    .secret_len = 120,
    .secret_printable = true,
    .attempts = 3,
    .limit = 20,
};

// One change to `good` each.
#define SPOIL(id, statement)                      \
    static void spoil_##id(struct reset_facts *f) \
    {                                             \
        statement;                                \
    }
SPOIL(none, (void)f)
SPOIL(found, f->found = false)
SPOIL(sid, f->sid_matches = false)
SPOIL(computer, f->plain_computer = false)
SPOIL(no_uac, f->uac_known = false)
SPOIL(no_group, f->group_known = false)
SPOIL(no_kvno, f->kvno_known = false)
SPOIL(dc, f->uac = 0x82000)
SPOIL(rodc, f->uac = 0x5001000)
SPOIL(dc_group, f->group = 516)
SPOIL(rodc_group, f->group = 521)
SPOIL(user, f->uac = 0x200)
SPOIL(both_kinds, f->uac = 0x1200)
SPOIL(interdomain, f->uac = 0x1800)
SPOIL(no_preauth, f->uac = 0x401000)
SPOIL(unknown_bit, f->uac = 0x80001000)
SPOIL(zero, f->uac = 0)
SPOIL(disabled, f->uac = 0x1002)
SPOIL(unconstrained, f->uac = 0x81000)
SPOIL(protocol_transition, f->uac = 0x1001000)
SPOIL(constrained, f->delegates = true)
SPOIL(group, f->group = 513)
SPOIL(base_missing, f->base_known = false)
SPOIL(outside, f->below_base = false)
SPOIL(kvno, f->kvno = 8)
SPOIL(kvno_back, f->kvno = 6)
SPOIL(empty, f->secret_len = 0)
SPOIL(short_, f->secret_len = 13)
SPOIL(shortest, f->secret_len = 14)
SPOIL(longest, f->secret_len = 512)
SPOIL(long_, f->secret_len = 513)
SPOIL(characters, f->secret_printable = false)
SPOIL(limit, f->attempts = 20)
SPOIL(last, f->attempts = 19)
SPOIL(never, (f->attempts = 0, f->limit = 0))
SPOIL(prestaged, f->uac = 0x1020)
SPOIL(no_expiry, f->uac = 0x11000)
SPOIL(protected, f->uac = 0x101000)

static const struct {
    enum reset_rule rule;
    const char *name;
    void (*spoil)(struct reset_facts *);
} rows[] = {
    {RULE_OK, "ok", spoil_none},
    {RULE_NOT_FOUND, "not-found", spoil_found},
    {RULE_SID_MISMATCH, "sid-mismatch", spoil_sid},
    {RULE_NOT_COMPUTER, "not-computer", spoil_computer},
    {RULE_UNREADABLE, "unreadable", spoil_no_uac},
    {RULE_UNREADABLE, "unreadable", spoil_no_group},
    {RULE_UNREADABLE, "unreadable", spoil_no_kvno},
    {RULE_DOMAIN_CONTROLLER, "domain-controller", spoil_dc},
    {RULE_DOMAIN_CONTROLLER, "domain-controller", spoil_rodc},
    {RULE_DOMAIN_CONTROLLER, "domain-controller", spoil_dc_group},
    {RULE_DOMAIN_CONTROLLER, "domain-controller", spoil_rodc_group},
    {RULE_NOT_WORKSTATION, "not-workstation", spoil_user},
    {RULE_NOT_WORKSTATION, "not-workstation", spoil_both_kinds},
    {RULE_NOT_WORKSTATION, "not-workstation", spoil_interdomain},
    {RULE_NOT_WORKSTATION, "not-workstation", spoil_no_preauth},
    {RULE_NOT_WORKSTATION, "not-workstation", spoil_unknown_bit},
    {RULE_NOT_WORKSTATION, "not-workstation", spoil_zero},
    {RULE_DISABLED, "disabled", spoil_disabled},
    {RULE_TRUSTED_FOR_DELEGATION, "trusted-for-delegation", spoil_unconstrained},
    {RULE_TRUSTED_FOR_DELEGATION, "trusted-for-delegation", spoil_protocol_transition},
    {RULE_TRUSTED_FOR_DELEGATION, "trusted-for-delegation", spoil_constrained},
    {RULE_PRIMARY_GROUP, "primary-group", spoil_group},
    {RULE_NO_BASE, "no-base", spoil_base_missing},
    {RULE_OUTSIDE_BASE, "outside-base", spoil_outside},
    {RULE_KVNO_MOVED, "kvno-moved", spoil_kvno},
    {RULE_KVNO_MOVED, "kvno-moved", spoil_kvno_back},
    {RULE_SECRET_LENGTH, "secret-length", spoil_empty},
    {RULE_SECRET_LENGTH, "secret-length", spoil_short_},
    {RULE_OK, "ok", spoil_shortest},
    {RULE_OK, "ok", spoil_longest},
    {RULE_SECRET_LENGTH, "secret-length", spoil_long_},
    {RULE_SECRET_CHARACTERS, "secret-characters", spoil_characters},
    {RULE_HOURLY_LIMIT, "hourly-limit", spoil_limit},
    {RULE_OK, "ok", spoil_last},
    {RULE_HOURLY_LIMIT, "hourly-limit", spoil_never},
    {RULE_OK, "ok", spoil_prestaged},
    {RULE_OK, "ok", spoil_no_expiry},
    {RULE_OK, "ok", spoil_protected},
};

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct reset_facts f = good;

        rows[i].spoil(&f);
        if (reset_rules(&f) != rows[i].rule)
            fail_msg("row %zu: %s where %s is right", i, reset_rule_name(reset_rules(&f)), rows[i].name);
        assert_string_equal(reset_rule_name(rows[i].rule), rows[i].name);
    }
}

// Nothing known at all is a refusal, and so is nothing known but one thing.
static void test_nothing_known(void **state)
{
    struct reset_facts f = {0};

    (void)state;
    assert_int_equal(reset_rules(&f), RULE_NOT_FOUND);
    f.found = f.sid_matches = f.plain_computer = true;
    assert_int_equal(reset_rules(&f), RULE_UNREADABLE);
}

static unsigned draw(unsigned *n, unsigned count)
{
    unsigned v = *n % count;

    *n /= count;
    return v;
}

// Every combination of good, bad and unreadable: `ok` only where all of it is known and good.
static void test_every_combination(void **state)
{
    static const uint32_t uac[] = {0x1000, 0x1002, 0x82000, 0x81000, 0x200, 0}, group[] = {515, 516, 513};
    unsigned passed = 0, all = ARRAY_SIZE(uac) * ARRAY_SIZE(group) << 13;

    (void)state;
    for (unsigned n = 0; n < all; n++) {
        unsigned rest = n, which = draw(&rest, ARRAY_SIZE(uac)), whose = draw(&rest, ARRAY_SIZE(group));
        struct reset_facts f = good;
        bool fine;

        f.uac = uac[which];
        f.group = group[whose];
        f.found = draw(&rest, 2);
        f.sid_matches = draw(&rest, 2);
        f.plain_computer = draw(&rest, 2);
        f.uac_known = draw(&rest, 2);
        f.group_known = draw(&rest, 2);
        f.delegates = draw(&rest, 2);
        f.base_known = draw(&rest, 2);
        f.below_base = draw(&rest, 2);
        f.kvno_known = draw(&rest, 2);
        f.kvno += draw(&rest, 2);
        f.secret_len = draw(&rest, 2) ? 120 : 13;
        f.secret_printable = draw(&rest, 2);
        f.attempts = draw(&rest, 2) ? 3 : 20;
        fine = which == 0 && whose == 0 && f.found && f.sid_matches && f.plain_computer && f.uac_known &&
               f.group_known && !f.delegates && f.base_known && f.below_base && f.kvno_known &&
               f.kvno == good.kvno && f.secret_len == 120 && f.secret_printable && f.attempts == 3;
        if ((reset_rules(&f) == RULE_OK) != fine)
            fail_msg("combination %u: %s", n, reset_rule_name(reset_rules(&f)));
        passed += fine;
    }
    assert_int_equal(passed, 1);
}

// The earlier rule wins: a disabled domain controller outside the base is told to be a domain controller.
static void test_order(void **state)
{
    struct reset_facts f = good;

    (void)state;
    f.uac = 0x82002;
    f.below_base = false;
    f.kvno = 99;
    assert_int_equal(reset_rules(&f), RULE_DOMAIN_CONTROLLER);
    f.uac = 0x81002;
    assert_int_equal(reset_rules(&f), RULE_DISABLED);
}

static void test_every_rule_speaks(void **state)
{
    (void)state;
    for (int i = 0; i < RULE_COUNT; i++) {
        assert_non_null(reset_rule_name((enum reset_rule)i));
        assert_true(strlen(reset_rule_text((enum reset_rule)i)) > 20);
        for (int j = 0; j < i; j++)
            assert_string_not_equal(reset_rule_name((enum reset_rule)i), reset_rule_name((enum reset_rule)j));
    }
}

static void test_power(void **state)
{
    (void)state;
    assert_string_equal(power_group("S-1-5-21-1-2-3-512"), "Domain Admins");
    assert_string_equal(power_group("S-1-5-32-544"), "Administrators");
    assert_null(power_group("S-1-5-21-1-2-3-513"));
    assert_null(power_group("S-1-5-21-1-2-3-5120"));
    assert_null(power_group("S-1-5-21-1-2-3-544")); // of a domain, not the built-in one
    assert_null(power_group("512"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),  cmocka_unit_test(test_nothing_known),
        cmocka_unit_test(test_order), cmocka_unit_test(test_every_rule_speaks),
        cmocka_unit_test(test_power), cmocka_unit_test(test_every_combination),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
