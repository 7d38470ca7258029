// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// The table of causes as a whole: it agrees with judge() and decide() whatever is known, no row holds without the
// evidence that it names, and what is to be pasted into a shell is quoted.
#include "tests/unit/core_cause_bench.h"

#include "daemon/core/decide.h"

static uint32_t seed = 7;

static uint32_t chance(uint32_t n)
{
    seed = seed * 1664525u + 1013904223u;
    return (seed >> 16) % n;
}

static enum tri any(void)
{
    return (enum tri)((int)chance(3) - 1);
}

static uint64_t any_time(void)
{
    return chance(3) ? at((int64_t)chance(9) * 400 * second) : 0;
}

static void shuffle_directory(struct cause_facts *f)
{
    f->dcs_count = chance(4);
    for (size_t i = 0; i < f->dcs_count; i++) {
        struct dc_view *v = &f->dcs[i];

        *v = view(i ? "dc2.corp.test" : "dc1.corp.test");
        v->side.known = chance(4);
        v->side.found = any();
        v->side.pwd_last_set = any_time();
        v->side.kvno = (int64_t)chance(4) - 1;
        v->side.uac = chance(3) ? 0x1000 : chance(2) ? 0x1002 : 0x82000;
        v->more.has_clock = chance(2);
        v->more.clock_us = (int64_t)chance(3) * 400 * second;
        v->more.in_base = any();
        v->more.has_spn = any();
        v->more.laps_expires = chance(2);
    }
    take_newest(f);
    f->namesake = any();
}

static void shuffle_guest(struct cause_facts *f)
{
    struct guest_side *g = &f->evidence.guest;

    g->known = chance(5);
    g->joined = any();
    g->role = (enum role)chance(4);
    g->set_at = any_time();
    g->kvno = (int64_t)chance(4) - 1;
    g->has_fingerprint = chance(3);
    if (chance(8) == 0)
        snprintf(g->sam, sizeof g->sam, "WS2$");
    f->disk = (struct guest_facts){.windows = any(),
                                   .join_pending = any(),
                                   .rotation_off = any(),
                                   .netlogon_off = any(),
                                   .isolated = any(),
                                   .bitlocker = any(),
                                   .entra = any(),
                                   .users_off = any(),
                                   .max_age_days = 30,
                                   .resolvers = "10.0.0.9"};
    f->evidence.bound = chance(5);
    for (unsigned i = chance(4); i > 0; i--)
        add_pair(&f->evidence, (unsigned char)(1 + chance(3)), (int64_t)chance(99), any_time(), any_time())
            ->proven = chance(2);
}

static void shuffle_rest(struct cause_facts *f)
{
    f->rolled = chance(2);
    f->rollback = (enum rollback_kind)chance(ROLLBACK_KINDS_COUNT);
    f->rolled_us = noon;
    f->same_fingerprint = chance(5);
    f->running = any();
    f->genid = any();
    f->tpm = any();
    f->ran_us = chance(2) ? noon + (int64_t)chance(9) * 400 * second : 0;
    f->probe.known = chance(2);
    f->probe.healthy = any();
    f->probe.dc_reachable = any();
    f->probe.at_us = noon + (int64_t)chance(9) * 900 * second;
    snprintf(f->probe.code, sizeof f->probe.code, "%s", chance(2) ? "no-dc" : "clock-skew");
    f->has_clock = chance(2);
    f->clock_us = (int64_t)chance(3) * 400 * second;
    if (chance(3) == 0)
        snprintf(f->clone, sizeof f->clone, "vm2");
    if (chance(3) == 0)
        snprintf(f->double_name, sizeof f->double_name, "vm3");
    f->double_set_at = any_time();
}

// As the engine decides, in any mode.
static void decide_it(struct cause_facts *f)
{
    struct judgement j = judge(&f->evidence);
    struct circumstances c = {.verdict = j.verdict,
                              .mode = (enum mode)chance(3),
                              .bound = f->evidence.bound,
                              .domain_configured = true,
                              .witnessed = f->rolled,
                              .same_fingerprint = f->same_fingerprint,
                              .has_agent = true};

    if (chance(6) == 0)
        snprintf(c.twin, sizeof c.twin, "vm2");
    snprintf(c.cause, sizeof c.cause, "%s", j.cause);
    memcpy(f->judged, j.cause, sizeof f->judged);
    f->verdict = decide(&c).verdict;
}

