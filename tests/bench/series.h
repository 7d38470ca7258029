// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// A growing list of measured values and what is said of it: median, quantiles, extremes. All of one unit, the
// caller's. A series owns its values; out of memory ends the program, for a benchmark has nothing to save.
//
//     _cleanup_(series_done) struct series s = {0};
//     series_add(&s, 1.5); series_print(&s, stdout);     // "n":1,"median":1.5,…
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct series {
    double *v;
    size_t n, room;
};

void series_add(struct series *s, double value);
void series_done(struct series *s);
// The value below which q (0…1) of the values lie, between two neighbours where it falls between them. 0 of none.
double series_at(const struct series *s, double q);
// As members of a JSON object: n, median, p10, p90, p99, min, max.
void series_print(const struct series *s, FILE *to);

// One of several things that are measured by turns: the same index is the same round.
struct lane {
    const char *name;
    struct series ms, cpu_ms; // cpu_ms may be empty: not known
    long rss_kib;             // 0: not known
};
// A JSON object a lane, one a line, each with its ratio to every other lane, taken within each round.
void lanes_print(const struct lane *lanes, size_t n, FILE *to);
void lane_done(struct lane *l);

// Monotonic nanoseconds.
int64_t clock_ns(void);
