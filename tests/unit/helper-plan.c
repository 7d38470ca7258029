// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// The helper's plan, row by row: what a verb does with what is on record. Each row turns some of the good case's
// facts round.
#include "common/cleanup.h"
#include "guest-helper/plan.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const struct plan_facts good = {
    .token_known = true,
    .has_key = true,
    .joined = true,
    .expect_given = true,
    .expect_is_live = true,
    .store_writable = true,
};

struct row {
    const char *what;
    enum verb verb;
    struct plan_facts turned; // these facts of the good case are the other way round
    enum plan_kind kind;
    const char *reason; // of a refusal
    enum step first;    // of steps
};

static const struct row rows[] = {
    {"a check that finds all well", VERB_STORE_CHECK, {0}, PLAN_READY, NULL, STEP_END},
    {"a check needs no earlier probe", VERB_STORE_CHECK, {.token_known = true}, PLAN_READY, NULL, STEP_END},
    {"a check of a retired token",
     VERB_STORE_CHECK,
     {.token_retired = true},
     PLAN_REFUSE,
     "superseded",
     STEP_END},
    {"a check of another secret",
     VERB_STORE_CHECK,
     {.expect_is_live = true},
     PLAN_REFUSE,
     "changed",
     STEP_END},
    {"a check of a keytab that cannot be written",
     VERB_STORE_CHECK,
     {.store_writable = true},
     PLAN_REFUSE,
     "not-writable",
     STEP_END},
    {"a check of a guest that is no member",
     VERB_STORE_CHECK,
     {.joined = true},
     PLAN_REFUSE,
     "not-joined",
     STEP_END},
    {"a check of a secret that cannot be read",
     VERB_STORE_CHECK,
     {.joined = true, .not_readable = true},
     PLAN_REFUSE,
     "not-readable",
     STEP_END},

    {"a store", VERB_STORE, {0}, PLAN_DO, NULL, STEP_OPEN},
    {"a finished store", VERB_STORE, {.finished = true}, PLAN_RECORDED, NULL, STEP_END},
    {"a finished store of a retired token",
     VERB_STORE,
     {.finished = true, .token_retired = true},
     PLAN_RECORDED,
     NULL,
     STEP_END},
    {"a finished store in a changed guest",
     VERB_STORE,
     {.finished = true, .expect_is_live = true},
     PLAN_RECORDED,
     NULL,
     STEP_END},
    {"a retired token's store", VERB_STORE, {.token_retired = true}, PLAN_REFUSE, "superseded", STEP_END},
    {"a store without a probe", VERB_STORE, {.token_known = true}, PLAN_REFUSE, "no-probe", STEP_END},
    {"a store without a key", VERB_STORE, {.has_key = true}, PLAN_REFUSE, "no-key", STEP_END},
    {"a store over another secret", VERB_STORE, {.expect_is_live = true}, PLAN_REFUSE, "changed", STEP_END},
    {"a store that was interrupted after its write",
     VERB_STORE,
     {.expect_is_live = true, .was_storing = true},
     PLAN_DO,
     NULL,
     STEP_OPEN},
    {"a store without a fingerprint", VERB_STORE, {.expect_given = true}, PLAN_REFUSE, "no-expect", STEP_END},
    {"a store in a guest that is no member",
     VERB_STORE,
     {.joined = true},
     PLAN_REFUSE,
     "not-joined",
     STEP_END},

    {"a rotation", VERB_ROTATE, {0}, PLAN_DO, NULL, STEP_MINT},
    {"a rotation needs no one-use key", VERB_ROTATE, {.has_key = true}, PLAN_DO, NULL, STEP_MINT},
    {"a finished rotation", VERB_ROTATE, {.finished = true}, PLAN_RECORDED, NULL, STEP_END},
    {"a retired token's rotation", VERB_ROTATE, {.token_retired = true}, PLAN_REFUSE, "superseded", STEP_END},
    {"a rotation of another secret", VERB_ROTATE, {.expect_is_live = true}, PLAN_REFUSE, "changed", STEP_END},
    {"a rotation whose password waits", VERB_ROTATE, {.pending = true}, PLAN_DO, NULL, STEP_SETTLE},
    {"a rotation that was interrupted after its write",
     VERB_ROTATE,
     {.pending = true, .expect_is_live = true, .was_storing = true},
     PLAN_DO,
     NULL,
     STEP_SETTLE},
    {"a waiting password over another secret",
     VERB_ROTATE,
     {.pending = true, .expect_is_live = true},
     PLAN_REFUSE,
     "changed",
     STEP_END},

    {"a domain controller's store",
     VERB_STORE,
     {.domain_controller = true},
     PLAN_REFUSE,
     "domain-controller",
     STEP_END},
    {"a domain controller's check",
     VERB_STORE_CHECK,
     {.domain_controller = true},
     PLAN_REFUSE,
     "domain-controller",
     STEP_END},
    {"a domain controller's rotation",
     VERB_ROTATE,
     {.domain_controller = true, .lsa = true},
     PLAN_REFUSE,
     "domain-controller",
     STEP_END},
    {"a domain controller's repair",
     VERB_REPAIR,
     {.domain_controller = true, .lsa = true},
     PLAN_REFUSE,
     "domain-controller",
     STEP_END},
    {"an isolated identity's store",
     VERB_STORE,
     {.isolated = true, .lsa = true},
     PLAN_REFUSE,
     "isolated",
     STEP_END},
    {"an isolated identity's rotation",
     VERB_ROTATE,
     {.isolated = true, .lsa = true},
     PLAN_REFUSE,
     "isolated",
     STEP_END},
    {"an isolated identity's check", VERB_STORE_CHECK, {.isolated = true}, PLAN_REFUSE, "isolated", STEP_END},

    {"a Windows store", VERB_STORE, {.lsa = true}, PLAN_DO, NULL, STEP_OPEN},
    {"a Windows store that was interrupted after its write",
     VERB_STORE,
     {.lsa = true, .expect_is_live = true, .was_storing = true, .has_key = true},
     PLAN_DO,
     NULL,
     STEP_TELL},
    {"Netlogon's rotation", VERB_ROTATE, {.lsa = true}, PLAN_DO, NULL, STEP_CHANGE},
    {"Netlogon's rotation that was interrupted before",
     VERB_ROTATE,
     {.lsa = true, .begun = true},
     PLAN_DO,
     NULL,
     STEP_CHANGE},
    {"Netlogon's rotation that was interrupted after",
     VERB_ROTATE,
     {.lsa = true, .begun = true, .expect_is_live = true},
     PLAN_DO,
     NULL,
     STEP_SHOW},
    {"Netlogon's rotation of another secret",
     VERB_ROTATE,
     {.lsa = true, .expect_is_live = true},
     PLAN_REFUSE,
     "changed",
     STEP_END},

    {"a repair", VERB_REPAIR, {.lsa = true, .sid_given = true}, PLAN_DO, NULL, STEP_OPEN},
    {"a repair on Linux", VERB_REPAIR, {.sid_given = true}, PLAN_DO, NULL, STEP_OPEN},
    {"a repair on Linux whose password waits",
     VERB_REPAIR,
     {.sid_given = true, .pending = true, .has_key = true},
     PLAN_DO,
     NULL,
     STEP_SETTLE},
    {"a repair on Linux that was interrupted after its write: Samba may lack it still",
     VERB_REPAIR,
     {.sid_given = true, .pending = true, .expect_is_live = true, .was_storing = true},
     PLAN_DO,
     NULL,
     STEP_SETTLE},
    {"a repair of nobody", VERB_REPAIR, {.lsa = true}, PLAN_REFUSE, "no-sid", STEP_END},
    {"a repair of somebody else",
     VERB_REPAIR,
     {.lsa = true, .sid_given = true, .sid_differs = true},
     PLAN_REFUSE,
     "identity-mismatch",
     STEP_END},
    {"a repair over another secret",
     VERB_REPAIR,
     {.lsa = true, .sid_given = true, .expect_is_live = true},
     PLAN_REFUSE,
     "changed",
     STEP_END},
    {"a repair without a key",
     VERB_REPAIR,
     {.lsa = true, .sid_given = true, .has_key = true},
     PLAN_REFUSE,
     "no-key",
     STEP_END},
    {"a repair whose password waits",
     VERB_REPAIR,
     {.lsa = true, .sid_given = true, .pending = true, .has_key = true},
     PLAN_DO,
     NULL,
     STEP_SETTLE},
    {"a repair that was interrupted after its write",
     VERB_REPAIR,
     {.lsa = true, .sid_given = true, .pending = true, .expect_is_live = true, .was_storing = true},
     PLAN_DO,
     NULL,
     STEP_TELL},
    {"a finished repair", VERB_REPAIR, {.finished = true, .lsa = true}, PLAN_RECORDED, NULL, STEP_END},

    {"a probe is never refused", VERB_PROBE, {.token_retired = true}, PLAN_DO, NULL, STEP_END},
};

