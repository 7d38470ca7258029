// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// `diagnose`: who is asked, what is told, and that nothing is written; with workers that the test plays.
#include "tests/unit/attack_engine.h"

#include "common/os/recio.h"
#include "daemon/control/diagnose.h"
#include "tests/unit/core_common.h"

#include <sys/socket.h>
#include <sys/stat.h>

#define RUNNING "state=running agent=connected genid=1"
#define OFF "state=off agent=disconnected"
#define SECRET(c) "secret_sha256=" c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c
#define NINE "133500000000000000" // FILETIMEs of 2024, hours apart
#define TEN "133500036000000000"
#define MEMBER \
    "os=linux joined=1 role=member sam_account_name=WS1$ domain.dns=corp.test password.filetime=" NINE
#define ACCOUNT "found=1 guid=" GUID_A " sid=" SID_A " name=WS1$ uac=4096 in_base=1 spn_host=1 "

static const char *const diagnose = "type=diagnose\nv=1\nguest=" GUEST_A "\n\n";

static void expect_line(const char *text, const char *line)
{
    char whole[512];

    snprintf(whole, sizeof whole, "\n%s\n", line);
    if (!strstr(text, whole))
        fail_msg("no \"%s\" in:\n%s", line, text);
}

// ---- the workers ----

static struct record *disk_read(struct stage *s, const struct record *request)
{
    (void)s;
    assert_string_equal(record_type(request), "look");
    return record_of("evidence", MEMBER " " SECRET("aa"));
}

static struct record *unreadable(struct stage *s, const struct record *request)
{
    (void)s, (void)request;
    return record_of("error", "code=encrypted text=BitLocker");
}

static struct record *disk_for_the_appliance(struct stage *s, const struct record *request)
{
    (void)s;
    if (strcmp(record_get_or(request, "engine", ""), "direct") == 0)
        return record_of("error", "code=not-direct text=odd");
    return record_of("evidence", MEMBER " " SECRET("aa"));
}

#define LIVE(c) "live_sha256=" c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c
#define LOOK "os=linux joined=1 sam_account_name=WS1$ domain=corp.test dc=dc1.corp.test dc_reachable=1 "

// Asked without a token, a key or a push, and without a log-on unless that is wanted.
static bool is_look(const struct record *request, const char *log_on)
{
    if (strcmp(record_get_or(request, "verb", ""), "look") != 0)
        return false;
    assert_string_equal(record_get(request, "log_on"), log_on);
    assert_null(record_get(request, "token"));
    assert_null(record_get(request, "key"));
    assert_null(record_get(request, "push"));
    return true;
}

// It rotated after its disk was written.
static struct record *newer_than_its_disk(struct stage *s, const struct record *request)
{
    (void)s;
    if (is_look(request, "0"))
        return record_of("done", LOOK LIVE("bb") " set_at=" TEN " channel=unknown channel_code=not-asked");
    return record_of("done", "offset_ms=0 set=0");
}

static struct record *logs_on(struct stage *s, const struct record *request)
{
    (void)s;
    if (is_look(request, "1"))
        return record_of("done",
                         LOOK LIVE("aa") " set_at=" NINE " channel=broken channel_code=wrong-password");
    return record_of("done", "offset_ms=0 set=0");
}

static struct record *clock_off(struct stage *s, const struct record *request)
{
    (void)s;
    if (is_look(request, "0"))
        return record_of("error", "code=no-helper text=no_helper_there");
    assert_string_equal(record_get(request, "verb"), "clock");
    assert_string_equal(record_get(request, "set"), "0");
    return record_of("done", "offset_ms=-900000 set=0");
}

