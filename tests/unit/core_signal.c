// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// What bursts of signals amount to. A row is what virtrust remembers of a guest, the signals as they come, and what
// they have to be taken for. Each row runs with its events alone, with every signal doubled, and with what trails.
#include "daemon/core/signal.h"

#include "tests/unit/core_common.h"
#include "tests/unit/core_signal_rows.h"

struct feed {
    struct guest g;
    struct record *description;
    int64_t now;
};

// As the engine does it: only a signal that carries the state replaces what is remembered.
static void hear(struct feed *f, const char *kind, const char *description)
{
    struct record *signal = record_of("signal", description ? description : "");
    int k = signal_kind_parse(kind);

    assert_true(k >= 0);
    signal_take(&f->g, (enum signal_kind)k, f->now, f->description, signal);
    f->now += 10;
    if (record_get(signal, "state")) {
        record_free(f->description);
        f->description = signal;
    } else {
        record_free(signal);
    }
}

static struct feed remembered(const char *before)
{
    struct feed f = {.now = 1000};

    if (before) {
        hear(&f, "scan", before);
        memset(&f.g.burst, 0, sizeof f.g.burst);
    }
    return f;
}

static void check_row(const struct row *row, unsigned times, const struct heard *trail)
{
    const struct signal_policy policy = {.look_on_first_sight = true};
    struct feed f = remembered(row->before);
    struct rollback r;

    for (size_t i = 0; i < ARRAY_SIZE(row->heard) && row->heard[i].kind; i++)
        for (unsigned n = 0; n < times; n++)
            hear(&f, row->heard[i].kind, row->heard[i].description);
    for (; trail && trail->kind; trail++)
        hear(&f, trail->kind, trail->description);
    r = signal_classify(&f.g, f.description, &policy);
    if (r.kind != row->kind || r.witnessed != row->witnessed)
        fail_msg("%s (each %ux%s): taken for %s", row->name, times, trail ? ", with a trail" : "",
                 rollback_kind_text(r.kind));
    if (r.kind != ROLLBACK_NONE && !f.g.burst.last_us)
        fail_msg("%s: no burst is open", row->name);
    assert_true(r.text[0]);
    record_free(f.description);
}

static void test_rows(void **state)
{
    static const struct heard trail[] = {{"agent-connected", NULL}, {"hook-started", ""}, {NULL, NULL}};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        check_row(&rows[i], 1, NULL);
        check_row(&rows[i], 2, NULL);
        check_row(&rows[i], 1, trail);
    }
}

// FACTS: STOPPED/FROM_SNAPSHOT alone is no revert, and the same with what a revert says besides is one, whatever is
// lost of it but its mark.
static void test_lost_events(void **state)
{
    static const char *const events[] = {"stopped-from-snapshot", "started-from-snapshot",
                                         "resumed-from-snapshot", "defined-from-snapshot"};
    const struct signal_policy policy = {0};

    (void)state;
    for (unsigned lost = 0; lost < 16; lost++) {
        struct feed f = remembered(RUNNING);
        struct rollback r;

        for (unsigned i = 0; i < 4; i++)
            if (!(lost & 1U << i))
                hear(&f, events[i], i ? BACK : OFF);
        r = signal_classify(&f.g, f.description, &policy);
        if (lost == 15)
            assert_int_equal(r.kind, ROLLBACK_NONE);
        else if (lost == 14)
            assert_int_equal(r.kind, ROLLBACK_SNAPSHOT_HALT);
        else
            assert_true(rollback_is_new(r.kind));
        assert_int_equal(r.witnessed, rollback_is_new(r.kind));
        record_free(f.description);
    }
}

static void test_policy(void **state)
{
    const struct signal_policy none = {0}, starts = {.look_on_every_start = true};
    struct feed f = remembered(NULL);

    (void)state;
    hear(&f, "defined-added", OFF);
    assert_int_equal(signal_classify(&f.g, f.description, &none).kind, ROLLBACK_NONE);
    memset(&f.g.burst, 0, sizeof f.g.burst);
    hear(&f, "started-booted", RUNNING);
    assert_int_equal(signal_classify(&f.g, f.description, &none).kind, ROLLBACK_NONE);
    assert_int_equal(signal_classify(&f.g, f.description, &starts).kind, ROLLBACK_START);
    record_free(f.description);
}

