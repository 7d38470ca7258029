// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// Every constant of libvirt 9's lifecycle has its row here, written from libvirt's documentation and not from the
// table under test; and every other number still becomes a signal.
#include "daemon/watch/kind.h"

#include "common/cleanup.h"

#include <libvirt/libvirt.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define ROW(event, detail, kind, text)                                            \
    {                                                                             \
        VIR_DOMAIN_EVENT_##event, VIR_DOMAIN_EVENT_##event##_##detail, kind, text \
    }

static const struct {
    int event, detail;
    const char *kind, *text;
} rows[] = {
    ROW(DEFINED, ADDED, "defined-added", "defined/added"),
    ROW(DEFINED, UPDATED, "defined-updated", "defined/updated"),
    ROW(DEFINED, RENAMED, "defined-renamed", "defined/renamed"),
    ROW(DEFINED, FROM_SNAPSHOT, "defined-from-snapshot", "defined/from-snapshot"),
    ROW(UNDEFINED, REMOVED, "undefined", "undefined/removed"),
    ROW(UNDEFINED, RENAMED, "undefined-renamed", "undefined/renamed"),
    ROW(STARTED, BOOTED, "started-booted", "started/booted"),
    ROW(STARTED, MIGRATED, "started-migrated", "started/migrated"),
    ROW(STARTED, RESTORED, "started-restored", "started/restored"),
    ROW(STARTED, FROM_SNAPSHOT, "started-from-snapshot", "started/from-snapshot"),
    ROW(STARTED, WAKEUP, "started-other", "started/wakeup"),
    ROW(SUSPENDED, PAUSED, "paused", "suspended/paused"),
    ROW(SUSPENDED, MIGRATED, "suspended-other", "suspended/migrated"),
    ROW(SUSPENDED, IOERROR, "suspended-other", "suspended/io-error"),
    ROW(SUSPENDED, WATCHDOG, "suspended-other", "suspended/watchdog"),
    ROW(SUSPENDED, RESTORED, "suspended-other", "suspended/restored"),
    ROW(SUSPENDED, FROM_SNAPSHOT, "paused-from-snapshot", "suspended/from-snapshot"),
    ROW(SUSPENDED, API_ERROR, "suspended-other", "suspended/api-error"),
    ROW(SUSPENDED, POSTCOPY, "suspended-other", "suspended/postcopy"),
    ROW(SUSPENDED, POSTCOPY_FAILED, "suspended-other", "suspended/postcopy-failed"),
    ROW(RESUMED, UNPAUSED, "resumed", "resumed/unpaused"),
    ROW(RESUMED, MIGRATED, "resumed-migrated", "resumed/migrated"),
    ROW(RESUMED, FROM_SNAPSHOT, "resumed-from-snapshot", "resumed/from-snapshot"),
    ROW(RESUMED, POSTCOPY, "resumed-migrated", "resumed/postcopy"),
    ROW(RESUMED, POSTCOPY_FAILED, "resumed", "resumed/postcopy-failed"),
    ROW(STOPPED, SHUTDOWN, "stopped", "stopped/shutdown"),
    ROW(STOPPED, DESTROYED, "stopped", "stopped/destroyed"),
    ROW(STOPPED, CRASHED, "crashed", "stopped/crashed"),
    ROW(STOPPED, MIGRATED, "stopped-migrated", "stopped/migrated"),
    ROW(STOPPED, SAVED, "stopped-saved", "stopped/saved"),
    ROW(STOPPED, FAILED, "stopped", "stopped/failed"),
    ROW(STOPPED, FROM_SNAPSHOT, "stopped-from-snapshot", "stopped/from-snapshot"),
    ROW(SHUTDOWN, FINISHED, "suspended-other", "shutdown/finished"),
    ROW(SHUTDOWN, GUEST, "suspended-other", "shutdown/guest"),
    ROW(SHUTDOWN, HOST, "suspended-other", "shutdown/host"),
    ROW(PMSUSPENDED, MEMORY, "suspended-other", "pmsuspended/memory"),
    ROW(PMSUSPENDED, DISK, "suspended-other", "pmsuspended/disk"),
    ROW(CRASHED, PANICKED, "crashed", "crashed/panicked"),
    ROW(CRASHED, CRASHLOADED, "crashed", "crashed/crashloaded"),
};