static struct plan_facts turn(const struct plan_facts *turned)
{
    struct plan_facts f = good;

    for (size_t i = 0; i < sizeof f; i++) // nothing but bools
        ((unsigned char *)&f)[i] ^= ((const unsigned char *)turned)[i];
    return f;
}

static void every_row(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct plan_facts f = turn(&rows[i].turned);
        struct plan p = plan_make(rows[i].verb, &f);

        print_message("  %s\n", rows[i].what);
        assert_int_equal(p.kind, rows[i].kind);
        if (p.kind == PLAN_REFUSE) {
            assert_string_equal(p.reason, rows[i].reason);
            assert_true(strlen(p.text) > 10);
        }
        if (p.kind == PLAN_DO)
            assert_int_equal(p.steps[0], rows[i].first);
    }
}

static void who_may_attest(void **state)
{
    static const struct {
        struct plan_facts facts;
        const char *reason; // NULL: it may
    } cases[] = {
        {{.joined = true}, NULL},
        {{0}, "not-joined"},
        {{.not_readable = true}, "not-readable"},
        {{.joined = true, .not_readable = true}, "not-readable"},
        {{.joined = true, .domain_controller = true}, "domain-controller"},
        {{.not_readable = true, .domain_controller = true}, "domain-controller"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct plan p = plan_attest(&cases[i].facts);

        assert_int_equal(p.kind, cases[i].reason ? PLAN_REFUSE : PLAN_READY);
        if (cases[i].reason)
            assert_string_equal(p.reason, cases[i].reason);
    }
}

// Why a secret cannot be read is told in the system's own words, and nothing else is.
static void what_hinders_is_told(void **state)
{
    const struct plan_facts unreadable = {.not_readable = true}, nobody = {0}, member = {.joined = true};
    const char *why = "/etc/krb5.keytab: Permission denied";

    (void)state;
    assert_string_equal(plan_explain(plan_attest(&unreadable), why).text, why);
    assert_true(strlen(plan_explain(plan_attest(&unreadable), "").text) > 10);
    assert_string_not_equal(plan_explain(plan_attest(&nobody), why).text, why);
    assert_null(plan_explain(plan_attest(&member), why).text);
}

// Whatever else is on record: what the guest holds is neither what was expected nor what was being stored? Then a
// verb that changes it never starts; and nothing ever starts for a retired token.
// All combinations of the facts, one bit each.
static struct plan_facts facts_of(unsigned bits)
{
    return (struct plan_facts){.finished = bits & 1,
                               .token_known = bits & 2,
                               .token_retired = bits & 4,
                               .has_key = bits & 8,
                               .joined = bits & 16,
                               .expect_given = bits & 32,
                               .expect_is_live = bits & 64,
                               .was_storing = bits & 128,
                               .pending = bits & 256,
                               .store_writable = bits & 512,
                               .begun = bits & 1024,
                               .sid_given = bits & 2048,
                               .lsa = bits & 4096,
                               .domain_controller = bits & 8192,
                               .isolated = bits & 16384,
                               .sid_differs = bits & 32768,
                               .not_readable = bits & 65536};
}

static void nothing_is_changed_by_surprise(void **state)
{
    (void)state;
    for (unsigned bits = 0; bits < 131072; bits++) {
        const struct plan_facts f = facts_of(bits);

        for (int v = VERB_STORE_CHECK; v <= VERB_REPAIR; v++) {
            struct plan p = plan_make((enum verb)v, &f);
            bool another = !f.expect_is_live && !f.was_storing;

            // Whose rotation was begun may be shown again, which changes nothing.
            if (v == VERB_ROTATE && f.lsa && f.begun && p.kind == PLAN_DO)
                another = another && *p.steps != STEP_SHOW;
            if (f.finished)
                assert_int_equal(p.kind, PLAN_RECORDED);
            else if (f.token_retired || !f.joined || f.not_readable || f.domain_controller || f.isolated ||
                     another)
                assert_int_equal(p.kind, PLAN_REFUSE);
            else if (v == VERB_REPAIR && (!f.sid_given || f.sid_differs))
                assert_int_equal(p.kind, PLAN_REFUSE);
        }
    }
}

// The DC has taken the password before anything is written here, and the result is shown by a login at last.
static void order_of_the_steps(void **state)
{
    (void)state;
    for (unsigned bits = 0; bits < 131072; bits++) {
        const struct plan_facts f = facts_of(bits);

        for (int v = VERB_STORE; v <= VERB_REPAIR; v++) {
            struct plan p = plan_make((enum verb)v, &f);
            bool accepted = false, shown = false;

            if (p.kind != PLAN_DO)
                continue;
            for (const enum step *s = p.steps; *s != STEP_END; s++) {
                accepted = accepted || *s == STEP_ACCEPT;
                shown = *s == STEP_SHOW;
                if (*s == STEP_WRITE)
                    assert_true(accepted);
                if (*s == STEP_FIND || *s == STEP_MINT)
                    assert_false(accepted);
            }
            assert_true(shown);
        }
    }
}

static void names(void **state)
{
    enum verb v = VERB_PROBE;

    (void)state;
    for (int i = VERB_PROBE; i <= VERB_REPAIR; i++) {
        assert_int_equal(verb_parse(verb_name((enum verb)i), &v), 0);
        assert_int_equal(v, i);
    }
    assert_int_equal(verb_parse("format", &v), -EINVAL);
    assert_string_equal(step_name(STEP_SHOW), "show");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row),
        cmocka_unit_test(who_may_attest),
        cmocka_unit_test(what_hinders_is_told),
        cmocka_unit_test(nothing_is_changed_by_surprise),
        cmocka_unit_test(order_of_the_steps),
        cmocka_unit_test(names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
