// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// What happens between two steps: bindings, restarts, twins and lost keys at the wrong moment.
#include "tests/unit/attack_engine.h"

#include "common/os/recio.h"
#include "daemon/engine/hoststate.h"
#include "tests/unit/core_common.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#define REPAIR "mode: repair\nlook:\n  settle: 100ms\n"
#define LIVE "0101010101010101010101010101010101010101010101010101010101010101"
#define KEY                                                              \
    "046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296" \
    "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"
#define INSTANCE " dc_instance=aaaaaaaa-1111-2222-3333-444444444444"
#define ACCOUNT_A \
    "found=1 guid=" GUID_A " sid=" SID_A " name=VDI-A$ kvno=5 pwd_last_set=133000000000000000 dc=dc1"
#define ACCOUNT_B \
    "found=1 guid=" GUID_B " sid=" SID_B " name=VDI-B$ kvno=5 pwd_last_set=133000000000000000 dc=dc1"
#define PROBE                                                                                            \
    "verb=probe joined=1 sam_account_name=VDI-A$ channel=broken dc_reachable=1 dc=dc1 live_sha256=" LIVE \
    " public_key=" KEY INSTANCE " dc_usn=10"

static struct record *evidence(struct stage *s, const struct record *request)
{
    (void)s, (void)request;
    return record_of("evidence",
                     "joined=1 role=member sam_account_name=VDI-A$ domain.dns=corp.test password.kvno=4 "
                     "secret_sha256=" LIVE);
}

static struct record *account_a(struct stage *s, const struct record *request)
{
    (void)s;
    if (record_is(request, "account"))
        return record_of("account", record_get(request, "mark") ? ACCOUNT_A INSTANCE
                                        " dc_usn=10 dc_usn_marked=11"
                                                                : ACCOUNT_A INSTANCE " dc_usn=12");
    return record_of(record_type(request), "result=unknown text=no");
}

static struct record *guest_agent(struct stage *s, const struct record *request)
{
    const char *verb = record_get(request, "verb");

    (void)s;
    if (strcmp(verb, "clock") == 0)
        return record_of("done", "verb=clock offset_ms=0 set=0");
    if (strcmp(verb, "probe") == 0)
        return record_of("done", PROBE);
    if (strcmp(verb, "store-check") == 0)
        return record_of("done", "verb=store-check ready=1" INSTANCE " dc_usn=11");
    return record_of("done", "result=failed reason=no text=no");
}

static void let_all_answer(struct stage *s)
{
    s->workers[WORKER_INSPECT].answer = evidence;
    s->workers[WORKER_DIRECTORY].answer = account_a;
    s->workers[WORKER_DELIVER].answer = guest_agent;
}

static void revert(struct stage *s, const char *guest, bool running)
{
    stage_signal(s, guest, "defined-from-snapshot",
                 running ? "state=running agent=connected persistent=1"
                         : "state=off agent=disconnected persistent=1");
    if (running)
        stage_signal(s, guest, "started-from-snapshot", "state=running agent=connected persistent=1");
    stage_until(s, stage_case(s, guest).id);
}

// virtrustd is killed while a case waits for its second look: the look comes all the same.
static void a_pause_survives_a_restart(void **state)
{
    struct stage *s = stage_new(REPAIR STAGE_DOMAIN);

    (void)state;
    s->workers[WORKER_INSPECT].listener = sd_event_source_disable_unref(s->workers[WORKER_INSPECT].listener);
    (void)unlink("run/inspect.sock");
    revert(s, GUEST_A, true);
    stage_until(s, stage_case(s, GUEST_A).wake_us);
    s = stage_free(s);
    s = stage_new(REPAIR STAGE_DOMAIN);
    let_all_answer(s);
    stage_until(s, s->workers[WORKER_INSPECT].asked);
    stage_free(s);
}

// While nothing names the guest's account, the directory is asked about the guest's claim. A title that then makes a
// policy match must not turn that answer into the binding.
static void a_claim_never_becomes_the_binding(void **state)
{
    struct stage *s = stage_new(REPAIR STAGE_DOMAIN "policies:\n  - match:\n      title: desktop*\n"
                                                    "    computer: \"{name}\"\n");
    struct binding b;
    struct err err = {0};

    (void)state;
    s->workers[WORKER_INSPECT].answer = evidence;
    revert(s, GUEST_A, true);
    stage_until(s, s->workers[WORKER_DIRECTORY].asked);
    assert_string_equal(record_get(s->workers[WORKER_DIRECTORY].last, "name"), "VDI-A$"); // the claim
    {
        // Meanwhile the guest gets a title; the answer that is under way is about another account than the policy's.
        _cleanup_record_ struct record *answer = record_of("account", ACCOUNT_B);

        stage_signal(s, GUEST_A, "defined-updated", "state=running agent=connected title=desktop");
        stream_send(s->open[0], answer);
        stream_end(s->open[0]);
    }
    stage_until(s, stage_case(s, GUEST_A).state == CASE_CLOSED);
    assert_int_equal(store_binding_get(s->engine->store, GUEST_A, &b, &err), STORE_NONE);
    stage_free(s);
}