static void test_every_constant(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        char detail[KIND_DETAIL];

        assert_string_equal(signal_kind_text(kind_of_lifecycle(rows[i].event, rows[i].detail, detail)),
                            rows[i].kind);
        assert_string_equal(detail, rows[i].text);
    }
}

static size_t rows_of(int event)
{
    size_t n = 0;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        n += rows[i].event == event;
    return n;
}

static void test_unknown_numbers_are_not_lost(void **state)
{
    // What the first unknown detail of each event becomes.
    static const struct {
        int event;
        const char *kind, *text;
    } unknown[] = {
        {VIR_DOMAIN_EVENT_DEFINED, "defined-updated", "defined/"},
        {VIR_DOMAIN_EVENT_UNDEFINED, "undefined", "undefined/"},
        {VIR_DOMAIN_EVENT_STARTED, "started-other", "started/"},
        {VIR_DOMAIN_EVENT_SUSPENDED, "suspended-other", "suspended/"},
        {VIR_DOMAIN_EVENT_RESUMED, "resumed", "resumed/"},
        {VIR_DOMAIN_EVENT_STOPPED, "stopped", "stopped/"},
        {VIR_DOMAIN_EVENT_SHUTDOWN, "suspended-other", "shutdown/"},
        {VIR_DOMAIN_EVENT_PMSUSPENDED, "suspended-other", "pmsuspended/"},
        {VIR_DOMAIN_EVENT_CRASHED, "crashed", "crashed/"},
    };
    char detail[KIND_DETAIL];

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(unknown); i++) {
        int next = (int)rows_of(unknown[i].event);
        char text[KIND_DETAIL];

        snprintf(text, sizeof text, "%s%d", unknown[i].text, next);
        assert_string_equal(signal_kind_text(kind_of_lifecycle(unknown[i].event, next, detail)),
                            unknown[i].kind);
        assert_string_equal(detail, text);
        (void)kind_of_lifecycle(unknown[i].event, -1, detail);
        (void)kind_of_lifecycle(unknown[i].event, INT32_MAX, detail);
    }
    assert_int_equal(kind_of_lifecycle(9, 3, detail), SIGNAL_DEFINED_UPDATED);
    assert_string_equal(detail, "event 9/3");
    assert_int_equal(kind_of_lifecycle(INT32_MIN, INT32_MIN, detail), SIGNAL_DEFINED_UPDATED);
}

static void test_agent(void **state)
{
    char detail[KIND_DETAIL];

    (void)state;
    assert_int_equal(kind_of_agent(1, 1, detail), SIGNAL_AGENT_CONNECTED);
    assert_string_equal(detail, "agent/domain-started");
    assert_int_equal(kind_of_agent(1, 2, detail), SIGNAL_AGENT_CONNECTED);
    assert_string_equal(detail, "agent/channel");
    assert_int_equal(kind_of_agent(2, 9, detail), SIGNAL_AGENT_DISCONNECTED);
    assert_string_equal(detail, "agent/unknown");
    assert_int_equal(kind_of_agent(7, 0, detail), SIGNAL_AGENT_DISCONNECTED);
    assert_string_equal(detail, "agent/state 7");
}

static void test_hook(void **state)
{
    static const char *const ops[] = {"prepare", "start",   "started", "stopped",
                                      "release", "restore", "migrate", "reconnect"};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(ops); i++) {
        char kind[64];

        snprintf(kind, sizeof kind, "hook-%s", ops[i]);
        assert_string_equal(signal_kind_text(kind_of_hook(ops[i])), kind);
    }
    assert_int_equal(kind_of_hook("attach"), SIGNAL_HOOK_RECONNECT);
    assert_int_equal(kind_of_hook(""), SIGNAL_HOOK_RECONNECT);
    assert_int_equal(kind_of_hook(NULL), SIGNAL_HOOK_RECONNECT);
}

