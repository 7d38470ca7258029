// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// The circuit breaker in virtrustd itself, with workers that the test plays: it opens, holds back, outlives a restart,
// lets one repair try, and closes; limits and quiet hours hold back as well.
#include "tests/unit/attack_engine.h"

#include "daemon/engine/breakers.h"
#include "daemon/engine/turns.h"
#include "tests/unit/core_common.h"

#include <ctype.h>
#include <sys/stat.h>

#define LIVE "0101010101010101010101010101010101010101010101010101010101010101"
#define KEY                                                              \
    "046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296" \
    "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"
#define BASE "mode: repair\nlook:\n  settle: 0ms\n"
#define RUNS "state=running agent=connected persistent=1 "
#define OPENS_AT_TWO "breaker:\n  failures: 2\n  share: 100\n  pause: "

enum { GUESTS = 8 };

static struct {
    bool refuses;
    int64_t kvno[GUESTS];
    unsigned resets;
    uint64_t usn;
} dc = {.usn = 1};

#define INSTANCE "aaaaaaaa-1111-2222-3333-444444444444"

static const char *guest(unsigned n)
{
    static char text[GUESTS][UUID_TEXT];

    snprintf(text[n], UUID_TEXT, "4c6c1b40-0000-0000-0000-%012u", n);
    return text[n];
}

static unsigned number(const struct record *request, const char *key)
{
    return (unsigned)strtoul(record_get(request, key) + 24, NULL, 10);
}

static struct record *evidence(struct stage *s, const struct record *request)
{
    struct record *r = record_of("evidence", "joined=1 role=member domain.dns=corp.test password.kvno=1 "
                                             "secret_sha256=" LIVE);

    (void)s;
    record_addf(r, "sam_account_name", "VDI-%u$", number(request, "guest"));
    return r;
}

static void add_account(struct record *r, const char *prefix, unsigned n)
{
    char key[64];

#define KEY_OF(name) (snprintf(key, sizeof key, "%s%s", prefix, name), key)
    record_add(r, KEY_OF("found"), "1");
    record_addf(r, KEY_OF("guid"), "11111111-2222-3333-4444-%012u", n);
    record_addf(r, KEY_OF("sid"), "S-1-5-21-1-2-3-%u", 1100 + n);
    record_addf(r, KEY_OF("name"), "VDI-%u$", n);
    record_addf(r, KEY_OF("dn"), "CN=VDI-%u,OU=VDI,DC=corp,DC=test", n);
    record_add_i64(r, KEY_OF("kvno"), dc.kvno[n]);
    record_add_i64(r, KEY_OF("pwd_last_set"), INT64_C(133000000000000000) + dc.kvno[n]);
}

static struct record *directory(struct stage *s, const struct record *request)
{
    struct record *r = record_new(record_type(request));
    char key[64], prefix[32];

    (void)s;
    record_add(r, "dc", "dc1");
    if (record_is(request, "accounts")) {
        for (unsigned i = 0; snprintf(key, sizeof key, "%u.guid", i), record_get(request, key); i++) {
            snprintf(prefix, sizeof prefix, "%u.", i);
            add_account(r, prefix, number(request, key));
        }
    } else if (record_is(request, "account")) {
        add_account(r, "", number(request, "guid"));
        record_add(r, "dc_instance", INSTANCE);
        record_add_u64(r, "dc_usn", dc.usn);
        if (record_get(request, "mark"))
            record_add_u64(r, "dc_usn_marked", ++dc.usn);
    } else if (record_is(request, "reset") && dc.refuses) {
        record_add(r, "result", "refused");
        record_add(r, "rule", "access-denied");
        record_add(r, "text", "dc1 denies it");
    } else if (record_is(request, "reset")) {
        dc.resets++;
        dc.kvno[number(request, "guid")]++;
        record_add(r, "result", "done");
    } else {
        record_add(r, "result", "accepted");
    }
    return r;
}

// What the helper says of its DC besides.
static struct record *seen(struct record *r)
{
    record_add(r, "dc_instance", INSTANCE);
    record_add_u64(r, "dc_usn", dc.usn);
    return r;
}