// A guest that waits for its start: meanwhile another guest with the same account came up and holds its secret.
static void a_twin_that_came_later_is_not_broken(void **state)
{
    struct stage *s = stage_new(REPAIR STAGE_DOMAIN);
    struct casefile c;

    (void)state;
    let_all_answer(s);
    stage_bind(s, GUEST_A, GUID_A, SID_A, "VDI-A$");
    stage_bind(s, GUEST_B, GUID_A, SID_A, "VDI-A$");
    revert(s, GUEST_A, false);
    stage_until(s, stage_case(s, GUEST_A).state == CASE_REPAIRING);
    stage_signal(s, GUEST_B, "started-booted", "state=running agent=connected persistent=1");
    stage_signal(s, GUEST_A, "started-booted", "state=running agent=connected persistent=1");
    stage_until(s, stage_case(s, GUEST_A).state == CASE_CLOSED);
    c = stage_case(s, GUEST_A);
    assert_int_equal(c.outcome, OUTCOME_REFUSED);
    assert_int_equal(c.verdict, VERDICT_TWIN);
    assert_string_not_equal(record_type(s->workers[WORKER_DIRECTORY].last), "reset");
    stage_free(s);
}

// The host's key is lost while a secret is journalled under it: virtrustd does not start by itself with another one.
// When the administrator lets it begin anew, the repair goes on with a new secret.
static void a_lost_key_does_not_hold_the_account_for_ever(void **state)
{
    struct stage *s = stage_new(REPAIR STAGE_DOMAIN);
    struct err err = {0};

    (void)state;
    let_all_answer(s);
    stage_bind(s, GUEST_A, GUID_A, SID_A, "VDI-A$");
    revert(s, GUEST_A, true);
    stage_until(s, stage_job(s, stage_case(s, GUEST_A).id).state == JOB_CONFIRMING);
    s = stage_free(s);
    assert_int_equal(unlink("state/host.key"), 0);
    assert_int_equal(stage_try(REPAIR STAGE_DOMAIN, &s, &err), -ENOKEY);
    assert_int_equal(hoststate_renew("state", &err), 0);
    s = stage_new(REPAIR STAGE_DOMAIN);
    let_all_answer(s);
    stage_until(s,
                s->workers[WORKER_DIRECTORY].last && record_is(s->workers[WORKER_DIRECTORY].last, "reset"));
    stage_free(s);
}

static void note_open(struct stage *s, unsigned *ret)
{
    struct store_counts n;
    struct err err = {0};

    assert_int_equal(store_counts(s->engine->store, &n, &err), 0);
    *ret = n.open_cases;
}

// A scan in which a whole host's guests are missing closes the case of each.
static void every_guest_that_is_gone_is_left(void **state)
{
    struct stage *s = stage_new("look:\n  settle: 100ms\n");
    _cleanup_record_ struct record *end = record_new("signal");
    struct err err = {0};
    unsigned open = 0;

    (void)state;
    for (unsigned i = 0; i < 300; i++) {
        char uuid[UUID_TEXT];

        snprintf(uuid, sizeof uuid, "4c6c1b40-0000-0000-0000-%012u", i);
        stage_signal(s, uuid, "defined-from-snapshot", "state=off persistent=1");
    }
    for (unsigned turns = 0; open < 300 && turns < 2000; turns++) {
        sd_event_run(s->engine->event, 5000);
        note_open(s, &open);
    }
    assert_int_equal(open, 300);
    record_add(end, "kind", "scan-end");
    record_add_i64(end, "began_us", now_us());
    assert_int_equal(engine_signal(s->engine, end, &err), 0);
    note_open(s, &open);
    assert_int_equal(open, 0);
    stage_free(s);
}

// Killed between the scan's commit and the cases': the next scan closes them.
static void a_guest_that_is_gone_is_left_by_the_next_scan(void **state)
{
    struct stage *s = stage_new("look:\n  settle: 100ms\n");
    _cleanup_record_ struct record *end = record_new("signal");
    struct guest g;
    struct err err = {0};

    (void)state;
    revert(s, GUEST_A, false);
    assert_int_equal(store_guest_get(s->engine->store, GUEST_A, &g, &err), 0);
    g.present = false;
    assert_int_equal(store_guest_put(s->engine->store, &g, &err), 0);
    record_add(end, "kind", "scan-end");
    record_add_i64(end, "began_us", now_us());
    assert_int_equal(engine_signal(s->engine, end, &err), 0);
    assert_int_equal(stage_case(s, GUEST_A).outcome, OUTCOME_LEFT);
    stage_free(s);
}

static struct record *directory(struct stage *s, const struct record *request)
{
    static char state[16] = "old";

    (void)s;
    if (record_is(request, "account"))
        return record_of("account", strcmp(state, "old") == 0
                                        ? record_get(request, "mark") ? ACCOUNT_A INSTANCE
                                              " dc_usn=10 dc_usn_marked=11"
                                                                      : ACCOUNT_A INSTANCE " dc_usn=12"
                                        : "found=1 guid=" GUID_A " sid=" SID_A
                                          " name=VDI-A$ kvno=6 pwd_last_set=133000000000000001");
    if (record_is(request, "reset")) {
        assert_string_equal(state, "old"); // once
        snprintf(state, sizeof state, "new");
        return record_of("reset", "result=done dc=dc1");
    }
    return record_of("login", strcmp(state, "old") == 0 ? "result=refused" : "result=accepted");
}

