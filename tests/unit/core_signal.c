// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// What bursts of signals amount to. A row is what virtrust remembers of a guest, the signals as they come, and what
// they have to be taken for. Each row runs with its events alone, with every signal doubled, and with what trails.
#include "daemon/core/signal.h"

#include "tests/unit/core_common.h"

#define RUNNING "state=running persistent=1 state_reason=booted "
#define BACK "state=running persistent=1 state_reason=from-snapshot "
#define OFF "state=off persistent=1 "
#define DISK(inode, mtime) "disk.0.target=vda disk.0.path=/img/a disk.0.inode=8:" #inode " disk.0.mtime_us=" #mtime " "

struct heard {
    const char *kind, *description; // NULL description: it could not be had
};

struct row {
    const char *name, *before; // NULL before: never seen
    struct heard heard[12];
    enum rollback_kind kind;
    bool witnessed;
};

static const struct row rows[] = {
    // ---- FACTS' table, events alone ----
    {"cold start", OFF, {{"resumed", RUNNING}, {"started-booted", RUNNING}}, ROLLBACK_NONE, false},
    {"running to memory snapshot",
     RUNNING,
     {{"stopped-from-snapshot", OFF},
      {"started-from-snapshot", BACK},
      {"resumed-from-snapshot", BACK},
      {"defined-from-snapshot", BACK}},
     ROLLBACK_REVERT_RUNNING,
     true},
    {"off to memory snapshot",
     OFF,
     {{"started-from-snapshot", BACK}, {"resumed-from-snapshot", BACK}, {"defined-from-snapshot", BACK}},
     ROLLBACK_REVERT_STARTED,
     true},
    {"running to offline snapshot",
     RUNNING,
     {{"stopped-from-snapshot", OFF}, {"defined-from-snapshot", OFF}},
     ROLLBACK_REVERT_STOPPED,
     true},
    {"off to offline snapshot", OFF, {{"defined-from-snapshot", OFF}}, ROLLBACK_REVERT_OFFLINE, true},
    {"off to paused snapshot",
     OFF,
     {{"started-from-snapshot", "state=paused persistent=1"},
      {"paused-from-snapshot", "state=paused persistent=1"},
      {"defined-from-snapshot", "state=paused persistent=1"}},
     ROLLBACK_REVERT_PAUSED,
     true},
    {"running to paused snapshot",
     RUNNING,
     {{"stopped-from-snapshot", OFF},
      {"started-from-snapshot", "state=paused persistent=1"},
      {"paused-from-snapshot", "state=paused persistent=1"},
      {"defined-from-snapshot", "state=paused persistent=1"}},
     ROLLBACK_REVERT_PAUSED,
     true},
    {"transient, running",
     "state=running persistent=0",
     {{"stopped-from-snapshot", NULL},
      {"started-from-snapshot", "state=running persistent=0"},
      {"resumed-from-snapshot", "state=running persistent=0"}},
     ROLLBACK_REVERT_TRANSIENT,
     true},
    {"transient, last description missing",
     "state=running persistent=0",
     {{"stopped-from-snapshot", NULL},
      {"started-from-snapshot", "state=running persistent=0"},
      {"resumed-from-snapshot", NULL}},
     ROLLBACK_REVERT_TRANSIENT,
     true},
    {"restore", OFF "managedsave=0", {{"started-restored", RUNNING}, {"resumed-from-snapshot", RUNNING}}, ROLLBACK_RESTORE, true},
    {"managedsave start",
     OFF "managedsave=1",
     {{"started-restored", RUNNING "managedsave=0"}, {"resumed-from-snapshot", RUNNING "managedsave=0"}},
     ROLLBACK_MANAGEDSAVE_START,
     false},
    {"managedsave discarded by a revert",
     OFF "managedsave=1",
     {{"started-from-snapshot", BACK}, {"defined-from-snapshot", BACK}},
     ROLLBACK_REVERT_STARTED,
     true},
    {"managedsave start upon another disk",
     OFF "managedsave=1 " DISK(1, 5),
     {{"hook-restore", ""}, {"hook-prepare", DISK(2, 5)}, {"started-restored", RUNNING DISK(2, 6)}},
     ROLLBACK_DISK_REPLACED,
     true},
    {"snapshot-create --halt",
     RUNNING,
     {{"paused", "state=paused persistent=1"}, {"stopped-from-snapshot", OFF}},
     ROLLBACK_SNAPSHOT_HALT,
     false},
    {"halt, then the disk replaced and started",
     RUNNING DISK(1, 5),
     {{"stopped-from-snapshot", OFF DISK(1, 5)}, {"started-booted", RUNNING DISK(2, 6)}},
     ROLLBACK_DISK_REPLACED,
     true},
    {"DR define", NULL, {{"defined-added", OFF}}, ROLLBACK_FIRST_SIGHT, false},
    {"in place, as libvirt before 7.10",
     RUNNING,
     {{"resumed-from-snapshot", BACK}, {"defined-from-snapshot", BACK}},
     ROLLBACK_REVERT_RUNNING,
     true},
    // ---- with the hook, before or between the events ----
    {"hooks and events, running to memory",
     RUNNING DISK(1, 5),
     {{"hook-stopped", ""},
      {"hook-release", ""},
      {"hook-prepare", DISK(1, 9)},
      {"hook-start", ""},
      {"stopped-from-snapshot", OFF DISK(1, 9)},
      {"hook-started", ""},
      {"started-from-snapshot", BACK},
      {"resumed-from-snapshot", BACK},
      {"defined-from-snapshot", BACK}},
     ROLLBACK_REVERT_RUNNING,
     true},
    {"hooks come last",
     RUNNING,
     {{"stopped-from-snapshot", OFF},
      {"defined-from-snapshot", OFF},
      {"hook-stopped", ""},
      {"hook-release", ""}},
     ROLLBACK_REVERT_STOPPED,
     true},
    {"hook-restore and restore",
     OFF,
     {{"hook-restore", ""}, {"hook-prepare", ""}, {"started-restored", RUNNING}},
     ROLLBACK_RESTORE,
     true},
    {"hook-restore of a managed save",
     OFF "managedsave=1",
     {{"hook-restore", ""}, {"hook-prepare", ""}, {"started-restored", RUNNING}},
     ROLLBACK_MANAGEDSAVE_START,
     false},
    {"described too late: it runs again already",
     RUNNING,
     {{"stopped-from-snapshot", BACK}, {"started-from-snapshot", BACK}, {"defined-from-snapshot", BACK}},
     ROLLBACK_REVERT_RUNNING,
     true},
    {"stopped was settled before",
     OFF,
     {{"started-from-snapshot", BACK}, {"defined-from-snapshot", BACK}},
     ROLLBACK_REVERT_STARTED,
     true},
    // ---- disks ----
    {"disk replaced while off, hook",
     OFF DISK(1, 5),
     {{"hook-prepare", DISK(2, 5)}, {"started-booted", RUNNING DISK(2, 7)}},
     ROLLBACK_DISK_REPLACED,
     true},
    {"disk replaced while off, no hook", OFF DISK(1, 5), {{"started-booted", RUNNING DISK(2, 7)}}, ROLLBACK_DISK_REPLACED, true},
    {"disk written while off, hook", OFF DISK(1, 5), {{"hook-prepare", DISK(1, 6)}}, ROLLBACK_DISK_CHANGED, false},
    {"disk written while off, scan", OFF DISK(1, 5), {{"scan", OFF DISK(1, 6)}}, ROLLBACK_DISK_CHANGED, false},
    {"disk written by its own start", OFF DISK(1, 5), {{"started-booted", RUNNING DISK(1, 6)}}, ROLLBACK_NONE, false},
    {"started while nobody listened", OFF DISK(1, 5), {{"scan", RUNNING DISK(1, 6)}}, ROLLBACK_NONE, false},
    {"replaced while nobody listened", OFF DISK(1, 5), {{"scan", RUNNING DISK(2, 6)}}, ROLLBACK_DISK_REPLACED, true},
    {"disk unchanged", OFF DISK(1, 5), {{"hook-prepare", DISK(1, 5)}, {"started-booted", RUNNING DISK(1, 7)}}, ROLLBACK_NONE, false},
    {"another device number after the host's boot",
     OFF "disk.0.inode=8:77 disk.0.target=vda",
     {{"scan", OFF "disk.0.inode=9:77 disk.0.target=vda"}},
     ROLLBACK_NONE,
     false},
    {"a disk was added before the others",
     OFF DISK(1, 5),
     {{"scan", OFF "disk.0.target=sda disk.0.inode=8:9 disk.1.target=vda disk.1.inode=8:1 disk.1.mtime_us=5"}},
     ROLLBACK_NONE,
     false},
    {"the second disk was replaced",
     OFF DISK(1, 5) "disk.1.target=vdb disk.1.inode=8:4",
     {{"scan", OFF DISK(1, 5) "disk.1.target=vdb disk.1.inode=8:6"}},
     ROLLBACK_DISK_REPLACED,
     true},
    {"a read-only image was replaced",
     OFF "disk.0.target=sda disk.0.inode=8:4 disk.0.readonly=1",
     {{"scan", OFF "disk.0.target=sda disk.0.inode=8:6 disk.0.readonly=1"}},
     ROLLBACK_NONE,
     false},
    {"an overlay on top, seen at the start",
     OFF DISK(1, 5),
     {{"started-booted", RUNNING "disk.0.target=vda disk.0.path=/img/o disk.0.inode=8:3 disk.0.backing.0.path=/img/a"}},
     ROLLBACK_NONE,
     false},
    {"an overlay on top, the hook saw another file first",
     OFF DISK(1, 5),
     {{"hook-prepare", "disk.0.target=vda disk.0.path=/img/o disk.0.inode=8:3"},
      {"started-booted", RUNNING "disk.0.target=vda disk.0.path=/img/o disk.0.inode=8:3 disk.0.backing.0.path=/img/a"}},
     ROLLBACK_NONE,
     false},
    {"unknown inode says nothing", OFF "disk.0.target=vda", {{"scan", OFF DISK(2, 5)}}, ROLLBACK_NONE, false},
    // ---- what a scan finds ----
    {"scan, nothing new", RUNNING, {{"scan", RUNNING}}, ROLLBACK_NONE, false},
    {"scan, runs from a snapshot", RUNNING, {{"scan", BACK}}, ROLLBACK_REVERT_MISSED, true},
    {"scan, ran from a snapshot before", BACK, {{"scan", BACK}}, ROLLBACK_NONE, false},
    {"scan, from a snapshot again",
     BACK "snapshot=a xml_mtime_us=1",
     {{"scan", BACK "snapshot=a xml_mtime_us=2"}},
     ROLLBACK_REVERT_MISSED,
     true},
    {"scan, another generation id", RUNNING "genid=a", {{"scan", RUNNING "genid=b"}}, ROLLBACK_REVERT_MISSED, true},
    {"scan, started with another generation id", OFF "genid=a", {{"scan", RUNNING "genid=b"}}, ROLLBACK_NONE, false},
    {"scan, an older snapshot is current",
     OFF "snapshot=b snapshot_created_us=500",
     {{"scan", OFF "snapshot=a snapshot_created_us=400"}},
     ROLLBACK_REVERT_MISSED,
     true},
    {"scan, a snapshot was made since",
     OFF "snapshot=b snapshot_created_us=500",
     {{"scan", OFF "snapshot=c snapshot_created_us=1500"}},
     ROLLBACK_NONE,
     false},
    {"scan, restored meanwhile", RUNNING, {{"scan", "state=running persistent=1 state_reason=restored"}}, ROLLBACK_RESTORE, true},
    {"scan, managed save started meanwhile",
     OFF "managedsave=1",
     {{"scan", "state=running persistent=1 state_reason=restored managedsave=0"}},
     ROLLBACK_MANAGEDSAVE_START,
     false},
    {"scan, first sight", NULL, {{"scan", RUNNING}}, ROLLBACK_FIRST_SIGHT, false},
    // ---- what is no rollback ----
    {"migrated here", RUNNING, {{"started-migrated", RUNNING}, {"resumed-migrated", RUNNING}}, ROLLBACK_NONE, false},
    {"paused and resumed", RUNNING, {{"paused", "state=paused"}, {"resumed", RUNNING}}, ROLLBACK_NONE, false},
    {"agent came", RUNNING, {{"agent-connected", RUNNING}}, ROLLBACK_NONE, false},
    {"renamed", OFF, {{"undefined-renamed", NULL}, {"defined-renamed", OFF}}, ROLLBACK_NONE, false},
    {"redefined", RUNNING, {{"defined-updated", RUNNING}}, ROLLBACK_NONE, false},
    {"shut down", RUNNING, {{"stopped", OFF}}, ROLLBACK_NONE, false},
    {"saved", RUNNING, {{"stopped-saved", OFF "managedsave=1"}}, ROLLBACK_NONE, false},
};

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
    static const char *const events[] = {"stopped-from-snapshot", "started-from-snapshot", "resumed-from-snapshot",
                                         "defined-from-snapshot"};
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
        bool wanted = strncmp(text, "revert-", 7) == 0 || k == ROLLBACK_RESTORE || k == ROLLBACK_DISK_REPLACED;

        assert_int_equal(rollback_is_new((enum rollback_kind)k), wanted);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),      cmocka_unit_test(test_lost_events),   cmocka_unit_test(test_policy),
        cmocka_unit_test(test_settle),    cmocka_unit_test(test_remembers),     cmocka_unit_test(test_gone_and_back),
        cmocka_unit_test(test_new_kinds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
