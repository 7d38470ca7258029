// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// A job on a bench, for the core_job tests: in_state() brings one where it is wanted along the ordinary run, go_on()
// gives the answer that leads on, answer() another; expect() and expect_end() say where it has to be then.
//
//     struct bench b = in_state(JOB_STORING);
//     answer(&b, "result", "result=failed reason=disk-full");
#pragma once

#include "daemon/core/jobstep.h"

#include "tests/unit/core_common.h"

#include <inttypes.h>
#include <stdio.h>

static const int64_t second = 1000000;

#define GUID "11111111-2222-3333-4444-555555555555"
#define SID "S-1-5-21-1-2-3-1105"
#define LIVE "0101010101010101010101010101010101010101010101010101010101010101"
#define KEY                                                            \
    "0402020202020202020202020202020202020202020202020202020202020202" \
    "020202020202020202020202020202020202020202020202020202020202020202"
#define INSTANCE "dc_instance=aaaaaaaa-2222-3333-4444-555555555555 "
#define MEMBER                                                                             \
    "joined=1 sam_account_name=WS1$ domain=corp.test live_sha256=" LIVE " public_key=" KEY \
    " dc=dc1 " INSTANCE "dc_usn=50 "
#define BROKEN MEMBER "channel=broken dc_reachable=1 channel_code=wrong-password"
#define ACCOUNT "found=1 guid=" GUID " sid=" SID " dc=dc1 " INSTANCE "dc_usn=70 "

#define COMPARED                                                                              \
    "found=1 guid=" GUID " sid=" SID " dc=dc1 kvno=3 pwd_last_set=100 " INSTANCE "dc_usn=50 " \
    "dc_usn_marked=51"
#define CHECKED "ready=1 " INSTANCE "dc_usn=51"

struct bench {
    struct job j;
    struct job_world w;
    struct job_out out;
    int64_t now;
};

static inline struct bench bench_new(void)
{
    struct bench b = {.now = 1000 * second};
    struct casefile c = {.id = 7};

    b.w = (struct job_world){.running = true, .agent_wait_us = 1800 * second, .proof_wait_us = 120 * second};
    snprintf(b.w.binding.guid, sizeof b.w.binding.guid, GUID);
    snprintf(b.w.binding.sid, sizeof b.w.binding.sid, SID);
    snprintf(b.w.binding.name, sizeof b.w.binding.name, "WS1$");
    snprintf(b.w.binding.domain, sizeof b.w.binding.domain, "corp.test");
    snprintf(c.guest, sizeof c.guest, "4c6c1b40-0000-0000-0000-000000000001");
    job_open(&b.j, &c, &b.w.binding, b.now);
    return b;
}

// The journal as the engine keeps it.
static inline void give(struct bench *b, const struct job_input *in)
{
    struct job before = b->j;

    job_step(&before, in, &b->w, b->now, &b->out);
    b->j = b->out.next;
    assert_false(b->out.mint && b->out.wipe);
    if (b->out.mint)
        b->w.journal = JOURNAL_MINTED;
    if (b->out.confirm)
        b->w.journal = JOURNAL_CONFIRMED;
    if (b->out.wipe)
        b->w.journal = JOURNAL_NONE;
    if (before.state != JOB_ENDED)
        assert_int_equal(b->j.epoch, before.epoch + 1);
    if (b->out.effect != JOB_EFFECT_NONE)
        assert_int_equal(b->out.effect, job_effect(b->j.state));
    assert_true(b->j.state != JOB_ENDED || (b->j.outcome != OUTCOME_OPEN && b->j.text[0]));
}

static inline void input(struct bench *b, enum job_input_kind kind)
{
    give(b, &(struct job_input){.kind = kind, .outcome = OUTCOME_SUPERSEDED, .text = "because"});
}

static inline void answer(struct bench *b, const char *type, const char *pairs)
{
    _cleanup_record_ struct record *r = record_of(type, pairs);

    give(b, &(struct job_input){.kind = JOB_IN_ANSWER, .answer = r});
}

static inline void expect(const struct bench *b, enum job_state state, enum job_effect effect)
{
    assert_string_equal(job_state_text(b->j.state), job_state_text(state));
    assert_int_equal(b->out.effect, effect);
}

static inline void expect_end(const struct bench *b, enum outcome outcome, enum verdict verdict,
                              const char *cause)
{
    assert_string_equal(job_state_text(b->j.state), "ended");
    assert_string_equal(outcome_text(b->j.outcome), outcome_text(outcome));
    assert_string_equal(b->j.cause, cause);
    assert_int_equal(b->j.verdict, verdict);
    assert_int_equal(b->out.effect, JOB_EFFECT_NONE);
    assert_int_equal(b->j.next_us, 0);
}

// The answer that leads on from each state in the ordinary run.
static inline void go_on(struct bench *b)
{
    static const struct {
        const char *type, *pairs;
    } good[JOB_STATES_COUNT] = {
        [JOB_CLOCK] = {"done", "verb=clock offset_ms=-86400000 set=1"},
        [JOB_PROBING] = {"probe", BROKEN},
        [JOB_COMPARING] = {"account", COMPARED},
        [JOB_CHECKING] = {"check", CHECKED},
        [JOB_READING] = {"account", ACCOUNT "kvno=3 pwd_last_set=100"},
        [JOB_VETTING] = {"vetted", "result=good dc=dc1"},
        [JOB_LENDING] = {"result", "verb=repair result=done live_sha256=" LIVE},
        [JOB_RESETTING] = {"reset", "result=done dc=dc1"},
        [JOB_CONFIRMING] = {"login", "result=accepted"},
        [JOB_COUNTING] = {"account", ACCOUNT "kvno=4 pwd_last_set=200"},
        [JOB_STORING] = {"result", "verb=store result=done live_sha256=" LIVE},
        [JOB_ROTATING] = {"result", "verb=rotate result=done live_sha256=" LIVE},
        [JOB_PROVING] = {"account", ACCOUNT "kvno=5 pwd_last_set=300"},
        [JOB_ATTESTING] = {"attested", "guest=4c6c1b40-0000-0000-0000-000000000001 guid=" GUID " sid=" SID
                                       " result=proven"},
    };

    b->now += second;
    if (good[b->j.state].type)
        answer(b, good[b->j.state].type, good[b->j.state].pairs);
    else
        input(b, JOB_IN_WAKE);
}

static inline void hold(struct bench *b, const char *rule, const char *text)
{
    b->w.hold = (struct job_hold){.until_us = b->now + 60 * second};
    snprintf(b->w.hold.rule, sizeof b->w.hold.rule, "%s", rule);
    snprintf(b->w.hold.text, sizeof b->w.hold.text, "%s", text);
}

static inline struct bench in_state(enum job_state state)
{
    struct bench b = bench_new();

    b.j.lends = b.w.loan = state == JOB_VETTING || state == JOB_LENDING;
    if (state == JOB_WAITING_AGENT) {
        go_on(&b);
        answer(&b, "error", "code=no-agent text=none");
    }
    if (state == JOB_WAITING_TURN) {
        hold(&b, "breaker-open", "the breaker is open");
        go_on(&b);
        hold(&b, "", "");
    }
    for (int i = 0; i < JOB_STATES_COUNT && b.j.state != state; i++) {
        if (state == JOB_ATTESTING && b.j.state == JOB_PROVING) {
            b.now = b.j.deadline_us;
            answer(&b, "account", ACCOUNT "kvno=4 pwd_last_set=200");
        } else {
            go_on(&b);
        }
    }
    assert_string_equal(job_state_text(b.j.state), job_state_text(state));
    return b;
}
