// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// A tiny world for the walks of core_walk.c: one account in the directory, one guest that holds a secret, its helper
// with tokens and compare-and-set as PROTOCOL.md has them, and the directory worker's own record of resets. Secrets
// are numbers; a fingerprint is that number, repeated. perform() does one effect of a job and makes its answer.
//
//     struct world w = world_new();
//     answer = world_perform(&w, &job, JOB_EFFECT_PROBE, WHOLE);    // the caller frees it
#pragma once

#include "daemon/core/jobstep.h"

enum { SNAPSHOT_SECRET = 1, ROTATED_SECRET = 2, ORPHANS_MAX = 8 };

// What of the helper lies on the guest's disk, and goes back with it.
struct guest_state {
    int held;
    char token[TOKEN_TEXT]; // of the newest probe: older ones are retired
    uint64_t seen;          // a bit a token
    bool has_key, storing;
    bool stored, rotated; // recorded results of this token
    int pending;          // a rotation's new secret, 0 none
    int minted;           // the same of a repair with a lent credential
    bool mended;          // its recorded result
};

enum depth {
    WHOLE,
    HALF,
    UNRECORDED
}; // how far an effect comes: all, into its middle, or all but its own record

// A request whose sender is gone: it may be done at any later time (a reset: before the directory's next answer).
struct orphan {
    struct job job;
    enum job_effect effect;
    int journal_secret;
    enum depth depth;
};

// What one DC knows of the account.
struct dc {
    int secret;
    int64_t kvno;
    uint64_t pwd_last_set;
};

struct world {
    int ad_secret; // the newest, with its key version and date
    int64_t kvno;
    uint64_t pwd_last_set;
    struct dc dcs[2]; // "dc1", "dc2"
    uint64_t usn;     // of both: moves with every change
    bool lags;        // nothing is replicated while a secret is journalled
    unsigned guests_dc;
    int reset_record; // the secret that the directory worker has noted as set
    struct guest_state guest, snapshot;
    bool running;
    bool no_rotation, tells_late; // policy forbids it; the probe knows of it, or only the attempt
    enum journal_state journal;
    int journal_secret, secrets; // secrets: the last number given
    unsigned resets, rotations;
    struct orphan orphans[ORPHANS_MAX];
    unsigned orphans_count;
};

struct world world_new(void);
struct record *world_perform(struct world *w, const struct job *j, enum job_effect effect, enum depth depth);
void world_orphan(struct world *w, const struct job *j, enum job_effect effect, enum depth depth);
void world_land(struct world *w, unsigned i); // one orphan is done
void world_replicate(struct world *w);        // after the account was changed from outside
