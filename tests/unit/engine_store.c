// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// virtrustd's engine over a store that refuses to be written: nothing is decided on what could not be stored, and
// people are told.
#include "common/os/recio.h"
#include "tests/unit/attack_engine.h"
#include "tests/unit/core_common.h"

#include <signal.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/socket.h>

#define QUICK "mode: repair\nlook:\n  settle: 50ms\n  on_first_sight: false\n" STAGE_DOMAIN
#define BY_NAME "policies:\n  - match:\n      name: vdi-*\n    computer: \"{name}\"\n    domain: corp.test\n"

static struct record *evidence(struct stage *s, const struct record *request)
{
    (void)s, (void)request;
    return record_of("evidence", "os=windows joined=1 role=member computer=VDI-A sam_account_name=VDI-A$ "
                                 "domain.dns=corp.test password.filetime=130000000000000000");
}

static struct record *account(struct stage *s, const struct record *request)
{
    (void)s, (void)request;
    return record_of("account", "found=1 guid=" GUID_A " sid=" SID_A " name=VDI-A$ kvno=7 uac=4096 dc=dc1 "
                                "pwd_last_set=133000000000000000 dc_now_us=1700000000000000");
}

// Between two stages: the store is this process's own then.
static void sql(const char *text)
{
    sqlite3 *db = NULL;
    char *said = NULL;

    assert_int_equal(sqlite3_open("state/virtrust.db", &db), SQLITE_OK);
    if (sqlite3_exec(db, text, NULL, NULL, &said) != SQLITE_OK)
        fail_msg("%s: %s", text, said);
    sqlite3_close(db);
}

static struct stage *begin(const char *yaml)
{
    struct stage *s = stage_new(yaml);

    s->workers[WORKER_INSPECT].answer = evidence;
    s->workers[WORKER_DIRECTORY].answer = account;
    return s;
}

// A binding that a policy makes and that cannot be stored: the case waits for it, and is not judged as one that has
// none.
static void a_binding_that_cannot_be_kept(void **state)
{
    struct stage *s = stage_new(QUICK BY_NAME);
    struct casefile c;

    (void)state;
    stage_free(s);
    sql("CREATE TRIGGER no BEFORE INSERT ON binding BEGIN SELECT RAISE(ABORT, 'not now'); END");
    s = begin(QUICK BY_NAME);
    stage_signal(s, GUEST_A, "defined-from-snapshot", "state=off persistent=1");
    stage_until(s, s->workers[WORKER_DIRECTORY].asked == 1);
    stage_turns(s, 50);
    c = stage_case(s, GUEST_A);
    assert_int_equal(c.state, CASE_ASKING_DIRECTORY);
    assert_true(due_next(&s->engine->due) < now_us() + INT64_C(60) * 1000000); // it is asked again
    stage_free(s);
    sql("DROP TRIGGER no");
    s = begin(QUICK BY_NAME);
    stage_until(s, stage_case(s, GUEST_A).verdict != VERDICT_UNKNOWN);
    assert_int_equal(stage_case(s, GUEST_A).verdict, VERDICT_BEHIND);
    stage_free(s);
}

static struct rlimit unlimited;

// No file grows any more, as on a full disk.
static void fill_disk(void)
{
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &unlimited), 0);
    (void)signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &(struct rlimit){1, unlimited.rlim_max}), 0);
}

static void free_disk(void)
{
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &unlimited), 0);
}

static void ask(struct stage *s, const char *request, char *ret, size_t size)
{
    struct err err = {0};
    int fd = recio_connect("run/control.sock", &err);
    size_t n = 0;
    ssize_t got = -1;

    assert_true(fd >= 0);
    assert_true(write(fd, request, strlen(request)) > 0);
    for (unsigned turn = 0; turn < 4000 && got != 0 && n < size - 1; turn++) {
        sd_event_run(s->engine->event, 5000);
        got = recv(fd, ret + n, size - 1 - n, MSG_DONTWAIT);
        n += got > 0 ? (size_t)got : 0;
    }
    ret[n] = '\0';
    close(fd);
}

// What a look learns cannot be kept: it is not repeated in vain, people are told, and all goes on when there is room.
static void a_full_disk(void **state)
{
    struct stage *s = begin(QUICK BY_NAME);
    static char answer[64 * 1024];
    struct err err = {0};
    unsigned looks;

    (void)state;
    s->workers[WORKER_INSPECT].answer = NULL; // it is still looking
    stage_signal(s, GUEST_A, "defined-from-snapshot", "state=off persistent=1");
    stage_until(s, s->workers[WORKER_INSPECT].asked == 1);
    ask(s, "type=status\nv=1\n\n", answer, sizeof answer);
    assert_null(strstr(answer, "store="));
    fill_disk();
    s->workers[WORKER_INSPECT].answer = evidence;
    stream_free(s->open[--s->open_count]); // the look ended; whatever it said cannot be kept
    stage_until(s, store_trouble(s->engine->store));
    looks = s->workers[WORKER_INSPECT].asked;
    engine_again(s->engine, DUE_CASE, stage_case(s, GUEST_A).id, NULL);
    engine_case_effect(s->engine, &(struct casefile){.id = stage_case(s, GUEST_A).id}, CASE_EFFECT_LOOK);
    stage_turns(s, 20);
    assert_int_equal(s->workers[WORKER_INSPECT].asked, looks);
    ask(s, "type=status\nv=1\n\n", answer, sizeof answer);
    assert_non_null(strstr(answer, "\nstore=failing\n"));
    assert_non_null(strstr(answer, "\nstore_since_us="));
    assert_non_null(strstr(answer, "the store cannot be written"));
    assert_null(strstr(answer, "virtrust-watch is not running"));
    ask(s, "type=doctor\nv=1\n\n", answer, sizeof answer);
    assert_non_null(strstr(answer, "\nid=store\nresult=bad\n"));
    assert_true(store_try(s->engine->store, &err) < 0);
    free_disk();
    assert_int_equal(sd_event_source_set_time_relative(s->engine->hold, 0), 0); // the pause is over
    stage_until(s, stage_case(s, GUEST_A).verdict == VERDICT_BEHIND);
    ask(s, "type=status\nv=1\n\n", answer, sizeof answer);
    assert_null(strstr(answer, "store="));
    stage_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_binding_that_cannot_be_kept, testing_dir_make, testing_dir_remove),
        cmocka_unit_test_setup_teardown(a_full_disk, testing_dir_make, testing_dir_remove),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
