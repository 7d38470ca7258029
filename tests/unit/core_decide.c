// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// May virtrust act? Every rule by itself, then every combination of what the rules ask for: none of them may reach a
// repair without all that DESIGN wants for it.
#include "daemon/core/decide.h"

#include "tests/unit/core_common.h"

#include <stdio.h>

// All that a repair needs.
static struct circumstances good(void)
{
    struct circumstances c = {.verdict = VERDICT_BEHIND,
                              .mode = MODE_CORE_REPAIR,
                              .bound = true,
                              .domain_configured = true,
                              .witnessed = true,
                              .has_agent = true,
                              .same_fingerprint = 1};

    snprintf(c.name, sizeof c.name, "ws1");
    return c;
}

static void expect(const struct circumstances *c, enum action action, enum verdict verdict, const char *rule)
{
    struct decision d = decide(c);

    assert_string_equal(d.rule, rule);
    assert_int_equal(d.action, action);
    assert_int_equal(d.verdict, verdict);
    assert_true(d.text[0]);
    assert_null(strchr(d.text, '%'));
    assert_null(strchr(d.next, '%'));
}

static void test_acts(void **state)
{
    struct circumstances c = good();

    (void)state;
    expect(&c, ACTION_REPAIR, VERDICT_BEHIND, "");
    c.verdict = VERDICT_UNKNOWN; // the probe will tell
    expect(&c, ACTION_REPAIR, VERDICT_UNKNOWN, "");
    c.witnessed = false;
    expect(&c, ACTION_NOTHING, VERDICT_UNKNOWN, "no-reason");
    c.approved = true;
    expect(&c, ACTION_NOTHING, VERDICT_UNKNOWN, "not-confirmed");
    c.manual = true;
    expect(&c, ACTION_REPAIR, VERDICT_UNKNOWN, "");
}

static void test_verdicts(void **state)
{
    static const struct {
        enum verdict verdict;
        enum action action;
        const char *rule;
    } rows[] = {
        {VERDICT_IN_STEP, ACTION_NOTHING, "nothing-to-repair"},
        {VERDICT_AHEAD, ACTION_NOTHING, "nothing-to-repair"},
        {VERDICT_NOT_A_MEMBER, ACTION_NOTHING, "nothing-to-repair"},
        {VERDICT_STANDBY, ACTION_NOTHING, "nothing-to-repair"},
        {VERDICT_DOMAIN_CONTROLLER, ACTION_REFUSE, "domain-controller"},
        {VERDICT_IDENTITY_MISMATCH, ACTION_REFUSE, "identity-mismatch"},
        {VERDICT_ACCOUNT_MISSING, ACTION_REFUSE, "account-unfit"},
        {VERDICT_ACCOUNT_DISABLED, ACTION_REFUSE, "account-unfit"},
        {VERDICT_ACCOUNT_RECREATED, ACTION_REFUSE, "account-unfit"},
        {VERDICT_OTHER_DIRECTORY, ACTION_REFUSE, "account-unfit"},
        {VERDICT_TWIN, ACTION_REFUSE, "twin"},
        {VERDICT_RECURRING, ACTION_ASK, "recurring"},
        {VERDICT_CHANGED_ELSEWHERE, ACTION_ASK, "changed-elsewhere"},
        {VERDICT_BEHIND, ACTION_REPAIR, ""},
        {VERDICT_UNKNOWN, ACTION_REPAIR, ""},
    };
    bool seen[VERDICTS_COUNT] = {0};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct circumstances c = good();

        c.verdict = rows[i].verdict;
        seen[c.verdict] = true;
        expect(&c, rows[i].action, c.verdict, rows[i].rule);
    }
    for (int v = 0; v < VERDICTS_COUNT; v++)
        assert_true(seen[v]);
}

