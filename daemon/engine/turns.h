// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// Whose turn is it? Before a repair does anything in its guest, and once more before its account is reset, it is asked
// here: quiet hours, circuit breakers, how many are under way, how many were begun within the hour. How it went comes
// back here, too, and moves the breakers. A repair that is held back waits in JOB_WAITING_TURN and is woken when a
// place is free, a breaker closes, or its time has come.
//
//     rc = turns_ask(e, &job, &casefile, &binding, &world.hold, err);    // within the step's transaction
//     ... step, commit ...
//     turns_moved(e, &job);
#pragma once

#include "daemon/core/breaker.h"
#include "daemon/core/jobstep.h"
#include "daemon/engine/engine.h"
#include "daemon/store/attempt.h"

struct turn { // a repair that is under way or held back
    int64_t case_id;
    char guest[UUID_TEXT];
    const struct config_domain *domain; // NULL: not configured any more
    const struct config_policy *policy; // NULL: none
    bool active, begun;                 // begun: counted in the store
    char rule[SHORT_TEXT];              // held back by
};

int turns_open(struct engine *e, struct err *err); // finds what is under way
void turns_done(struct turns *t);

// Within the step's transaction.
int turns_ask(struct engine *e, const struct job *j, const struct casefile *c, const struct binding *b,
              struct job_hold *ret, struct err *err);
int turns_took(struct engine *e, enum job_state before, const struct job *after, const struct record *answer,
               struct err *err);
// A repair that needs no turn, or none yet, is known all the same.
int turns_enter(struct engine *e, const struct job *j, const struct binding *b);
// Behind it.
void turns_moved(struct engine *e, const struct job *j);
void turns_forget(struct engine *e, int64_t case_id); // its case was closed

// What would hold a repair of this guest back now, for who only asks: "" nothing.
void turns_peek(struct engine *e, const struct casefile *c, const struct binding *b,
                const struct config_choice *choice, char ret[static LONG_TEXT]);
void turns_wake(struct engine *e); // those that a breaker held back which has closed
unsigned turns_active(struct engine *e, const struct config_domain *d, const struct config_policy *p);
unsigned turns_held(struct engine *e, const struct config_domain *d, const struct config_policy *p);
