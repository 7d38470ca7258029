// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/bench/series.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

void series_add(struct series *s, double value)
{
    if (s->n == s->room) {
        s->room = s->room ? s->room * 2 : 64;
        s->v = reallocarray(s->v, s->room, sizeof *s->v);
        if (!s->v) {
            perror("bench");
            exit(4);
        }
    }
    s->v[s->n++] = value;
}

void series_done(struct series *s)
{
    free(s->v);
    *s = (struct series){0};
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

// Of values that are in order.
static double at(const double *sorted, size_t n, double q)
{
    double place = q * (double)(n - 1);
    size_t below = (size_t)place;

    if (below + 1 >= n)
        return sorted[n - 1];
    return sorted[below] + (place - (double)below) * (sorted[below + 1] - sorted[below]);
}

static double *in_order(const struct series *s)
{
    double *copy = reallocarray(NULL, s->n, sizeof *copy);

    if (!copy) {
        perror("bench");
        exit(4);
    }
    memcpy(copy, s->v, s->n * sizeof *copy);
    qsort(copy, s->n, sizeof *copy, by_value);
    return copy;
}

double series_at(const struct series *s, double q)
{
    double *sorted, value;

    if (s->n == 0)
        return 0;
    sorted = in_order(s);
    value = at(sorted, s->n, q);
    free(sorted);
    return value;
}

void series_print(const struct series *s, FILE *to)
{
    static const struct {
        const char *name;
        double q;
    } marks[] = {{"median", 0.5}, {"p10", 0.1}, {"p90", 0.9}, {"p99", 0.99}, {"min", 0}, {"max", 1}};
    double *sorted = s->n ? in_order(s) : NULL;

    fprintf(to, "\"n\":%zu", s->n);
    for (size_t i = 0; sorted && i < sizeof marks / sizeof *marks; i++)
        fprintf(to, ",\"%s\":%.6g", marks[i].name, at(sorted, s->n, marks[i].q));
    free(sorted);
}

int64_t clock_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}
