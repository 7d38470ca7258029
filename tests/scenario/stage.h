// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// The stage of a scenario: one guest, its cases and its job, on a virtual clock, driven as daemon/engine drives core.
// One input is one step; what the step asks for becomes the effect that is awaited; due times fire in their order when
// the clock is moved. Nothing here decides: it keeps what the store keeps, and hands it to signal_take,
// signal_classify, case_step and job_step. An answer is given to the effect that is awaited, and is dropped when it was
// asked for in an older epoch.
//
//     struct stage *s = stage_new();
//     stage_signal(s, SIGNAL_DEFINED_FROM_SNAPSHOT, record);
//     stage_clock(s, 2 * SECOND);                          // the burst settles, a case is opened, a look is awaited
#pragma once

#include "daemon/core/casestep.h"
#include "daemon/core/jobstep.h"
#include "daemon/core/signal.h"

enum { SECOND = 1000000, CASES_MAX = 16, LEDGER_MAX = 32, NOTES_MAX = 400 };

// What is awaited from a worker, if anything.
struct awaited {
    enum case_effect of_case;
    enum job_effect of_job;
    uint32_t epoch;
};

struct stage {
    int64_t now, start;
    struct guest guest;
    struct record *description;       // owned
    struct casefile cases[CASES_MAX]; // the last one is the newest
    unsigned cases_count;
    struct job job; // of the newest case; id 0: none
    struct awaited awaited, stale;
    struct case_world world; // evidence and circumstances
    struct job_world job_world;
    struct pair ledger[LEDGER_MAX];
    unsigned ledger_count;
    struct signal_policy policy;
    int64_t settle_us, scan_us;
    int64_t kvno; // what the directory would answer
    uint64_t pwd_last_set, usn;
    bool taken; // the account holds the journalled secret
    unsigned mints, wipes, resets, stores, rotations, looks, tokens; // effects that were asked for
    char notes[NOTES_MAX][LONG_TEXT];
    unsigned notes_count;
};

struct stage *stage_new(void);
void stage_free(struct stage *s);
struct casefile *stage_case(struct stage *s); // the newest; NULL: none yet
bool stage_open(const struct stage *s);       // is it open?

void stage_clock(struct stage *s, int64_t to_us); // fires what is due on the way
void stage_signal(struct stage *s, enum signal_kind kind, struct record *signal); // takes it over
void stage_case_input(struct stage *s, const struct case_input *in);
void stage_job_input(struct stage *s, const struct job_input *in);
void stage_manual(struct stage *s, bool dry_run);
void stage_restart(struct stage *s); // virtrustd is started again
void stage_pair(struct stage *s, const struct pair *p);
