// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// `policy-facts`, `breaker`, `approve-all` and `scorecard`, asked over the control socket of an engine whose workers
// the test plays.
#include "tests/unit/attack_engine.h"

#include "common/os/recio.h"
#include "tests/unit/core_common.h"

#include <sys/socket.h>

#define QUICK "look:\n  settle: 0ms\n"
#define POLICIES                                                                                     \
    "policies:\n  - name: tier0\n    match: {ou: \"OU=Tier0,DC=corp,DC=test\"}\n    mode: observe\n" \
    "  - name: pool\n    match: {metadata: [pool=v*]}\n    mode: ask\n"                              \
    "  - name: rest\n    mode: ask\n"

enum { GUESTS = 5 };

static struct {
    int64_t guest_kvno, kvno; // what every guest holds, and its account
} world;

static const char *guest(unsigned n)
{
    static char text[GUESTS + 1][UUID_TEXT];

    snprintf(text[n], UUID_TEXT, "4c6c1b40-0000-0000-0000-%012u", n);
    return text[n];
}

static char answer[64 * 1024];

static const char *ask_for(struct stage *s, const char *lines)
{
    char request[512];

    snprintf(request, sizeof request, "%s\n", lines);
    stage_ask(s, request, answer, sizeof answer);
    return answer;
}

static unsigned times(const char *text, const char *what)
{
    unsigned n = 0;

    for (const char *at = text; (at = strstr(at, what)); at++)
        n++;
    return n;
}

static void expect_line(const char *text, const char *line)
{
    char whole[512];

    snprintf(whole, sizeof whole, "\n%s\n", line);
    if (!strstr(text, whole))
        fail_msg("no \"%s\" in:\n%s", line, text);
}

static struct record *evidence(struct stage *s, const struct record *request)
{
    struct record *r = record_of("evidence", "os=linux joined=1 role=member domain.dns=corp.test");

    (void)s;
    record_addf(r, "sam_account_name", "VDI-%lu$", strtoul(record_get(request, "guest") + 24, NULL, 10));
    record_add_i64(r, "password.kvno", world.guest_kvno);
    record_addf(r, "secret_sha256", "%064ld", (long)world.guest_kvno);
    return r;
}

static void add_account(struct record *r, const char *prefix, unsigned long n)
{
    char key[64];

#define KEY_OF(name) (snprintf(key, sizeof key, "%s%s", prefix, name), key)
    record_add(r, KEY_OF("found"), "1");
    record_addf(r, KEY_OF("guid"), "11111111-2222-3333-4444-%012lu", n);
    record_addf(r, KEY_OF("sid"), "S-1-5-21-1-2-3-%lu", 1100 + n);
    record_addf(r, KEY_OF("name"), "VDI-%lu$", n);
    record_addf(r, KEY_OF("dn"), "CN=VDI-%lu,OU=VDI,DC=corp,DC=test", n);
    record_add_i64(r, KEY_OF("kvno"), world.kvno);
    record_add_i64(r, KEY_OF("pwd_last_set"), INT64_C(133000000000000000) + world.kvno);
}

static struct record *directory(struct stage *s, const struct record *request)
{
    struct record *r = record_new(record_type(request));
    char key[64], prefix[32];
    const char *guid = record_get(request, "guid");

    (void)s;
    record_add(r, "dc", "dc1");
    if (guid)
        add_account(r, "", strtoul(guid + 24, NULL, 10));
    for (unsigned i = 0; snprintf(key, sizeof key, "%u.guid", i), (guid = record_get(request, key)); i++) {
        snprintf(prefix, sizeof prefix, "%u.", i);
        add_account(r, prefix, strtoul(guid + 24, NULL, 10));
    }
    return r;
}

static struct stage *begin(const char *yaml)
{
    struct stage *s = stage_new(yaml);

    s->workers[WORKER_INSPECT].answer = evidence;
    s->workers[WORKER_DIRECTORY].answer = directory;
    world.guest_kvno = 2;
    world.kvno = 3;
    for (unsigned i = 1; i <= GUESTS; i++) {
        char guid[UUID_TEXT], sid[64], name[32];

        snprintf(guid, sizeof guid, "11111111-2222-3333-4444-%012u", i);
        snprintf(sid, sizeof sid, "S-1-5-21-1-2-3-%u", 1100 + i);
        snprintf(name, sizeof name, "VDI-%u$", i);
        stage_bind(s, guest(i), guid, sid, name);
    }
    return s;
}

static void revert(struct stage *s, unsigned n)
{
    const char *pairs =
        n <= 2 ? "state=off persistent=1 agent=disconnected metadata.0.key=pool metadata.0.value=v1"
               : "state=off persistent=1 agent=disconnected";

    stage_signal(s, guest(n), "defined-from-snapshot", pairs);
}

static bool waits(struct stage *s, unsigned n)
{
    return stage_case(s, guest(n)).state == CASE_AWAITING_APPROVAL;
}

