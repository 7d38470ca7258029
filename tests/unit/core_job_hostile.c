// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// Random answers in every state of a job: good ones, spoilt in one place or another, of other states, errors, none at
// all, while journal, limits, twins and the guest's state change under it. Whatever comes, nothing is reset or lent
// before this very job was told, in this order and since its last probe, that the channel is broken and the guest is
// the bound one, that the account is found and fit, that the helper is ready, and that all of it was one directory.
#include "tests/unit/core_job_bench.h"

#include <stdlib.h>

enum { RUNS = 20000, STEPS = 60 };

static uint32_t rng;

static uint32_t some(uint32_t below)
{
    rng = rng * 1664525 + 1013904223;
    return (uint32_t)((uint64_t)(rng >> 8) * below >> 24);
}

// What was told since the last probe, as this test reads it: each needs the one before.
struct told {
    bool broken, compared, ready, read, vetted, shown;
    char instance[40];
    uint64_t guest_usn, host_usn, check_usn;
};

static bool says(const struct record *a, const char *key, const char *value)
{
    return strcmp(record_get_or(a, key, ""), value) == 0;
}

static uint64_t usn_of(const struct record *a)
{
    uint64_t n = 0;

    return record_get_u64(a, "dc_usn", &n) == 0 ? n : 0;
}

static bool is_account(const struct record *a)
{
    int64_t kvno;

    return says(a, "found", "1") && says(a, "guid", GUID) && says(a, "sid", SID) &&
           record_get_i64(a, "kvno", &kvno) == 0;
}

static bool fits_if_told(const struct record *a, const char *key, const char *value)
{
    return !record_get(a, key) || !record_get(a, key)[0] || says(a, key, value);
}

static void hear_probe(struct told *t, const struct record *a)
{
    *t = (struct told){.guest_usn = usn_of(a)};
    t->broken = says(a, "channel", "broken") && !says(a, "joined", "0") && says(a, "dc_reachable", "1") &&
                (says(a, "account_sid", SID) || says(a, "sam_account_name", "WS1$")) &&
                fits_if_told(a, "account_sid", SID) && fits_if_told(a, "sam_account_name", "WS1$") &&
                fits_if_told(a, "domain", "corp.test");
    snprintf(t->instance, sizeof t->instance, "%s", record_get_or(a, "dc_instance", ""));
}

static void hear(struct told *t, const struct job *j, const struct record *a)
{
    bool wrapped = record_is(a, "done"), same = says(a, "dc_instance", t->instance) && t->instance[0];
    uint64_t usn = usn_of(a);

    if (j->state == JOB_PROBING && (wrapped || record_is(a, "probe"))) {
        hear_probe(t, a);
    } else if (j->state == JOB_COMPARING && (wrapped || record_is(a, "account"))) {
        t->compared = t->broken && same && is_account(a) && t->guest_usn && usn >= t->guest_usn &&
                      !says(a, "in_base", "0") && !says(a, "uac", "532480") && !says(a, "uac", "4098");
        t->host_usn = usn;
    } else if (j->state == JOB_CHECKING && (wrapped || record_is(a, "check"))) {
        t->ready = t->compared && same && says(a, "ready", "1") && usn >= t->host_usn &&
                   !says(a, "migrating", "1");
        t->check_usn = usn;
    } else if (j->state == JOB_READING && (wrapped || record_is(a, "account"))) {
        t->read = is_account(a) && (t->read || (t->ready && same && usn >= t->check_usn));
    } else if (j->state == JOB_VETTING && (wrapped || record_is(a, "vetted"))) {
        t->vetted = t->read && says(a, "result", "good");
    } else if (j->state == JOB_PROVING && (wrapped || record_is(a, "account"))) {
        int64_t kvno = -1;
        uint64_t set = 0;

        record_get_i64(a, "kvno", &kvno);
        record_get_u64(a, "pwd_last_set", &set);
        t->shown = is_account(a) && kvno > j->kvno_reset && set > j->pwd_last_set_reset;
    }
}

// ---- the answers ---------------------------------------------------------------------------------------------------

