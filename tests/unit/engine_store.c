// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// virtrustd's engine over a store that refuses to be written: nothing is decided on what could not be stored, and
// people are told.
#include "tests/unit/attack_engine.h"
#include "tests/unit/core_common.h"

#include <sqlite3.h>

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_binding_that_cannot_be_kept, testing_dir_make, testing_dir_remove),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
