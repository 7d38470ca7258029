// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// virtrustd's heart: one input, one step of core, one transaction, then the effects. Inputs are signals of the
// watcher, answers of the workers, due times and an administrator's commands. Single-threaded; it never blocks on
// anything but the store.
//
// An effect is keyed by (case, epoch) or (job, epoch): an answer of an older epoch is dropped by one comparison. When
// a transaction fails (a full disk), nothing is done and the same step is tried again after a pause.
//
//     rc = engine_open(config, &engine, &err);    // store, host key, sockets; resumes what was under way
//     engine_run(engine);                         // until SIGTERM
#pragma once

#include "common/err.h"
#include "common/record.h"
#include "daemon/config/config.h"
#include "daemon/core/casestep.h"
#include "daemon/core/jobstep.h"
#include "daemon/engine/due.h"
#include "daemon/engine/hostkey.h"
#include "daemon/engine/looks.h"
#include "daemon/engine/silent.h"
#include "daemon/engine/worker.h"
#include "daemon/store/store.h"

#include <systemd/sd-event.h>

struct watchlink;
struct turn;

struct turns {         // turns.h
    struct turn *list; // of repairs that are open, in the order in which they came
    size_t count, room;
    bool wake_all; // a breaker closed in this step
};

struct asks;
struct control;

struct engine {
    struct config *config; // owned
    struct store *store;
    sd_event *event;
    sd_event_source *timer, *clock; // clock: tells when somebody sets it
    sd_event_source *hold;          // hold.h: when the store is tried again; NULL: it can be written
    unsigned hold_s;                // how long it waits for that
    int64_t ahead_us;               // CLOCK_REALTIME minus CLOCK_BOOTTIME, as of when it was last set
    struct hostkey key;
    struct due_list due;
    struct worker_line workers[WORKERS_COUNT];
    struct turns turns;
    struct lookpool looks;
    struct asks *asks;
    struct attest_run *attests; // attest.h
    struct proofs *proofs;      // proofs.h; NULL: none were asked
    struct silent_dcs silent;
    struct watchlink *watch;
    struct control *control;
    int64_t started_us;
};

int engine_open(struct config *config, struct engine **ret, struct err *err); // takes config, also on failure
struct engine *engine_close(struct engine *e);
DEFINE_CLEANUP(struct engine *, engine_close);
int engine_run(struct engine *e);

int64_t now_us(void); // CLOCK_REALTIME

// ---- inputs (each one transaction; errors are logged and retried, never lost) ----
// A signal of the watcher. 0 once it is committed (it may be acknowledged), or a negative errno.
int engine_signal(struct engine *e, const struct record *signal, struct err *err);
void engine_guest_due(struct engine *e, const char *uuid); // the burst may have settled
int engine_case_input(struct engine *e, int64_t id, const struct case_input *in, struct err *err);
// The same, and what was learnt is kept with the case in the same transaction.
int engine_case_learnt(struct engine *e, int64_t id, const struct case_input *in, const char *source,
                       const struct record *evidence, struct err *err);
int engine_job_input(struct engine *e, int64_t case_id, const struct job_input *in, struct err *err);

// If the case's job has ended, the case is told (again).
void engine_job_told(struct engine *e, int64_t case_id);

// Opens a case (within the caller's transaction) and remembers it in g, which the caller puts. rolled_us: when the
// rollback was first heard of.
int engine_case_open(struct engine *e, struct guest *g, enum rollback_kind kind, bool witnessed,
                     int64_t rolled_us, const char *text, struct casefile *ret, struct err *err);
// `virtrust repair`: opens a manual case; its id. -EBUSY: one is open already (its id in *ret_id);
// -ENOENT: no such guest is known; -ESTALE: it is gone, there is nothing to look at.
int engine_repair(struct engine *e, const char *guest, bool dry_run, int64_t *ret_id, struct err *err);
// The same by the strategy `credential`, with this one lent for it; it is sealed and kept until the case ends.
int engine_repair_lending(struct engine *e, const char *guest, const struct secret *credential,
                          int64_t *ret_id, struct err *err);

// ---- effects ----
void engine_case_effect(struct engine *e, const struct casefile *c, enum case_effect effect);
// What a worker learnt is kept with the case, and the case steps. `source` names it, `lost` says why there is no
// answer.
void engine_learnt(struct engine *e, const struct worker_key *key, const char *source,
                   const struct record *answer, const char *lost, const struct case_input *in);
void engine_job_effect(struct engine *e, const struct job *j, enum job_effect effect);

// What the policies and the store know about this guest.
int engine_world(struct engine *e, const struct casefile *c, struct case_world *ret, struct err *err);
// The same with evidence that no case holds (NULL: none): for who only asks.
int engine_world_of(struct engine *e, const struct casefile *c, const struct record *disk,
                    const struct record *directory, struct case_world *ret, struct err *err);
void engine_choice(struct engine *e, const char *uuid, const char *name, struct config_choice *ret);

// Somebody set the clock (clock.c): hears of it; and what is due is moved with it.
int engine_clock_open(struct engine *e);
void engine_clock_moved(struct engine *e, int64_t by_us);

// (Re)arms the timer for the earliest due time.
void engine_rearm(struct engine *e);
// A due time that makes a failed transaction's step be tried again.
void engine_again(struct engine *e, enum due_kind kind, int64_t id, const char *uuid);

// Logs one line (common/os/logline.h) with the fields case= and guest=.
void engine_log(int priority, int64_t case_id, const char *guest, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
