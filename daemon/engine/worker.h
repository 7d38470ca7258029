// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// Calls to the workers: connect to the worker's socket, send one request, await one answer, without blocking. Every
// call ends exactly once in its callback: with the answer, or with NULL and a sentence when the worker died, could not
// be reached or took too long.
//
//     worker_call(e, WORKER_DIRECTORY, request, 60, (struct worker_key){.job = 7, .epoch = 3}, done, NULL);
#pragma once

#include "common/record.h"

#include <stdbool.h>
#include <stdint.h>

struct engine;

enum worker { WORKER_INSPECT, WORKER_DIRECTORY, WORKER_DELIVER };

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
// Forgets calls of this case's look (a newer one replaces it); their callbacks are not called.
void worker_cancel_looks(struct engine *e, int64_t case_id);
void worker_cancel_arg(struct engine *e, const void *arg);
void worker_cancel_all(struct engine *e);
bool worker_busy(const struct engine *e, int64_t case_id);
const char *worker_name(enum worker w);