// dc1 knows the change, dc2 does not answer, dc3 is late, dc4 may not be asked.
static struct record *four_dcs(struct stage *s, const struct record *request)
{
    (void)s;
    assert_string_equal(record_type(request), "account");
    assert_string_equal(record_get(request, "guid"), GUID_A);
    assert_null(record_get(request, "dc"));
    return record_of("account", ACCOUNT
                     "pwd_last_set=" TEN " dc=dc1.corp.test dcs=4 dcs.0.dc=dc1.corp.test dcs.0.found=1 "
                     "dcs.0.pwd_last_set=" TEN " dcs.0.in_base=0 dcs.1.dc=dc2.corp.test "
                     "dcs.1.code=dc-unreachable dcs.1.text=dc2_is_dead dcs.2.dc=dc3.corp.test "
                     "dcs.2.found=1 dcs.2.pwd_last_set=" NINE " dcs.3.dc=dc4.corp.test "
                     "dcs.3.code=read-only dcs.3.text=read-only");
}

static struct record *recreated(struct stage *s, const struct record *request)
{
    (void)s;
    if (record_get(request, "guid"))
        return record_of("account", "found=0 dc=dc1.corp.test dcs=1 dcs.0.dc=dc1.corp.test dcs.0.found=0");
    assert_string_equal(record_get(request, "name"), "WS1$");
    return record_of("account", "found=1 guid=" GUID_B " sid=" SID_B " name=WS1$ uac=4096");
}

static struct record *no_dns(struct stage *s, const struct record *request)
{
    (void)s, (void)request;
    return record_of("error", "code=dns text=no_answer_of_DNS");
}

// ---- the tests ----

static struct stage *begin(const char *pairs)
{
    struct stage *s = stage_new("look:\n  on_first_sight: false\n" STAGE_DOMAIN);

    s->workers[WORKER_INSPECT].answer = disk_read;
    s->workers[WORKER_DIRECTORY].answer = four_dcs;
    s->workers[WORKER_DELIVER].answer = clock_off;
    stage_signal(s, GUEST_A, "scan", pairs);
    stage_bind(s, GUEST_A, GUID_A, SID_A, "WS1$");
    return s;
}

static int64_t written(void)
{
    struct stat db = {0}, wal = {0};

    stat("state/virtrust.db", &db);
    stat("state/virtrust.db-wal", &wal);
    return (int64_t)db.st_size + (int64_t)wal.st_size + (int64_t)db.st_mtim.tv_nsec +
           (int64_t)wal.st_mtim.tv_nsec;
}

static void behind_and_off(void **state)
{
    struct stage *s = begin(OFF);
    char text[32768];
    int64_t before = written();

    (void)state;
    stage_ask(s, diagnose, text, sizeof text);
    expect_line(text, "verdict=behind");
    expect_line(text, "cause=changed-elsewhere");
    expect_line(text, "health=broken");
    expect_line(text, "rule=observe");
    expect_line(text, "side=guest");
    expect_line(text, "side=ledger");
    expect_line(text, "side=dc1.corp.test");
    expect_line(text, "side=dc2.corp.test");
    expect_line(text, "why=dc2_is_dead");
    expect_line(text, "cause=dc-silent");
    expect_line(text, "text=not every DC answered: dc2.corp.test");
    expect_line(text, "cause=dcs-differ");
    expect_line(
        text,
        "text=the DCs do not agree about the account WS1$: dc3.corp.test and dc1.corp.test show different "
        "states; replication is late, or cut");
    expect_line(text, "cause=outside-base");
    expect_line(text, "exit=1");
    assert_int_equal(s->workers[WORKER_DELIVER].asked, 0); // it is off
    assert_null(strstr(text, "aaaaaaaa"));                 // neither the secret's hash
    assert_true(written() == before);
    assert_int_equal(stage_case(s, GUEST_A).id, 0);
    stage_free(s);
}

static void running_with_a_wrong_clock(void **state)
{
    struct stage *s = begin(RUNNING);
    char text[32768];

    (void)state;
    stage_ask(s, diagnose, text, sizeof text);
    assert_int_equal(s->workers[WORKER_DELIVER].asked, 2);
    expect_line(text, "clock_ms=-900000");
    expect_line(text, "not_asked=no_helper_there");
    stage_free(s);
}

