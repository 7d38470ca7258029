// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// The engine of the walks: a step is committed, then its effect is performed in core_walk_world.h's world, and
// something may go wrong with it: a walk's own choose() says what. What must never be is checked at every commit.
//
//     struct walk k = walk_new(choose, seed);
//     walk_finish(&k);
#pragma once

#include "tests/unit/core_walk_world.h"

enum fault {
    GOOD,
    LOST_BEFORE, // the worker died before it did anything
    LOST_AFTER,  // the effect was done, its answer is lost
    LOST_HALF,   // the effect stopped in its middle
    LOST_UNRECORDED,
    LOST_ORPHAN,  // nobody waits any more, and it is done later
    CRASH_BEFORE, // virtrustd ended between commit and effect
    CRASH_AFTER,
    CRASH_ORPHAN,
    WAKE_TWICE, // something woke the job while its effect is under way
    ERROR_ANSWER,
    HALF_ANSWER, // the worker answers, but does not know how far it came
    GUEST_OFF,
    FAULTS, // the ones below are another's doing
    REVERT = FAULTS,
    SNAPSHOT,
    SELF_ROTATE, // the healthy guest rotates on its own
    ADMIN_RESET, // an administrator resets the account
    ALL_FAULTS,
};

struct walk {
    struct world w;
    struct job_world jw;
    struct job j;
    enum job_effect effect; // under way
    int64_t now;
    unsigned tokens, steps, jobs;
    bool lends;           // by the strategy `credential`
    bool whole_when_read; // at the last reading of the account
    bool superseding;     // the guest was reverted, and the engine has not heard of it yet
    unsigned (*choose)(struct walk *, unsigned); // the fault of the n-th effect
    unsigned effects, budget;
    uint64_t random;
    unsigned at[2], fault[2];
};

unsigned walk_roll(struct walk *k, unsigned below);
void walk_fail(const struct walk *k, const char *what); // does not return
struct walk walk_new(unsigned (*choose)(struct walk *, unsigned), uint64_t seed);
void walk_job(struct walk *k);    // a new job, as by a further case
void walk_finish(struct walk *k); // until nothing is left to happen