static void facts(void **state)
{
    struct stage *s = begin(QUICK STAGE_DOMAIN POLICIES);
    char request[128];

    (void)state;
    stage_signal(
        s, guest(1), "agent-disconnected",
        "state=off persistent=1 agent=disconnected title=desk metadata.0.key=pool metadata.0.value=v1");
    snprintf(request, sizeof request, "type=policy-facts\nv=1\nguest=%s\n", guest(1));
    ask_for(s, request);
    expect_line(answer, "domain=corp.test");
    expect_line(answer, "metadata.0.value=v1");
    expect_line(answer, "policy=pool");
    expect_line(answer, "undecided=tier0"); // where its account lies is learnt by its first case
    expect_line(answer, "mode=observe");
    revert(s, 1);
    stage_until(s, waits(s, 1));
    ask_for(s, request);
    expect_line(answer, "dn=CN=VDI-1,OU=VDI,DC=corp,DC=test");
    expect_line(answer, "role=member");
    expect_line(answer, "mode=ask");
    assert_null(strstr(answer, "undecided"));
    ask_for(s, "type=policy-facts\nv=1\nguest=nobody\n");
    expect_line(answer, "code=no-such-guest");
    stage_free(s);
}

static void breakers(void **state)
{
    struct stage *s = begin(QUICK STAGE_DOMAIN POLICIES);

    (void)state;
    ask_for(s, "type=breaker\nv=1\n");
    assert_int_equal(times(answer, "type=breaker\n"), 4);
    expect_line(answer, "limit_per_hour=20");
    expect_line(answer, "pool=5");
    ask_for(s, "type=breaker\nv=1\nreset=CORP\n");
    expect_line(answer, "name=corp.test");
    expect_line(answer, "state=closed");
    ask_for(s, "type=breaker\nv=1\nreset=nothing\n");
    expect_line(answer, "code=no-such-breaker");
    stage_free(s);
}

// Told first, then approved: of one policy, of one domain, up to the case that was told.
static void a_batch(void **state)
{
    struct stage *s = begin(QUICK STAGE_DOMAIN POLICIES);
    char request[128];

    (void)state;
    for (unsigned n = 1; n <= GUESTS; n++)
        revert(s, n);
    for (unsigned n = 1; n <= GUESTS; n++)
        stage_until(s, waits(s, n));
    ask_for(s, "type=approve-all\nv=1\ndry_run=1\n");
    assert_int_equal(times(answer, "type=waiting\n"), GUESTS);
    ask_for(s, "type=approve-all\nv=1\ndry_run=1\npolicy=pool\n");
    assert_int_equal(times(answer, "type=waiting\n"), 2);
    expect_line(answer, "policy=pool");
    assert_true(waits(s, 1) && waits(s, GUESTS));
    ask_for(s, "type=approve-all\nv=1\npolicy=pool\n");
    assert_int_equal(times(answer, "type=approved\n"), 2);
    assert_true(stage_case(s, guest(1)).approved && stage_case(s, guest(2)).approved);
    assert_true(waits(s, 3));
    snprintf(request, sizeof request, "type=approve-all\nv=1\ndomain=CORP\nnewest=%lld\n",
             (long long)stage_case(s, guest(4)).id);
    ask_for(s, request);
    assert_int_equal(times(answer, "type=approved\n") >= 1, true);
    for (unsigned n = 3; n <= GUESTS; n++)
        assert_int_equal(stage_case(s, guest(n)).approved,
                         stage_case(s, guest(n)).id <= stage_case(s, guest(4)).id);
    // Each is looked at again, and then its repair waits for the guest to be started.
    stage_until(s, stage_case(s, guest(1)).state == CASE_REPAIRING);
    ask_for(s, "type=approve-all\nv=1\ndomain=else.test\n");
    expect_line(answer, "code=no-such-domain");
    ask_for(s, "type=approve-all\nv=1\npolicy=else\n");
    expect_line(answer, "code=no-such-policy");
    stage_free(s);
}

static void look_at(struct stage *s, unsigned n)
{
    struct err err = {0};
    int64_t id = 0;

    assert_int_equal(engine_repair(s->engine, guest(n), true, &id, &err), 0);
    stage_until(s, stage_case(s, guest(n)).id == id && stage_case(s, guest(n)).state == CASE_CLOSED);
}

// Foretold three times; then one is mended by hand, and the others are not looked at or still the same.
static void a_score(void **state)
{
    struct stage *s = begin("mode: observe\n" QUICK STAGE_DOMAIN);

    (void)state;
    for (unsigned n = 1; n <= 3; n++) {
        revert(s, n);
        stage_until(s, stage_case(s, guest(n)).state == CASE_CLOSED);
        assert_int_equal(stage_case(s, guest(n)).verdict, VERDICT_BEHIND);
    }
    look_at(s, 2); // the same again: no prediction of its own
    world.guest_kvno = world.kvno = 7;
    look_at(s, 1);
    assert_int_equal(stage_case(s, guest(1)).verdict, VERDICT_IN_STEP);
    ask_for(s, "type=scorecard\nv=1\nsince_us=0\n");
    assert_int_equal(times(answer, "type=prediction\n"), 3);
    expect_line(answer, "predicted=3");
    expect_line(answer, "by_hand=1");
    expect_line(answer, "still=1");
    expect_line(answer, "open=1");
    expect_line(answer, "wrong=0");
    expect_line(answer, "looks=5");
    expect_line(answer, "exit=0");
    ask_for(s, "type=scorecard\nv=1\nsince_us=9000000000000000\n");
    expect_line(answer, "predicted=0");
    ask_for(s, "type=scorecard\nv=1\n");
    expect_line(answer, "code=usage");
    stage_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(facts, stage_fresh),
        cmocka_unit_test_setup(breakers, stage_fresh),
        cmocka_unit_test_setup(a_batch, stage_fresh),
        cmocka_unit_test_setup(a_score, stage_fresh),
    };

    return cmocka_run_group_tests(tests, testing_dir_make, testing_dir_remove);
}