// What the guest says of itself outranks its disk, and stands in for a disk that cannot be read.
static void the_guest_is_asked(void **state)
{
    struct stage *s = begin(RUNNING);
    char text[32768], disks[32];

    (void)state;
    s->workers[WORKER_DELIVER].answer = newer_than_its_disk;
    stage_ask(s, diagnose, text, sizeof text);
    expect_line(text, "password_set=2024-01-17T22:20:00.0000000Z");
    expect_line(text, "channel=unknown");
    expect_line(text, "channel_code=not-asked");
    snprintf(disks, sizeof disks, "%s", strstr(text, "\nsecret=") ? strstr(text, "\nsecret=") + 1 : "");
    s->workers[WORKER_INSPECT].answer = unreadable;
    stage_ask(s, diagnose, text, sizeof text);
    expect_line(text, "password_set=2024-01-17T22:20:00.0000000Z");
    assert_non_null(strstr(text, disks));
    assert_null(strstr(text, "BitLocker"));
    s->workers[WORKER_DELIVER].answer = logs_on;
    stage_ask(s, "type=diagnose\nv=1\nguest=" GUEST_A "\nlog_on=1\n\n", text, sizeof text);
    expect_line(text, "channel=broken");
    expect_line(text, "channel_code=wrong-password");
    stage_free(s);
}

static void what_the_directory_says(void **state)
{
    static const struct {
        struct record *(*answer)(struct stage *, const struct record *);
        const char *lines[4];
    } all[] = {
        {recreated, {"verdict=account-missing", "cause=account-recreated", "exit=1"}},
        {no_dns, {"cause=no-directory", "side=corp.test", "why=no_answer_of_DNS", "exit=0"}},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
        struct stage *s = begin(OFF);
        char text[32768];

        s->workers[WORKER_DIRECTORY].answer = all[i].answer;
        stage_ask(s, diagnose, text, sizeof text);
        for (size_t k = 0; k < 4 && all[i].lines[k]; k++)
            expect_line(text, all[i].lines[k]);
        stage_free(s);
    }
}

static void what_only_an_appliance_reads(void **state)
{
    struct stage *s = begin(OFF);
    char text[32768];

    (void)state;
    s->workers[WORKER_INSPECT].answer = disk_for_the_appliance;
    stage_ask(s, diagnose, text, sizeof text);
    assert_int_equal(s->workers[WORKER_INSPECT].asked, 2);
    expect_line(text, "account=WS1$");
    stage_free(s);
}

static void workers_that_are_away(void **state)
{
    struct stage *s = begin(RUNNING);
    char text[32768];

    (void)state;
    unlink("run/inspect.sock");
    unlink("run/directory.sock");
    unlink("run/deliver.sock");
    stage_ask(s, diagnose, text, sizeof text);
    expect_line(text, "cause=not-read");
    expect_line(text, "exit=3");
    assert_non_null(strstr(text, "systemctl start virtrust-inspect.socket"));
    stage_ask(s, "type=diagnose\nv=1\nguest=nobody\n\n", text, sizeof text);
    assert_non_null(strstr(text, "code=no-such-guest"));
    stage_free(s);
}

static const char *disk_pairs;

static struct record *disk_of_windows(struct stage *s, const struct record *request)
{
    (void)s, (void)request;
    return record_of("evidence", disk_pairs);
}

static struct record *same_date(struct stage *s, const struct record *request)
{
    (void)s, (void)request;
    return record_of("account", ACCOUNT "pwd_last_set=" NINE " dc=dc1.corp.test dcs=1 dcs.0.dc=dc1.corp.test "
                                        "dcs.0.found=1 dcs.0.pwd_last_set=" NINE);
}

