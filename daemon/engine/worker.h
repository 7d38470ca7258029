// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// Calls to the workers: connect to the worker's socket, send one request, await one answer, without blocking. Every
// call ends exactly once in its callback: with the answer, or with NULL and a sentence when the worker died, could not
// be reached or took too long. Of each worker only so many run at a time; further calls wait in their order, and their
// time begins when they do. (How many looks run is decided in looks.h.)
//
//     worker_call(e, WORKER_DIRECTORY, request, 60, (struct worker_key){.job = 7, .epoch = 3}, done, NULL);
#pragma once

#include "common/record.h"

#include <stdbool.h>
#include <stdint.h>

struct engine;
struct worker_call;

enum worker { WORKER_INSPECT, WORKER_DIRECTORY, WORKER_DELIVER, WORKERS_COUNT };

// One of a worker's calls, all zero at the beginning.
struct worker_line {
    struct worker_call *running;
    struct worker_call *waiting, *last; // oldest first
    unsigned running_count, waiting_count;
};

struct worker_key {
    int64_t case_id, job_case; // one of them, or neither
    uint32_t epoch;
    uint32_t item; // the caller's own number for a call of neither
};

typedef void (*worker_done)(struct engine *e, const struct worker_key *key, const struct record *answer,
                            const char *lost, void *arg);

// Takes the request. A call that cannot even begin ends in its callback too, from the event loop.
void worker_call(struct engine *e, enum worker w, struct record *request, unsigned timeout_s,
                 struct worker_key key, worker_done done, void *arg);
// Forgets the calls with this arg, also those that wait; their callbacks are not called.
void worker_cancel_arg(struct engine *e, const void *arg);
void worker_cancel_all(struct engine *e);
const char *worker_name(enum worker w);