static const struct {
    const char *type, *pairs;
} good[] = {
    {"done", "verb=clock offset_ms=1 set=1"},
    {"probe", BROKEN},
    {"account", COMPARED},
    {"check", CHECKED},
    {"account", ACCOUNT "kvno=3 pwd_last_set=100"},
    {"vetted", "result=good dc=dc1"},
    {"result", "verb=repair result=done live_sha256=" LIVE},
    {"reset", "result=done dc=dc1"},
    {"login", "result=accepted"},
    {"login", "result=refused"},
    {"account", ACCOUNT "kvno=4 pwd_last_set=200"},
    {"result", "verb=store result=done live_sha256=" LIVE},
    {"account", ACCOUNT "kvno=5 pwd_last_set=300"},
    {"probe", MEMBER "channel=healthy dc_reachable=1"},
};

static const struct {
    const char *key, *value; // NULL: taken away
} spoils[] = {
    {"found", "0"},
    {"found", NULL},
    {"guid", "99999999-2222-3333-4444-555555555555"},
    {"guid", NULL},
    {"sid", "S-1-5-21-1-2-3-500"},
    {"sid", NULL},
    {"kvno", NULL},
    {"kvno", "-1"},
    {"kvno", "3"},
    {"kvno", "9"},
    {"pwd_last_set", NULL},
    {"pwd_last_set", "18446744073709551615"},
    {"dc_instance", NULL},
    {"dc_instance", "bbbbbbbb-2222-3333-4444-555555555555"},
    {"dc_usn", NULL},
    {"dc_usn", "1"},
    {"dc_usn", "99"},
    {"dc_usn_marked", NULL},
    {"dc_usn_marked", "90"},
    {"joined", NULL},
    {"joined", "0"},
    {"channel", "healthy"},
    {"channel", "unknown"},
    {"channel", NULL},
    {"dc_reachable", "0"},
    {"sam_account_name", "OTHER$"},
    {"sam_account_name", NULL},
    {"account_sid", "S-1-5-21-1-2-3-1106"},
    {"account_sid", SID},
    {"domain", "other.test"},
    {"public_key", NULL},
    {"live_sha256", NULL},
    {"rotation", "forbidden"},
    {"superseded", "1"},
    {"ready", "0"},
    {"migrating", "1"},
    {"read_only", "1"},
    {"in_base", "0"},
    {"uac", "532480"},
    {"uac", "4098"},
    {"result", "refused"},
    {"result", "failed"},
    {"result", "unknown"},
    {"result", NULL},
    {"reason", "no-dc"},
    {"reason", "forbidden"},
    {"reason", "wrong-secret"},
    {"rule", "kvno-moved"},
    {"rule", "hourly-limit"},
    {"dc", "dc2"},
    {"dc", "-bad name-"},
};

static struct record *spoilt(const struct record *from, const char *type, const char *key, const char *value)
{
    struct record *r = record_new(type);

    for (size_t i = 0; i < record_count(from); i++) {
        const char *k, *v;
        size_t len;

        record_at(from, i, &k, &v, &len);
        if (strcmp(k, "type") != 0 && strcmp(k, "v") != 0 && strcmp(k, key) != 0)
            record_add(r, k, v);
    }
    record_add(r, key, value);
    return r;
}

// The one that leads on from this state, more often than not.
static size_t which(enum job_state state)
{
    static const size_t fits[JOB_STATES_COUNT] = {
        [JOB_PROBING] = 1,   [JOB_COMPARING] = 2, [JOB_CHECKING] = 3,  [JOB_READING] = 4,
        [JOB_VETTING] = 5,   [JOB_LENDING] = 6,   [JOB_RESETTING] = 7, [JOB_CONFIRMING] = 8,
        [JOB_COUNTING] = 10, [JOB_STORING] = 11,  [JOB_ROTATING] = 11, [JOB_PROVING] = 12,
    };

    if (state == JOB_CONFIRMING && some(3) == 0)
        return 9;
    if (state == JOB_PROBING && some(4) == 0)
        return 13;
    return some(12) ? fits[state] : some(ARRAY_SIZE(good));
}

static struct record *any_answer(enum job_state state)
{
    static const char *const codes[] = {"no-agent",       "agent-timeout",  "helper-failed",
                                        "dc-unreachable", "helper-refused", "internal"};
    size_t n = which(state), changes = some(3) ? 0 : 1 + some(3);
    struct record *r;