static void test_rules(void **state)
{
    struct circumstances c = good();

    (void)state;
    c.bound = false;
    expect(&c, ACTION_NOTHING, VERDICT_BEHIND, "no-binding");
    c.by_policy = true;
    expect(&c, ACTION_NOTHING, VERDICT_BEHIND, "no-binding"); // it was asked, and gave another account
    c.unanswered = true;
    expect(&c, ACTION_NOTHING, VERDICT_BEHIND, "no-directory");
    c = good();
    c.domain_configured = false;
    expect(&c, ACTION_NOTHING, VERDICT_BEHIND, "no-domain");
    c = good();
    snprintf(c.twin, sizeof c.twin, "ws1-clone");
    expect(&c, ACTION_REFUSE, VERDICT_TWIN, "twin");
    assert_non_null(strstr(decide(&c).text, "ws1-clone"));
    c.approved = true; // nobody may ask for that
    expect(&c, ACTION_REFUSE, VERDICT_TWIN, "twin");
    c = good();
    c.transient_disks = true;
    expect(&c, ACTION_NOTHING, VERDICT_BEHIND, "transient-disks");
    c = good();
    c.has_agent = false;
    expect(&c, ACTION_NOTHING, VERDICT_BEHIND, "no-agent-channel");
    c = good();
    c.mode = MODE_CORE_OBSERVE;
    expect(&c, ACTION_RECORD, VERDICT_BEHIND, "observe");
    c.approved = c.manual = true;
    expect(&c, ACTION_RECORD, VERDICT_BEHIND, "observe");
    c = good();
    c.mode = MODE_CORE_ASK;
    expect(&c, ACTION_ASK, VERDICT_BEHIND, "ask");
    c.approved = true;
    expect(&c, ACTION_REPAIR, VERDICT_BEHIND, "");
}