static unsigned blocks_left(void)
{
    struct statvfs fs;

    assert_int_equal(statvfs("state", &fs), 0);
    return (unsigned)fs.f_bavail;
}

// The disk is full in the middle of a repair, again and again, and has room in between: every step is taken once.
static void a_full_disk_loses_nothing(void **state)
{
    struct stage *s;
    unsigned filled = 0;

    (void)state;
    if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
        mkdir("state", 0700) < 0 || mount("tmpfs", "state", "tmpfs", 0, "size=2m,mode=0700") < 0) {
        print_message("no mount namespace of one's own: %s\n", strerror(errno));
        skip();
    }
    s = stage_new(REPAIR STAGE_DOMAIN);
    let_all_answer(s);
    s->workers[WORKER_DIRECTORY].answer = directory;
    stage_bind(s, GUEST_A, GUID_A, SID_A, "VDI-A$");
    stage_signal(s, GUEST_A, "defined-from-snapshot", "state=running agent=connected persistent=1");
    for (unsigned i = 0; i < 60; i++) {
        static char zeros[4096];
        int fd = open("state/fill", O_WRONLY | O_CREAT | O_TRUNC, 0600);

        while (write(fd, zeros, sizeof zeros) > 0)
            ;
        filled += blocks_left() == 0;
        for (unsigned turns = 0; turns < 6; turns++)
            sd_event_run(s->engine->event, 20000);
        close(fd);
        unlink("state/fill");
        // What was put off is due now.
        due_shift(&s->engine->due, -20000000);
        engine_rearm(s->engine);
        for (unsigned turns = 0; turns < i % 9; turns++)
            sd_event_run(s->engine->event, 20000);
        if (stage_job(s, stage_case(s, GUEST_A).id).state == JOB_STORING)
            break;
    }
    assert_true(filled > 0);
    stage_until(s, stage_job(s, stage_case(s, GUEST_A).id).state == JOB_STORING);
    stage_free(s);
    assert_int_equal(umount2("state", MNT_DETACH), 0);
}

// The domain may be named by its NetBIOS name; the binding holds the one that guests are compared with.
static void a_binding_holds_the_domains_dns_name(void **state)
{
    struct stage *s = stage_new(REPAIR STAGE_DOMAIN);
    struct err err = {0};
    struct binding b;
    int fd = recio_connect("run/control.sock", &err);
    static const char text[] = "type=bind\nv=1\nguest=vdi-a\ndomain=CORP\nname=VDI-A\n\n";

    (void)state;
    s->workers[WORKER_DIRECTORY].answer = account_a;
    stage_signal(s, GUEST_A, "defined-added", "state=off persistent=1");
    assert_int_equal(write(fd, text, sizeof text - 1), (ssize_t)(sizeof text - 1));
    stage_until(s, store_binding_get(s->engine->store, GUEST_A, &b, &err) == 0);
    assert_string_equal(b.domain, "corp.test");
    close(fd);
    stage_free(s);
}

// A line of the log stays one line, whatever a guest put into the text.
static void a_guest_writes_no_line_of_the_log(void **state)
{
    char text[512] = "";
    int old = dup(STDERR_FILENO), fd = open("log", O_RDWR | O_CREAT | O_TRUNC, 0600);
    ssize_t n;

    (void)state;
    assert_true(old >= 0 && fd >= 0 && dup2(fd, STDERR_FILENO) >= 0);
    engine_log(6, 7, GUEST_A, "failed: %s",
               "no\n<0>virtrustd: case 9 is proven\033[2J\xc2\x9b"
               "31m");
    dup2(old, STDERR_FILENO);
    close(old);
    n = pread(fd, text, sizeof text - 1, 0);
    close(fd);
    assert_true(n > 0);
    assert_ptr_equal(strchr(text, '\n'), text + n - 1);
    assert_null(strpbrk(text, "\033\x9b"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_pause_survives_a_restart, stage_fresh),
        cmocka_unit_test_setup(a_claim_never_becomes_the_binding, stage_fresh),
        cmocka_unit_test_setup(a_twin_that_came_later_is_not_broken, stage_fresh),
        cmocka_unit_test_setup(a_lost_key_does_not_hold_the_account_for_ever, stage_fresh),
        cmocka_unit_test_setup(every_guest_that_is_gone_is_left, stage_fresh),
        cmocka_unit_test_setup(a_guest_that_is_gone_is_left_by_the_next_scan, stage_fresh),
        cmocka_unit_test_setup(a_guest_writes_no_line_of_the_log, stage_fresh),
        cmocka_unit_test_setup(a_binding_holds_the_domains_dns_name, stage_fresh),
        cmocka_unit_test_setup(a_full_disk_loses_nothing, stage_fresh),
    };

    return cmocka_run_group_tests(tests, testing_dir_make, testing_dir_remove);
}
