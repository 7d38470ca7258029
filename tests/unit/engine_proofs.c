// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// Bindings by proof of possession in virtrustd itself, with workers that the test plays: who is asked, what becomes a
// binding, and that a proof of another account never changes one.
#include "tests/unit/attack_engine.h"

#include "daemon/engine/proofs.h"
#include "tests/unit/core_common.h"

#define NONCE_A "0101010101010101010101010101010101010101010101010101010101010101"
#define TARGET "virtrust/host1.corp.test@CORP.TEST"
#define POLICY \
    "look:\n  settle: 0ms\n" STAGE_DOMAIN "policies:\n  - match: {name: vdi-a}\n    bind: by-proof\n"
#define RUNNING "state=running agent=connected persistent=1"

static struct {
    const char *guid, *sid, *name, *result, *guest; // what virtrust-directory says of the guest's token
    unsigned challenges, tokens, verdicts;
} world;

// The account of the name that the disk claims, for one guest or several.
static struct record *account(const struct record *request)
{
    static const char *const prefixes[] = {"", "0.", "1."};
    struct record *r = record_of(record_type(request), "dc=dc1");
    bool several = record_is(request, "accounts");
    char key[64];

#define ADD(name, value) (snprintf(key, sizeof key, "%s%s", prefixes[i], name), record_add(r, key, value))
    for (size_t i = several; i < (several ? ARRAY_SIZE(prefixes) : 1); i++) {
        ADD("found", "1");
        ADD("guid", GUID_A);
        ADD("sid", SID_A);
        ADD("name", "VDI-A$");
        ADD("kvno", "1");
        ADD("pwd_last_set", "133000000000000000");
    }
    return r;
}

static struct record *directory(struct stage *s, const struct record *request)
{
    struct record *r;

    (void)s;
    if (strcmp(record_type(request), "challenge") == 0) {
        world.challenges++;
        r = record_of("challenge", "nonce=" NONCE_A " target=" TARGET);
        record_add(r, "guest", record_get(request, "guest"));
        return r;
    }
    if (strcmp(record_type(request), "attest") != 0)
        return account(request);
    world.verdicts++;
    assert_string_equal(record_get(request, "nonce"), NONCE_A);
    assert_string_equal(record_get(request, "target"), TARGET);
    assert_string_equal(record_get(request, "gss"), "0a0b");
    assert_string_equal(record_get(request, "mic"), "0c0d");
    r = record_of("attested", strcmp(world.result, "proven") == 0 ? "rule=ok" : "rule=not-for-us text=no");
    record_add(r, "result", world.result);
    record_add(r, "guest", world.guest ? world.guest : record_get(request, "guest"));
    record_add(r, "guid", world.guid);
    record_add(r, "sid", world.sid);
    record_add(r, "name", world.name);
    return r;
}

static struct record *helper(struct stage *s, const struct record *request)
{
    (void)s;
    if (strcmp(record_get_or(request, "verb", ""), "attest") != 0)
        return NULL;
    world.tokens++;
    assert_string_equal(record_get(request, "nonce"), NONCE_A);
    assert_string_equal(record_get(request, "target"), TARGET);
    return record_of("done", "result=done gss=0a0b mic=0c0d");
}

static struct record *disk(struct stage *s, const struct record *request)
{
    (void)s, (void)request;
    return record_of("evidence",
                     "joined=1 role=member domain.dns=corp.test sam_account_name=VDI-A$ password.kvno=1");
}

static struct stage *begin(const char *yaml)
{
    struct stage *s = stage_new(yaml);

    memset(&world, 0, sizeof world);
    world.guid = GUID_A;
    world.sid = SID_A;
    world.name = "VDI-A$";
    world.result = "proven";
    s->workers[WORKER_DIRECTORY].answer = directory;
    s->workers[WORKER_DELIVER].answer = helper;
    s->workers[WORKER_INSPECT].answer = disk;
    return s;
}

static bool bound_to(struct stage *s, const char *guest, const char *guid, const char *how)
{
    struct binding b;
    struct err err = {0};

    return store_binding_get(s->engine->store, guest, &b, &err) == 0 && strcmp(b.guid, guid) == 0 &&
           strcmp(b.how, how) == 0;
}

static bool bound(struct stage *s, const char *guest)
{
    struct binding b;
    struct err err = {0};

    return store_binding_get(s->engine->store, guest, &b, &err) == 0;
}

static void a_policy_asks_and_binds(void **state)
{
    struct stage *s = begin(POLICY);

    (void)state;
    stage_signal(s, GUEST_B, "agent-connected", RUNNING); // of no such policy
    stage_signal(s, GUEST_A, "agent-connected", RUNNING);
    stage_until(s, bound(s, GUEST_A));
    assert_true(bound_to(s, GUEST_A, GUID_A, "proof"));
    assert_false(bound(s, GUEST_B));
    assert_int_equal(world.challenges, 1);
    assert_null(proofs_last(s->engine, GUEST_A));
    stage_free(s);
}