// Two guests with one binding: who of them ran since the account was changed?
static void test_copies(void **state)
{
    static const struct {
        enum verdict verdict, becomes;
        bool idle;
        enum action action;
        const char *rule;
    } rows[] = {
        {VERDICT_BEHIND, VERDICT_TWIN, false, ACTION_REFUSE, "twin"},
        {VERDICT_UNKNOWN, VERDICT_TWIN, false, ACTION_REFUSE, "twin"},
        {VERDICT_IN_STEP, VERDICT_TWIN, false, ACTION_NOTHING, "twin-whole"},
        {VERDICT_AHEAD, VERDICT_TWIN, false, ACTION_NOTHING, "twin-whole"},
        {VERDICT_BEHIND, VERDICT_STANDBY, true, ACTION_NOTHING, "standby"},
        {VERDICT_UNKNOWN, VERDICT_STANDBY, true, ACTION_NOTHING, "standby"},
        {VERDICT_IN_STEP, VERDICT_STANDBY, true, ACTION_NOTHING, "standby"},
        {VERDICT_NOT_A_MEMBER, VERDICT_NOT_A_MEMBER, false, ACTION_NOTHING, "nothing-to-repair"},
        {VERDICT_DOMAIN_CONTROLLER, VERDICT_DOMAIN_CONTROLLER, false, ACTION_REFUSE, "domain-controller"},
        {VERDICT_IDENTITY_MISMATCH, VERDICT_IDENTITY_MISMATCH, true, ACTION_REFUSE, "identity-mismatch"},
        {VERDICT_ACCOUNT_MISSING, VERDICT_ACCOUNT_MISSING, true, ACTION_REFUSE, "account-unfit"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct circumstances c = good();

        c.verdict = rows[i].verdict;
        c.idle = rows[i].idle;
        c.approved = c.manual = true; // whoever asks
        snprintf(c.twin, sizeof c.twin, "ws1-clone");
        expect(&c, rows[i].action, rows[i].becomes, rows[i].rule);
        if (rows[i].becomes == VERDICT_TWIN || rows[i].becomes == VERDICT_STANDBY)
            assert_non_null(strstr(decide(&c).text, "ws1-clone"));
        c.twin[0] = '\0'; // alone, it is no copy of anybody
        assert_true(decide(&c).verdict != VERDICT_TWIN && decide(&c).verdict != VERDICT_STANDBY);
    }
}

// One UUID, two hosts.
static void test_migrated(void **state)
{
    struct circumstances c = good();

    (void)state;
    c.away = true;
    expect(&c, ACTION_NOTHING, VERDICT_BEHIND, "migrated");
    c.running = true;
    expect(&c, ACTION_ASK, VERDICT_BEHIND, "started-anew");
    c.approved = true;
    expect(&c, ACTION_REPAIR, VERDICT_BEHIND, "");
    c.mode = MODE_CORE_OBSERVE;
    c.approved = false;
    expect(&c, ACTION_RECORD, VERDICT_BEHIND, "observe");
}

static void test_recurring(void **state)
{
    struct circumstances c = good();

    (void)state;
    c.same_fingerprint = 2;
    expect(&c, ACTION_REPAIR, VERDICT_BEHIND, "");
    c.same_fingerprint = 3;
    expect(&c, ACTION_ASK, VERDICT_RECURRING, "recurring");
    c.approved = true;
    expect(&c, ACTION_REPAIR, VERDICT_BEHIND, "");
}

static void test_elsewhere(void **state)
{
    struct circumstances c = good();

    (void)state;
    c.witnessed = false;
    expect(&c, ACTION_ASK, VERDICT_CHANGED_ELSEWHERE, "changed-elsewhere");
    c.older_secret = true;
    expect(&c, ACTION_REPAIR, VERDICT_BEHIND, "");
    c.older_secret = false;
    c.approved = true;
    expect(&c, ACTION_REPAIR, VERDICT_BEHIND, "");
}

static void test_next(void **state)
{
    struct circumstances c = good();

    (void)state;
    c.bound = false;
    assert_string_equal(decide(&c).next, "`virtrust bind ws1 COMPUTER`, then `virtrust repair` it");
    snprintf(c.computer, sizeof c.computer, "WS1");
    assert_string_equal(decide(&c).next, "`virtrust bind ws1 WS1` if that is its account");
    // A guest's name is the guest owner's to choose; it must not be read as a format or run over.
    c = (struct circumstances){.verdict = VERDICT_IDENTITY_MISMATCH};
    memset(c.name, '%', sizeof c.name - 1);
    assert_true(strlen(decide(&c).next) < LONG_TEXT);
}

// DESIGN, "When virtrust may act by itself", said once more and without an order.
static void check(const struct circumstances *c)
{
    struct decision d = decide(c);
    bool need = c->verdict == VERDICT_BEHIND ||
                (c->verdict == VERDICT_UNKNOWN && (c->witnessed || c->manual)) ||
                ((c->verdict == VERDICT_RECURRING || c->verdict == VERDICT_CHANGED_ELSEWHERE) && c->approved);
    bool fit = c->bound && c->domain_configured && !c->twin[0] && !c->transient_disks && c->has_agent &&
               (!c->away || c->approved);
    bool sure = c->witnessed || c->older_secret || c->approved;
    bool willing = c->mode == MODE_CORE_REPAIR || (c->mode == MODE_CORE_ASK && c->approved);
    bool may = need && fit && sure && willing && (c->same_fingerprint < 3 || c->approved);

    if ((d.action == ACTION_REPAIR) != may)
        fail_msg("verdict %s, mode %d: action %d by rule \"%s\"", verdict_text(c->verdict), c->mode, d.action,
                 d.rule);
    if (c->mode == MODE_CORE_OBSERVE)
        assert_int_not_equal(d.action, ACTION_ASK);
    assert_true(d.text[0]);
    assert_int_equal(d.action == ACTION_REPAIR, d.rule[0] == '\0');
}

static void test_every_combination(void **state)
{
    unsigned repairs = 0;

    (void)state;
    for (int verdict = 0; verdict < VERDICTS_COUNT; verdict++)
        for (int mode = 0; mode < 3; mode++)
            for (unsigned bits = 0; bits < 1U << 14; bits++) {
                struct circumstances c = {.verdict = (enum verdict)verdict, .mode = (enum mode)mode};

                c.bound = bits & 1;
                c.domain_configured = bits & 2;
                c.witnessed = bits & 4;
                c.older_secret = bits & 8;
                c.approved = bits & 16;
                c.manual = bits & 32;
                c.has_agent = bits & 64;
                c.transient_disks = bits & 128;
                c.twin[0] = bits & 256 ? 't' : '\0';
                c.same_fingerprint = 1 + (bits >> 9 & 3);
                c.idle = bits & 1U << 11;
                c.away = bits & 1U << 12;
                c.running = bits & 1U << 13;
                check(&c);
                repairs += decide(&c).action == ACTION_REPAIR;
            }
    assert_true(repairs > 0);
}

static void test_table(void **state)
{
    size_t n = 0;

    (void)state;
    for (const char *id; (id = decide_rule(n)); n++)
        for (size_t i = 0; i < n; i++)
            assert_string_not_equal(decide_rule(i), id);
    assert_int_equal(n, 20); // a new rule wants its test above
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_acts),
        cmocka_unit_test(test_verdicts),
        cmocka_unit_test(test_rules),
        cmocka_unit_test(test_copies),
        cmocka_unit_test(test_migrated),
        cmocka_unit_test(test_recurring),
        cmocka_unit_test(test_elsewhere),
        cmocka_unit_test(test_next),
        cmocka_unit_test(test_every_combination),
        cmocka_unit_test(test_table),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
