// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// The steps of a case: signal → look → directory → verdict → (approval) → job → closed. Pure: state and input go in,
// the next state, one effect and one line of history come out; the engine commits them, then performs the effect.
// Every effect may happen twice; a restart asks case_effect(state) and performs it again.
//
//     struct case_out out;
//     case_step(&c, &input, &world, now_us, &out);   // out.next replaces c
#pragma once

#include "daemon/core/decide.h"
#include "daemon/core/judge.h"

enum case_input_kind {
    CASE_IN_LOOKED,      // evidence of the disk is in world
    CASE_IN_LOOK_FAILED, // why is in world (guest.why)
    CASE_IN_ANSWERED,    // the directory answered; in world
    CASE_IN_UNANSWERED,  // the directory did not (directory.why)
    CASE_IN_SIGNAL,      // the guest's time moved again, or there is another reason to look
    CASE_IN_APPROVED,
    CASE_IN_JOB_ENDED,
    CASE_IN_GONE, // undefined, or migrated away
};

struct case_input {
    enum case_input_kind kind;
    enum rollback_kind rollback; // SIGNAL
    bool transient;              // UNANSWERED, LOOK_FAILED: worth another try
    enum outcome outcome;        // JOB_ENDED
    enum verdict verdict;        // JOB_ENDED: what the probe made of it, VERDICT_UNKNOWN: unchanged
    char cause[SHORT_TEXT], text[LONG_TEXT], next[LONG_TEXT];
};

// What the engine knows of the world at this moment.
struct case_world {
    struct evidence evidence;
    struct circumstances circumstances; // verdict, cause, approved, manual, witnessed and unanswered are
                                        // filled in by case_step
    int64_t patience_us; // so long after the rollback the directory is asked again where only it can bind
};

enum case_effect {
    CASE_EFFECT_NONE,
    CASE_EFFECT_LOOK,
    CASE_EFFECT_QUERY,
    CASE_EFFECT_JOB,       // start the job (once: the engine adds it in the same transaction)
    CASE_EFFECT_SUPERSEDE, // this case closed; the engine opens the next one for the rollback of the input
};

struct case_out {
    struct casefile next;
    enum case_effect effect;
    char note[LONG_TEXT]; // one line of history, "" none
    bool judged;          // a verdict was reached in this step: with it
    enum action action;
    char rule[SHORT_TEXT]; // decide()'s, "" none
};

void case_open(struct casefile *c, const char *guest, const char *name, enum rollback_kind kind,
               bool witnessed, int64_t rolled_us, int64_t now_us);
void case_step(const struct casefile *c, const struct case_input *in, const struct case_world *w,
               int64_t now_us, struct case_out *ret);

// What the evidence means, and what may be done about it in this case: as its own step decides it.
struct decision case_decide(const struct casefile *c, const struct case_world *w, struct judgement *ret);

// Does the case still pause before it tries its effect again? (A pause that is longer than any is of a clock that was
// set back since.)
bool case_waits(const struct casefile *c, int64_t now_us);

// What has to be under way in this state (after a restart: is begun again).
enum case_effect case_effect(const struct casefile *c);