static struct record *agent(struct stage *s, const struct record *request)
{
    const char *verb = record_get(request, "verb");
    unsigned n = number(request, "guest");
    struct record *r;

    (void)s;
    if (strcmp(verb, "clock") == 0)
        return record_of("done", "verb=clock offset_ms=0 set=0");
    if (strcmp(verb, "store-check") == 0)
        return seen(record_of("done", "verb=store-check ready=1"));
    if (strcmp(verb, "store") == 0)
        return record_of("done", "verb=store result=done live_sha256=" LIVE);
    if (strcmp(verb, "rotate") == 0) {
        dc.kvno[n]++;
        return record_of("done", "verb=rotate result=done live_sha256=" LIVE);
    }
    r = record_of("done", "verb=probe joined=1 channel=broken dc_reachable=1 dc=dc1 live_sha256=" LIVE
                          " public_key=" KEY);
    record_addf(r, "sam_account_name", "VDI-%u$", n);
    return seen(r);
}

static struct stage *begin(const char *yaml)
{
    struct stage *s = stage_new(yaml);

    s->workers[WORKER_INSPECT].answer = evidence;
    s->workers[WORKER_DIRECTORY].answer = directory;
    s->workers[WORKER_DELIVER].answer = agent;
    return s;
}

static void bind_all(struct stage *s)
{
    memset(&dc, 0, sizeof dc);
    dc.usn = 1;
    for (unsigned i = 1; i < GUESTS; i++) {
        char guid[UUID_TEXT], sid[64], name[32];

        dc.kvno[i] = 2;
        snprintf(guid, sizeof guid, "11111111-2222-3333-4444-%012u", i);
        snprintf(sid, sizeof sid, "S-1-5-21-1-2-3-%u", 1100 + i);
        snprintf(name, sizeof name, "VDI-%u$", i);
        stage_bind(s, guest(i), guid, sid, name);
    }
}

static void revert(struct stage *s, unsigned n)
{
    stage_signal(s, guest(n), "defined-from-snapshot", "state=running agent=connected persistent=1");
    stage_signal(s, guest(n), "started-from-snapshot", "state=running agent=connected persistent=1");
}

static enum outcome outcome_of(struct stage *s, unsigned n)
{
    return stage_case(s, guest(n)).outcome;
}

static struct job job_of(struct stage *s, unsigned n)
{
    struct casefile c = stage_case(s, guest(n));

    return c.id ? stage_job(s, c.id) : (struct job){0};
}

static bool held(struct stage *s, unsigned n)
{
    struct job j = job_of(s, n);

    return j.id && j.state == JOB_WAITING_TURN;
}

static struct breaker breaker_of(struct stage *s, const char *scope, const char *name)
{
    struct breaker b;
    struct err err = {0};

    assert_int_equal(breakers_get(s->engine, scope, name, &b, &err), 0);
    return b;
}

static struct stage *opened(const char *yaml)
{
    struct stage *s = begin(yaml);

    bind_all(s);
    dc.refuses = true;
    for (unsigned n = 1; n <= 2; n++) {
        revert(s, n);
        stage_until(s, outcome_of(s, n) == OUTCOME_REFUSED);
    }
    assert_int_equal(breaker_of(s, "domain", "corp.test").state, BREAKER_OPEN);
    return s;
}

static void it_opens_and_the_administrator_closes_it(void **state)
{
    static const char yaml[] = BASE OPENS_AT_TWO "1h\n" STAGE_DOMAIN;
    struct stage *s = opened(yaml);
    struct casefile c;
    struct err err = {0};

    (void)state;
    dc.refuses = false;
    revert(s, 3);
    stage_until(s, held(s, 3));
    assert_string_equal(job_of(s, 3).cause, "breaker-open");
    assert_non_null(
        strstr(job_of(s, 3).text, "circuit breaker of domain corp.test is open: 2 repairs failed"));
    c = stage_case(s, guest(3));
    assert_non_null(strstr(c.would, "as soon as it may: the circuit breaker"));
    stage_free(s); // its state, and who is held back, outlive a restart
    s = begin(yaml);
    stage_until(s, held(s, 3) && turns_held(s->engine, NULL, NULL) == 1);
    assert_int_equal(breaker_of(s, "domain", "corp.test").state, BREAKER_OPEN);
    stage_turns(s, 50);
    assert_int_equal(dc.resets, 0);
    assert_int_equal(breakers_reset(s->engine, "domain", "corp.test", &err), 0);
    turns_wake(s->engine);
    stage_until(s, outcome_of(s, 3) == OUTCOME_PROVEN);
    assert_int_equal(dc.resets, 1);
    stage_free(s);
}