static void forget(struct cause_facts *f, unsigned source)
{
    if (source & FROM_DISK) {
        f->evidence.guest = (struct guest_side){.joined = TRI_UNKNOWN, .kvno = -1};
        f->disk = (struct guest_facts){.windows = -1,
                                       .join_pending = -1,
                                       .rotation_off = -1,
                                       .netlogon_off = -1,
                                       .isolated = -1,
                                       .bitlocker = -1,
                                       .entra = -1,
                                       .users_off = -1,
                                       .max_age_days = -1};
    }
    if (source & FROM_DIRECTORY) {
        f->dcs_count = 0;
        f->evidence.directory = (struct directory_side){.found = TRI_UNKNOWN, .kvno = -1, .uac = -1};
        f->namesake = TRI_UNKNOWN;
    }
    if (source & FROM_PROBE)
        f->probe = (struct probe_facts){.healthy = TRI_UNKNOWN, .dc_reachable = TRI_UNKNOWN};
    if (source & FROM_LEDGER)
        f->evidence.pairs_count = 0;
    if (source & FROM_HISTORY) {
        f->rolled = false;
        f->same_fingerprint = 0;
    }
    if (source & FROM_LIBVIRT) {
        f->running = f->genid = f->tpm = TRI_UNKNOWN;
        f->ran_us = 0;
    }
    if (source & FROM_CLOCKS)
        f->has_clock = false;
    if (source & FROM_OTHERS)
        f->clone[0] = f->twin[0] = f->double_name[0] = '\0';
}

// Whatever is known: there is a cause, it is of the decided verdict, and nothing holds without what it rests on.
static void agrees_and_needs_evidence(void **state)
{
    bool seen[128] = {0};

    (void)state;
    for (unsigned n = 0; n < 60000; n++) {
        struct cause_facts f = facts();
        struct cause c;

        f.evidence.pairs_count = 0;
        shuffle_directory(&f);
        shuffle_guest(&f);
        shuffle_rest(&f);
        decide_it(&f);
        cause_find(&f, &c);
        assert_true(c.count >= 1);
        for (size_t i = 0; cause_row(i); i++) {
            const struct cause_row *row = cause_row(i);

            if (strcmp(cause_row_id(row), c.found[0].id) == 0) {
                assert_true(cause_row_explains(row, f.verdict));
                seen[i] = true;
            }
            for (unsigned source = 1; source <= FROM_OTHERS; source *= 2) {
                struct cause_facts less = f;

                if (!(cause_row_rests(row) & source) || !cause_row_holds(row, &f))
                    continue;
                forget(&less, source);
                if (cause_row_holds(row, &less))
                    fail_msg("%s holds without the source %u", cause_row_id(row), source);
            }
        }
    }
    // The walk came by most of the table: it proves something.
    unsigned came = 0;
    for (size_t i = 0; cause_row(i); i++)
        came += seen[i];
    assert_true(came >= 30);
}

// Every verdict ends in a row that holds always; ids are unique; texts are there.
static void is_complete(void **state)
{
    (void)state;
    for (unsigned v = 0; v < VERDICTS_COUNT; v++) {
        struct cause_facts nothing = {.verdict = (enum verdict)v, .evidence.guest.joined = TRI_UNKNOWN};
        struct cause c;

        for (unsigned s = 1; s <= FROM_OTHERS; s *= 2)
            forget(&nothing, s);
        cause_find(&nothing, &c);
        assert_int_equal(c.count, 1);
        assert_true(c.found[0].text[0]);
    }
    for (size_t i = 0; cause_row(i); i++)
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(cause_row_id(cause_row(i)), cause_row_id(cause_row(k)));
}

static void quotes(void **state)
{
    static const struct {
        const char *text, *shell, *powershell;
    } rows[] = {
        {"vm1", "vm1", "'vm1'"},
        {"", "''", "''"},
        {"WS1$", "'WS1$'", "'WS1$'"},
        {"my vm", "'my vm'", "'my vm'"},
        {"-rf", "'-rf'", "'-rf'"},
        {"a'b; reboot", "'a'\\''b; reboot'", "'a''b; reboot'"},
        {"a\nb\x1b[2J", "'a?b?[2J'", "'a?b?[2J'"},
        {"$(reboot)", "'$(reboot)'", "'$(reboot)'"},
    };
    char text[64], small[8];

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        quote_shell(rows[i].text, text, sizeof text);
        assert_string_equal(text, rows[i].shell);
        quote_powershell(rows[i].text, text, sizeof text);
        assert_string_equal(text, rows[i].powershell);
    }
    // What does not fit stays closed.
    quote_shell("a long name", small, sizeof small);
    assert_int_equal(small[0], '\'');
    assert_int_equal(small[strlen(small) - 1], '\'');
}

static void sources_in_words(void **state)
{
    char text[128];

    (void)state;
    cause_sources(FROM_DISK | FROM_DIRECTORY | FROM_OTHERS, text, sizeof text);
    assert_string_equal(text, "disk, directory, other guests");
    cause_sources(0, text, sizeof text);
    assert_string_equal(text, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_and_needs_evidence),
        cmocka_unit_test(is_complete),
        cmocka_unit_test(quotes),
        cmocka_unit_test(sources_in_words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
