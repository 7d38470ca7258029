// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// What cases ask the directory: a line a domain, in the order in which they came. While one request of a line is under
// way, further questions gather, and go together in the next one: a single guest waits for nothing, a storm of
// hundreds makes a handful of searches. A request that fails makes its line pause, longer each time and by chance a
// little more or less, so that many hosts do not come back to a DC at the same moment; whoever asks meanwhile waits.
//
// Only numbers of cases are kept; the questions are made when they are asked.
//
//     asks_want(e, &c);      // case_effect() said so
#pragma once

#include "daemon/core/types.h"

struct engine;
struct asks;

enum { ASKS_TOGETHER = 64, ASKS_GATHER_MS = 500, ASKS_PAUSE_MS = 1000, ASKS_PAUSE_MAX_MS = 60 * 1000 };

int asks_open(struct engine *e, struct asks **ret);
struct asks *asks_close(struct asks *a);

void asks_want(struct engine *e, const struct casefile *c);
void asks_go_on(struct asks *a); // what waits may be asked again

struct asks_counts {
    uint64_t requests, questions; // since the start
    unsigned waiting, under_way;  // questions
    bool paused;                  // a line waits, for its domain did not answer
};
struct asks_counts asks_count(const struct asks *a);
// How long a line pauses after so many failures, in ms; chance is any number.
unsigned asks_pause(unsigned failures, uint32_t chance);