// What a look tells of a guest besides its secret.
static void what_the_disk_says(void **state)
{
    static const struct {
        const char *pairs, *cause;
    } all[] = {
        {"joined=1 netlogon.start=disabled password.filetime=" NINE, "cause=netlogon-disabled"},
        {"joined=1 netlogon.start=automatic password.filetime=" NINE, "cause=undecided"},
        {"joined=0 pending=domain-join", "cause=join-pending"},
        {"joined=0 pending=none", "cause=not-joined"},
        {"joined=1 guard.isolated_secret=1 password.filetime=" NINE, "cause=isolated-identity"},
        {"joined=1 policy.disable_password_change=1 password.filetime=" NINE, "cause=rotation-disabled"},
        {"joined=1 role=domain-controller", "cause=domain-controller"},
        {"joined=1 member.service=sssd member.start=disabled password.filetime=" NINE,
         "cause=user-service-disabled"},
        {"joined=1 domain.dns=corp.test member.realm=OLD.TEST password.filetime=" NINE,
         "cause=realm-differs"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
        char pairs[512], text[32768];
        struct stage *s = begin(OFF);

        snprintf(pairs, sizeof pairs, "os=windows sam_account_name=WS1$ %s", all[i].pairs);
        disk_pairs = pairs;
        s->workers[WORKER_INSPECT].answer = disk_of_windows;
        s->workers[WORKER_DIRECTORY].answer = same_date;
        stage_ask(s, diagnose, text, sizeof text);
        expect_line(text, all[i].cause);
        stage_free(s);
    }
}

// Who asked may go; the others go on.
static void gone_in_the_middle(void **state)
{
    struct stage *s = begin(RUNNING);
    char text[32768];
    struct err err = {0};
    int fd;

    (void)state;
    s->workers[WORKER_INSPECT].answer = NULL;
    fd = recio_connect("run/control.sock", &err);
    assert_true(write(fd, diagnose, strlen(diagnose)) > 0);
    stage_until(s, s->workers[WORKER_INSPECT].asked == 1);
    close(fd);
    stage_ask(s, "type=list\nv=1\n\n", text, sizeof text);
    assert_non_null(strstr(text, "type=end"));
    stage_free(s);
}

// Another guest of this host with the same secret is named.
static void a_clone(void **state)
{
    struct stage *s = begin(OFF);
    char text[32768];
    struct casefile c = {.guest = GUEST_B, .name = "vm-b", .state = CASE_CLOSED};
    _cleanup_record_ struct record *disk = record_of("evidence", MEMBER " " SECRET("aa"));
    struct guest g;
    struct err err = {0};

    (void)state;
    stage_signal(s, GUEST_B, "scan", OFF);
    assert_int_equal(store_guest_get(s->engine->store, GUEST_B, &g, &err), 0);
    assert_int_equal(store_begin(s->engine->store, &err), 0);
    assert_int_equal(store_case_add(s->engine->store, &c, &err), 0);
    assert_int_equal(store_evidence_put(s->engine->store, c.id, "disk", disk, &err), 0);
    g.last_case = c.id;
    assert_int_equal(store_guest_put(s->engine->store, &g, &err), 0);
    assert_int_equal(store_commit(s->engine->store, &err), 0);
    stage_ask(s, diagnose, text, sizeof text);
    expect_line(text, "cause=clone");
    expect_line(text, "command=virtrust diagnose vdi-b");
    stage_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(behind_and_off, testing_dir_make, testing_dir_remove),
        cmocka_unit_test_setup_teardown(running_with_a_wrong_clock, testing_dir_make, testing_dir_remove),
        cmocka_unit_test_setup_teardown(the_guest_is_asked, testing_dir_make, testing_dir_remove),
        cmocka_unit_test_setup_teardown(what_the_directory_says, testing_dir_make, testing_dir_remove),
        cmocka_unit_test_setup_teardown(what_only_an_appliance_reads, testing_dir_make, testing_dir_remove),
        cmocka_unit_test_setup_teardown(workers_that_are_away, testing_dir_make, testing_dir_remove),
        cmocka_unit_test_setup_teardown(what_the_disk_says, testing_dir_make, testing_dir_remove),
        cmocka_unit_test_setup_teardown(gone_in_the_middle, testing_dir_make, testing_dir_remove),
        cmocka_unit_test_setup_teardown(a_clone, testing_dir_make, testing_dir_remove),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