static void one_tries_and_closes_it(void **state)
{
    struct stage *s = opened(BASE OPENS_AT_TWO "1s\n" STAGE_DOMAIN);

    (void)state;
    revert(s, 3); // held, then the one that tries, and fails
    revert(s, 4);
    stage_until(s, outcome_of(s, 3) == OUTCOME_REFUSED || outcome_of(s, 4) == OUTCOME_REFUSED);
    assert_int_equal(breaker_of(s, "domain", "corp.test").state, BREAKER_OPEN);
    assert_int_equal(breaker_of(s, "domain", "corp.test").trips, 2);
    assert_true(held(s, 3) || held(s, 4)); // one tried, the other did not
    dc.refuses = false;
    stage_until(s, outcome_of(s, 3) == OUTCOME_PROVEN || outcome_of(s, 4) == OUTCOME_PROVEN);
    stage_until(s, breaker_of(s, "domain", "corp.test").state == BREAKER_CLOSED);
    assert_int_equal(dc.resets, 1);
    revert(s, 5);
    stage_until(s, outcome_of(s, 5) == OUTCOME_PROVEN);
    stage_free(s);
}

// A policy has its own: the other guests of the domain are repaired on.
static void a_policy_has_its_own(void **state)
{
    struct stage *s = begin(BASE "breaker:\n  failures: 7\n  share: 100\n  pause: 1h\n" STAGE_DOMAIN
                                 "policies:\n  - name: first\n    match: {ou: \"*CN=VDI-[12],*\"}\n");
    struct breaker b;

    (void)state;
    bind_all(s);
    dc.refuses = true;
    for (unsigned n = 1; n <= 2; n++) { // all of its guests: its share is full, that of the domain is not
        revert(s, n);
        stage_until(s, outcome_of(s, n) == OUTCOME_REFUSED);
    }
    b = breaker_of(s, "policy", "first");
    assert_int_equal(b.state, BREAKER_OPEN);
    assert_non_null(strstr(b.text, "repairs of 2 of its 2 guests failed"));
    assert_int_equal(breaker_of(s, "domain", "corp.test").state, BREAKER_CLOSED);
    dc.refuses = false;
    revert(s, 3);
    stage_until(s, outcome_of(s, 3) == OUTCOME_PROVEN);
    stage_free(s);
}

static void only_so_many_at_once(void **state)
{
    struct stage *s = begin(BASE "repair:\n  at_once: 2\n" STAGE_DOMAIN);

    (void)state;
    bind_all(s);
    s->workers[WORKER_DELIVER].answer = NULL; // silent: those that have their turn stay under way
    for (unsigned n = 1; n <= 4; n++)
        revert(s, n);
    stage_until(s, turns_active(s->engine, NULL, NULL) == 2 && turns_held(s->engine, NULL, NULL) == 2);
    stage_turns(s, 20);
    assert_int_equal(turns_active(s->engine, NULL, NULL), 2);
    stage_free(s);
    s = begin(BASE "repair:\n  at_once: 2\n" STAGE_DOMAIN);
    for (unsigned n = 1; n <= 4; n++)
        stage_until(s, outcome_of(s, n) == OUTCOME_PROVEN);
    assert_int_equal(turns_active(s->engine, NULL, NULL), 0);
    stage_free(s);
}