static void an_off_guest_is_not_asked(void **state)
{
    struct stage *s = begin(POLICY);

    (void)state;
    stage_signal(s, GUEST_A, "scan", "state=off agent=disconnected persistent=1");
    stage_turns(s, 50);
    assert_int_equal(world.challenges, 0);
    stage_free(s);
}

static void a_refusal_binds_nobody(void **state)
{
    struct stage *s = begin(POLICY);
    struct guest g;
    struct err err = {0};

    (void)state;
    world.result = "refused";
    stage_signal(s, GUEST_A, "agent-connected", RUNNING);
    stage_until(s, proofs_last(s->engine, GUEST_A));
    assert_string_equal(proofs_last(s->engine, GUEST_A), "no");
    assert_false(bound(s, GUEST_A));
    stage_signal(s, GUEST_A, "agent-connected", RUNNING); // not again so soon
    stage_turns(s, 50);
    assert_int_equal(world.challenges, 1);
    world.result = "proven";
    assert_int_equal(store_guest_get(s->engine->store, GUEST_A, &g, &err), 0);
    assert_true(proofs_again(s->engine, &g)); // but when an administrator asks
    stage_until(s, bound(s, GUEST_A));
    stage_free(s);
}

// What is said of another guest, or names no object, is no proof of this one.
static void a_proof_has_to_fit(void **state)
{
    struct stage *s = begin(POLICY);

    (void)state;
    world.guest = GUEST_B;
    stage_signal(s, GUEST_A, "agent-connected", RUNNING);
    stage_until(s, world.verdicts == 1);
    stage_turns(s, 50);
    assert_false(bound(s, GUEST_A));
    assert_false(bound(s, GUEST_B));
    stage_free(s);
}

static void an_administrators_binding_is_left_alone(void **state)
{
    struct stage *s = begin(POLICY);

    (void)state;
    stage_signal(s, GUEST_A, "scan", "state=off agent=disconnected persistent=1");
    stage_bind(s, GUEST_A, GUID_B, SID_B, "VDI-B$");
    stage_signal(s, GUEST_A, "agent-connected", RUNNING);
    stage_turns(s, 50);
    assert_int_equal(world.challenges, 0);
    assert_true(bound_to(s, GUEST_A, GUID_B, "administrator"));
    stage_free(s);
}

static void end_of(struct engine *e, const struct attest_end *got, void *arg)
{
    struct binding b;
    struct err err = {0};

    assert_int_equal(proofs_take(e, got->guest, "corp.test", got->answer, &b, arg, &err), 0);
}

// Asked for by an administrator, say: the binding stays, and a case looks at the guest.
static void another_account_changes_nothing(void **state)
{
    struct stage *s = begin(POLICY);
    enum proof_end end = PROOF_END_NONE;
    struct attest_question q = {.guest = GUEST_A, .domain = "corp.test"};

    (void)state;
    stage_signal(s, GUEST_A, "scan", "state=off agent=disconnected persistent=1");
    stage_bind(s, GUEST_A, GUID_B, SID_B, "VDI-B$");
    stage_signal(s, GUEST_A, "scan", RUNNING);
    attest_ask(s->engine, &q, end_of, &end);
    stage_until(s, end == PROOF_END_DIFFERS);
    assert_true(bound_to(s, GUEST_A, GUID_B, "administrator"));
    assert_true(stage_case(s, GUEST_A).id > 0);
    stage_free(s);
}

// Whoever asked is gone: nothing is called, nothing is left.
static void the_asker_may_go(void **state)
{
    struct stage *s = begin(POLICY);
    enum proof_end end = PROOF_END_NONE;
    struct attest_question q = {.guest = GUEST_A, .domain = "corp.test"};

    (void)state;
    attest_ask(s->engine, &q, end_of, &end);
    attest_cancel_arg(s->engine, &end);
    stage_turns(s, 50);
    assert_int_equal(end, PROOF_END_NONE);
    assert_null(s->engine->attests);
    stage_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_policy_asks_and_binds, stage_fresh),
        cmocka_unit_test_setup(an_off_guest_is_not_asked, stage_fresh),
        cmocka_unit_test_setup(a_refusal_binds_nobody, stage_fresh),
        cmocka_unit_test_setup(a_proof_has_to_fit, stage_fresh),
        cmocka_unit_test_setup(an_administrators_binding_is_left_alone, stage_fresh),
        cmocka_unit_test_setup(another_account_changes_nothing, stage_fresh),
        cmocka_unit_test_setup(the_asker_may_go, stage_fresh),
    };

    return cmocka_run_group_tests(tests, testing_dir_make, testing_dir_remove);
}
