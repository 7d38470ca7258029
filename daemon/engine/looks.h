// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// The pool of looks. Two lines, because looks cost very different things: first `direct`, which takes milliseconds and
// little memory, as many at once as look.at_once says; what that does not know (it answers `not-direct`) waits for
// libguestfs' appliance, of which look.appliances run at once. Which look comes next: lookqueue.h.
//
// One look a guest at a time. A reason to look that comes while one runs marks it: its answer is dropped and the case
// is looked at again when it has ended. Only numbers of cases are kept here; everything else is in the store.
//
//     looks_want(e, &c);      // case_effect() said so
#pragma once

#include "daemon/core/types.h"
#include "daemon/engine/lookqueue.h"

struct engine;

enum look_line { LOOK_DIRECT, LOOK_APPLIANCE, LOOK_LINES };
enum { LOOKS_AT_ONCE_MAX = 64, APPLIANCES_MAX = 16 };
enum { LOOK_RUNS = LOOKS_AT_ONCE_MAX + APPLIANCES_MAX + 1 }; // and one that has just ended

struct look_run {
    int64_t case_id; // 0: free
    uint32_t epoch;  // of the case, when it was started
    enum look_line line;
    bool again;
};

struct lookpool {
    struct lookqueue waiting[LOOK_LINES];
    unsigned running[LOOK_LINES];
    struct look_run runs[LOOK_RUNS];
    uint64_t done; // looks that have ended since the start
};

void looks_want(struct engine *e, const struct casefile *c);
void looks_go_on(struct engine *e);                   // what waits may be begun again
void looks_forget(struct engine *e, int64_t case_id); // it is closed
void looks_done(struct lookpool *p);

unsigned looks_running(const struct lookpool *p);
size_t looks_waiting(const struct lookpool *p);
int64_t looks_oldest(const struct lookpool *p);                   // the oldest case that waits, 0: none
unsigned looks_most(const struct engine *e, enum look_line line); // how many may run