static void only_so_many_an_hour(void **state)
{
    struct stage *s = begin(BASE STAGE_DOMAIN "    resets_per_hour: 2\n");

    (void)state;
    bind_all(s);
    for (unsigned n = 1; n <= 3; n++)
        revert(s, n);
    stage_until(s, dc.resets == 2 && turns_active(s->engine, NULL, NULL) == 0);
    assert_int_equal(turns_held(s->engine, NULL, NULL), 1);
    for (unsigned n = 1; n <= 3; n++)
        if (held(s, n)) {
            assert_string_equal(job_of(s, n).cause, "limit-per-hour");
            assert_non_null(strstr(job_of(s, n).text, "in corp.test were begun within the hour"));
        }
    stage_free(s);
}

static void quiet_hours_give_way_to_an_administrator(void **state)
{
    struct stage *s = begin(BASE "repair:\n  quiet_hours: [Mon-Sun]\n" STAGE_DOMAIN);
    struct err err = {0};
    int64_t id;

    (void)state;
    bind_all(s);
    revert(s, 1);
    stage_until(s, held(s, 1));
    assert_string_equal(job_of(s, 1).cause, "quiet-hours");
    stage_signal(s, guest(2), "agent-connected", "state=running agent=connected persistent=1");
    assert_int_equal(engine_repair(s->engine, guest(2), false, &id, &err),
                     0); // what is asked for does not wait
    stage_until(s, outcome_of(s, 2) == OUTCOME_PROVEN);
    assert_true(held(s, 1));
    stage_free(s);
}

static void expect_left(struct stage *s, unsigned n, const char *why)
{
    stage_until(s, stage_case(s, guest(n)).state == CASE_CLOSED);
    assert_int_equal(outcome_of(s, n), OUTCOME_NO_ACTION);
    if (!strstr(stage_case(s, guest(n)).would, why) && !strstr(stage_case(s, guest(n)).text, why))
        fail_msg("guest %u: %s", n, stage_case(s, guest(n)).text);
    assert_int_equal(dc.resets, 0);
    assert_int_equal(dc.kvno[n], 2);
}

// Disks that libvirt discards, or of which a policy says so: whoever asks, and also where it turns out only when the
// guest is started at last.
static void what_is_discarded_is_never_rotated(void **state)
{
    struct stage *s = begin(BASE STAGE_DOMAIN
                            "policies:\n  - name: kiosks\n    match: {metadata: [kiosk=*]}\n"
                            "    discarded: true\n");
    struct err err = {0};
    int64_t id;

    (void)state;
    bind_all(s);
    stage_signal(s, guest(1), "started-from-snapshot", RUNS "transient_disks=1");
    expect_left(s, 1, "disks are discarded");
    stage_signal(s, guest(2), "started-from-snapshot", RUNS "metadata.0.key=kiosk metadata.0.value=lobby");
    expect_left(s, 2, "disks are discarded");
    assert_int_equal(engine_repair(s->engine, guest(2), false, &id, &err), 0);
    stage_until(s, stage_case(s, guest(2)).id == id);
    expect_left(s, 2, "disks are discarded");
    stage_signal(s, guest(3), "defined-from-snapshot", "state=off agent=disconnected persistent=1");
    stage_until(s, job_of(s, 3).state == JOB_WAITING_START && job_of(s, 3).id);
    stage_signal(s, guest(3), "agent-connected", RUNS "transient_disks=1");
    expect_left(s, 3, "disks are discarded");
    revert(s, 4); // as all the others would have been
    stage_until(s, outcome_of(s, 4) == OUTCOME_PROVEN);
    stage_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(it_opens_and_the_administrator_closes_it, stage_fresh),
        cmocka_unit_test_setup(one_tries_and_closes_it, stage_fresh),
        cmocka_unit_test_setup(a_policy_has_its_own, stage_fresh),
        cmocka_unit_test_setup(only_so_many_at_once, stage_fresh),
        cmocka_unit_test_setup(only_so_many_an_hour, stage_fresh),
        cmocka_unit_test_setup(quiet_hours_give_way_to_an_administrator, stage_fresh),
        cmocka_unit_test_setup(what_is_discarded_is_never_rotated, stage_fresh),
    };

    return cmocka_run_group_tests(tests, testing_dir_make, testing_dir_remove);
}