static void test_states(void **state)
{
    (void)state;
    assert_string_equal(kind_state_text(VIR_DOMAIN_NOSTATE), "other");
    assert_string_equal(kind_state_text(VIR_DOMAIN_RUNNING), "running");
    assert_string_equal(kind_state_text(VIR_DOMAIN_BLOCKED), "running");
    assert_string_equal(kind_state_text(VIR_DOMAIN_PAUSED), "paused");
    assert_string_equal(kind_state_text(VIR_DOMAIN_SHUTDOWN), "running"); // its disks are in use
    assert_string_equal(kind_state_text(VIR_DOMAIN_SHUTOFF), "off");
    assert_string_equal(kind_state_text(VIR_DOMAIN_CRASHED), "crashed");
    assert_string_equal(kind_state_text(VIR_DOMAIN_PMSUSPENDED), "paused");
    assert_string_equal(kind_state_text(8), "other");
    assert_string_equal(kind_state_text(-1), "other");
}

static void test_reasons(void **state)
{
    (void)state;
    assert_string_equal(kind_reason_text(VIR_DOMAIN_RUNNING, VIR_DOMAIN_RUNNING_BOOTED), "booted");
    assert_string_equal(kind_reason_text(VIR_DOMAIN_RUNNING, VIR_DOMAIN_RUNNING_FROM_SNAPSHOT),
                        "from-snapshot");
    assert_string_equal(kind_reason_text(VIR_DOMAIN_RUNNING, VIR_DOMAIN_RUNNING_RESTORED), "restored");
    assert_string_equal(kind_reason_text(VIR_DOMAIN_RUNNING, VIR_DOMAIN_RUNNING_MIGRATED), "migrated");
    assert_string_equal(kind_reason_text(VIR_DOMAIN_RUNNING, VIR_DOMAIN_RUNNING_UNPAUSED), "unpaused");
    assert_string_equal(kind_reason_text(VIR_DOMAIN_RUNNING, VIR_DOMAIN_RUNNING_WAKEUP), "wakeup");
    assert_string_equal(kind_reason_text(VIR_DOMAIN_RUNNING, VIR_DOMAIN_RUNNING_POSTCOPY_FAILED),
                        "postcopy-failed");
    assert_string_equal(kind_reason_text(VIR_DOMAIN_PAUSED, VIR_DOMAIN_PAUSED_USER), "user");
    assert_string_equal(kind_reason_text(VIR_DOMAIN_PAUSED, VIR_DOMAIN_PAUSED_FROM_SNAPSHOT),
                        "from-snapshot");
    assert_string_equal(kind_reason_text(VIR_DOMAIN_PAUSED, VIR_DOMAIN_PAUSED_STARTING_UP), "starting-up");
    assert_string_equal(kind_reason_text(VIR_DOMAIN_PAUSED, VIR_DOMAIN_PAUSED_POSTCOPY_FAILED),
                        "postcopy-failed");
    assert_string_equal(kind_reason_text(VIR_DOMAIN_SHUTOFF, VIR_DOMAIN_SHUTOFF_SAVED), "saved");
    assert_string_equal(kind_reason_text(VIR_DOMAIN_SHUTOFF, VIR_DOMAIN_SHUTOFF_FROM_SNAPSHOT),
                        "from-snapshot");
    assert_string_equal(kind_reason_text(VIR_DOMAIN_SHUTOFF, VIR_DOMAIN_SHUTOFF_DAEMON), "daemon");
    assert_string_equal(kind_reason_text(VIR_DOMAIN_CRASHED, VIR_DOMAIN_CRASHED_PANICKED), "panicked");
    assert_string_equal(kind_reason_text(VIR_DOMAIN_RUNNING, 0), "unknown");
    for (int s = -1; s < 12; s++)
        for (int r = -1; r < 20; r++)
            assert_non_null(kind_reason_text(s, r));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_constant), cmocka_unit_test(test_unknown_numbers_are_not_lost),
        cmocka_unit_test(test_agent),          cmocka_unit_test(test_hook),
        cmocka_unit_test(test_states),         cmocka_unit_test(test_reasons),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