// Written anew by a revert or by somebody's hand: what cannot be told apart is said.
static void test_doubt(void **state)
{
    const struct signal_policy none = {0};
    struct feed f = remembered(BACK "snapshot=a xml_mtime_us=1");

    (void)state;
    hear(&f, "scan", BACK "snapshot=a xml_mtime_us=2");
    assert_non_null(strstr(signal_classify(&f.g, f.description, &none).text, "or only reconfigured"));
    record_free(f.description);
    f = remembered(RUNNING);
    hear(&f, "scan", BACK "snapshot=a xml_mtime_us=2");
    assert_null(strstr(signal_classify(&f.g, f.description, &none).text, "reconfigured"));
    record_free(f.description);
}

static void test_settle(void **state)
{
    struct feed f = remembered(RUNNING);

    (void)state;
    assert_false(signal_settled(&f.g.burst, 0, f.now));
    hear(&f, "agent-connected", RUNNING);
    assert_int_equal(f.g.burst.last_us, 0);
    f.now = 5000;
    hear(&f, "stopped-from-snapshot", OFF);
    assert_false(signal_settled(&f.g.burst, 2000, 6999));
    assert_true(signal_settled(&f.g.burst, 2000, 7000));
    f.now = 6000;
    hear(&f, "hook-release", ""); // tells nothing of time: does not prolong
    assert_true(signal_settled(&f.g.burst, 2000, 7000));
    f.now = 6500;
    hear(&f, "defined-from-snapshot", OFF);
    assert_false(signal_settled(&f.g.burst, 2000, 8499));
    assert_true(signal_settled(&f.g.burst, 2000, 8500));
    assert_true(signal_settled(&f.g.burst, 2000, 4999)); // the clock was set back
    record_free(f.description);
}

static void test_remembers(void **state)
{
    struct feed f = remembered("name=a " RUNNING "agent=connected");

    (void)state;
    assert_true(f.g.present && f.g.running && f.g.agent_connected);
    hear(&f, "agent-disconnected", NULL);
    assert_false(f.g.agent_connected);
    hear(&f, "agent-connected", NULL);
    assert_true(f.g.agent_connected);
    f.now = 9000;
    hear(&f, "stopped", NULL);
    assert_true(!f.g.running && f.g.present && !f.g.agent_connected);
    assert_int_equal(f.g.ran_us, 9000); // it ran until now, not only until the signal before
    hear(&f, "hook-release", "");
    assert_int_equal(f.g.ran_us, 9000);
    f.now = 7000;
    hear(&f, "hook-started", RUNNING); // out of the spool: what was seen later stays seen
    assert_true(f.g.ran_us == 9000 && f.g.seen_us > 9000);
    f.now = 9500;
    hear(&f, "stopped", OFF);
    hear(&f, "defined-renamed", "name=b " OFF);
    hear(&f, "undefined-renamed", "name=a");
    assert_string_equal(f.g.name, "b");
    assert_true(f.g.present);
    record_free(f.description);
}

static void test_gone_and_back(void **state)
{
    const struct signal_policy policy = {.look_on_first_sight = true};
    struct feed f = remembered(RUNNING);

    (void)state;
    hear(&f, "undefined", "state=running persistent=0"); // goes on as a transient guest
    assert_true(f.g.present && f.g.running);
    hear(&f, "stopped", NULL);
    hear(&f, "undefined", NULL);
    assert_true(!f.g.present && !f.g.running);
    hear(&f, "hook-release", ""); // a late one does not bring it back
    assert_false(f.g.present);
    assert_int_equal(signal_classify(&f.g, f.description, &policy).kind, ROLLBACK_NONE);
    hear(&f, "defined-added", OFF);
    assert_true(f.g.present);
    assert_int_equal(signal_classify(&f.g, f.description, &policy).kind, ROLLBACK_FIRST_SIGHT);
    record_free(f.description);
}

static void test_new_kinds(void **state)
{
    (void)state;
    for (int k = 0; k < ROLLBACK_KINDS_COUNT; k++) {
        const char *text = rollback_kind_text((enum rollback_kind)k);
        bool wanted = strncmp(text, "revert-", 7) == 0 || k == ROLLBACK_RESTORE ||
                      k == ROLLBACK_DISK_REPLACED;

        assert_int_equal(rollback_is_new((enum rollback_kind)k), wanted);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),          cmocka_unit_test(test_lost_events),
        cmocka_unit_test(test_policy),        cmocka_unit_test(test_settle),
        cmocka_unit_test(test_doubt),         cmocka_unit_test(test_remembers),
        cmocka_unit_test(test_gone_and_back), cmocka_unit_test(test_new_kinds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
