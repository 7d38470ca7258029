// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// The steps of one attempt to repair. Each state has exactly one effect; the state alone says what has to be under
// way, so a restart performs job_effect(state) again. What must not happen twice (the reset) is settled by asking
// first: JOB_RESETTING resumes as JOB_CONFIRMING, a log-on with the journalled secret.
//
//     waiting-start → waiting-agent → waiting-turn → clock → probing → comparing → checking → reading → resetting →
//     confirming → counting → storing → rotating → proving → ended
//
// Where the DC can show no rotation, a fresh ticket of the guest is asked for before the end (attesting; jobattest.c).
//
// Nothing is reset before probing has shown that the guest's channel is broken and that it reaches a DC, comparing,
// checking and reading that host and guest see the same directory (samedc.h), comparing that the account is the bound
// one and fit, and checking that the guest is ready to store. An answer that does not fit ends the job.
//
// With the strategy `credential` (job.lends; joblend.c) it is … reading → vetting → lending → counting → rotating …:
// the helper resets the account with a credential lent for one call, and nobody but the guest ever knows a secret.
//
// A secret is minted (job_out.mint) in the very transaction that enters JOB_RESETTING, never while another one of the
// same account is unsettled; it is wiped (job_out.wipe) when the DC shows the rotation, or when a reset was refused
// before anything was written.
//
//     struct job_out out;
//     job_step(&job, &input, &world, now_us, &out);
#pragma once

#include "common/record.h"
#include "daemon/core/types.h"

enum job_effect {
    JOB_EFFECT_NONE,
    JOB_EFFECT_CLOCK,
    JOB_EFFECT_PROBE,
    JOB_EFFECT_CHECK,
    JOB_EFFECT_ACCOUNT, // COMPARING, READING, COUNTING and PROVING: the account as the directory shows it
    JOB_EFFECT_VET,     // is the lent credential good for this account alone?
    JOB_EFFECT_LEND,    // the helper repairs with it
    JOB_EFFECT_RESET,
    JOB_EFFECT_LOGIN,
    JOB_EFFECT_STORE,
    JOB_EFFECT_ROTATE,
    JOB_EFFECT_ATTEST, // the guest shows by a fresh ticket that it holds the account's password
};

enum job_input_kind {
    JOB_IN_WAKE,   // a timer, or the agent came
    JOB_IN_ANSWER, // the effect's answer, also type=error
    JOB_IN_LOST,   // the worker died or could not be reached: nobody knows what happened
    JOB_IN_RESUME, // virtrustd started again
    JOB_IN_STOP,   // superseded, gone
};

struct job_input {
    enum job_input_kind kind;
    const struct record *answer; // borrowed
    enum outcome outcome;        // STOP
    const char *text;            // STOP, LOST
};

// Limits, quiet hours, a circuit breaker (engine/turns.h): rule "" where nothing holds it back.
struct job_hold {
    char rule[SHORT_TEXT];
    char text[LONG_TEXT];
    int64_t until_us; // when to ask again
};

struct job_world {
    struct job_hold hold; // what has not been begun, and what was not reset yet
    bool running;         // the guest runs
    bool moving;          // it is paused while it migrates: it runs on another host, or is about to
    struct binding binding;
    enum journal_state journal; // of the account; NONE also when what is there can no longer be opened
    char journal_dc[NAME_TEXT]; // where that secret was set: another DC may not know of it yet; "" unknown
    char twin[NAME_TEXT]; // another guest with this binding runs, or has run since the rollback: its name
    bool discarded;       // what is written to its disks is lost when it stops
    bool loan;            // a credential to be lent for this job is at hand
    int64_t agent_wait_us, proof_wait_us;
};

struct job_out {
    struct job next;
    enum job_effect effect;
    bool new_token; // the engine draws a fresh token before the effect
    bool mint;      // mint, seal and journal a secret in this transaction
    bool confirm;   // the journalled secret is the account's now
    bool wipe;      // wipe the journal
    bool pair;      // the probe's fingerprint and the directory's answer are a proven pair
    char note[LONG_TEXT];
};

// A job begins here (the token is drawn by the first step into JOB_PROBING).
void job_open(struct job *j, const struct casefile *c, const struct binding *b, int64_t now_us);
void job_step(const struct job *j, const struct job_input *in, const struct job_world *w, int64_t now_us,
              struct job_out *ret);
enum job_effect job_effect(enum job_state state);
