// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// The single steps of a change (plan.h), and what they hand on to each other. A step that cannot go on sets how the
// verb ends (result, reason, text), or `fatal` when the helper's own records failed; else the next step follows.
// For change.c, which journals between them, and settle.c. Each system brings run_begin, run_end_world, step_perform
// and run_own_secret_works.
//
//     run_begin(&run);
//     step_perform(&run, STEP_WRITE);
//     if (run.result || run.fatal) …
#pragma once

#include "common/secret.h"
#include "guest-helper/change.h"

struct world; // the system's: its connection to the DC

struct run {
    const struct change_request *q;
    struct member *m;
    struct world *w; // from run_begin on, if that succeeded
    struct secret password;
    struct secret credential;      // repair: whose right it is
    bool taken;                    // the DC is known to have taken the password
    uint32_t kvno;                 // 0: unknown
    unsigned char storing[DIGEST]; // tells what is about to be stored, see member_holds()
    bool storing_known;
    unsigned char live[DIGEST];  // the fingerprint once it is stored
    const char *result, *reason; // how it ends; NULL while it goes on
    struct err text;
    int fatal; // -errno
};

// Finds the DC and reaches it; else the run is over.
void run_begin(struct run *r);
struct world *run_end_world(struct world *w); // frees; NULL is fine
void step_perform(struct run *r, enum step step);
// Does the DC take what the guest holds now? False also when that cannot be told.
bool run_own_secret_works(struct run *r);

void run_end(struct run *r, const char *result, const char *reason);
void run_done(struct run *r); // wipes everything
#define _cleanup_run_ _cleanup_(run_done)