    if (some(25) == 0) {
        r = record_new("error");
        record_add(r, "code", codes[some(ARRAY_SIZE(codes))]);
        return r;
    }
    r = record_of(some(4) ? good[n].type : "done", good[n].pairs);
    for (; changes > 0; changes--) {
        size_t i = some(ARRAY_SIZE(spoils));
        struct record *next = spoilt(r, record_type(r), spoils[i].key, spoils[i].value);

        record_free(r);
        r = next;
    }
    return r;
}

// ---- the world under it --------------------------------------------------------------------------------------------

static void change_world(struct bench *b)
{
    switch (some(40)) {
    case 0:
        b->w.journal = JOURNAL_NONE; // lost, or another guest with this binding has settled it
        break;
    case 1:
        snprintf(b->w.twin, sizeof b->w.twin, "%s", some(2) ? "another" : "");
        break;
    case 2:
        hold(b, some(2) ? "breaker-open" : "", "held");
        break;
    case 3:
        b->w.running = some(3) > 0;
        break;
    case 4:
        b->w.moving = some(2) > 0;
        break;
    case 5:
        snprintf(b->w.journal_dc, sizeof b->w.journal_dc, "%s", some(2) ? "dc2" : "");
        break;
    case 6:
        b->w.loan = b->j.lends && some(2);
        break;
    default:
        break;
    }
}

static void check_effect(const struct bench *b, const struct job_world *was, const struct told *t,
                         bool *ret_minted)
{
    bool shown = t->broken && t->compared && t->ready && t->read;

    if (b->out.mint) {
        assert_int_equal(b->out.effect, JOB_EFFECT_RESET);
        assert_true(shown);
        assert_false(was->twin[0] || was->hold.rule[0] || b->j.lends);
        assert_true(was->journal != JOURNAL_MINTED || b->j.rereads > 0);
        *ret_minted = true;
    }
    if (b->out.effect == JOB_EFFECT_RESET) {
        assert_true(shown);
        assert_false(was->twin[0]);
        assert_true(b->out.mint || was->journal != JOURNAL_NONE);
        assert_int_equal(b->j.same_directory, 1);
    }
    if (b->out.effect == JOB_EFFECT_LEND) {
        assert_true(shown && t->vetted && b->j.lent && was->loan);
        assert_false(was->twin[0]);
    }
    if (b->j.state == JOB_ENDED && b->j.outcome == OUTCOME_PROVEN)
        assert_true(t->shown && b->out.wipe);
}

static void run(struct bench *b, unsigned *resets, unsigned *proofs)
{
    struct told t = {0};
    bool minted = false;

    for (int i = 0; i < STEPS && b->j.state != JOB_ENDED; i++) {
        struct job_world was;
        uint32_t kind = some(20);

        change_world(b);
        was = b->w;
        b->now += (int64_t)some(100) * second;
        if (job_effect(b->j.state) == JOB_EFFECT_NONE || kind == 0) {
            input(b, JOB_IN_WAKE);
        } else if (kind == 1) {
            input(b, JOB_IN_RESUME);
        } else if (kind == 2) {
            input(b, JOB_IN_LOST);
        } else {
            _cleanup_record_ struct record *a = any_answer(b->j.state);

            hear(&t, &b->j, a);
            give(b, &(struct job_input){.kind = JOB_IN_ANSWER, .answer = a});
        }
        check_effect(b, &was, &t, &minted);
        *resets += b->out.effect == JOB_EFFECT_RESET || b->out.effect == JOB_EFFECT_LEND;
    }
    *proofs += b->j.state == JOB_ENDED && b->j.outcome == OUTCOME_PROVEN;
}

static void test_no_reset_without(void **state)
{
    unsigned resets = 0, proofs = 0;

    (void)state;
    for (uint32_t i = 0; i < RUNS; i++) {
        struct bench b = bench_new();

        rng = i * 2654435761U;
        b.j.lends = b.w.loan = some(4) == 0;
        if (some(4) == 0) // a secret of an earlier job is unsettled
            b.w.journal = some(2) ? JOURNAL_MINTED : JOURNAL_CONFIRMED;
        run(&b, &resets, &proofs);
    }
    assert_true(resets > RUNS / 10); // else it would be a test of refusals
    assert_true(proofs > RUNS / 50);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_no_reset_without)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
