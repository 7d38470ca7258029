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

static void ratio_print(const struct lane *l, const struct lane *other, FILE *to)
{
    struct series ratio = {0};

    for (size_t i = 0; i < l->ms.n && i < other->ms.n; i++)
        series_add(&ratio, l->ms.v[i] / other->ms.v[i]);
    fprintf(to, "\"%s\":{", other->name);
    series_print(&ratio, to);
    fputc('}', to);
    series_done(&ratio);
}

void lanes_print(const struct lane *lanes, size_t n, FILE *to)
{
    for (const struct lane *l = lanes; l < lanes + n; l++) {
        const char *comma = "";

        fprintf(to, "{\"name\":\"%s\",\"unit\":\"ms\",", l->name);
        series_print(&l->ms, to);
        if (l->cpu_ms.n)
            fprintf(to, ",\"cpu\":%.6g", series_at(&l->cpu_ms, 0.5));
        if (l->rss_kib)
            fprintf(to, ",\"rss_kib\":%ld", l->rss_kib);
        fputs(",\"to\":{", to);
        for (const struct lane *other = lanes; other < lanes + n; other++) {
            if (other == l)
                continue;
            fputs(comma, to);
            comma = ",";
            ratio_print(l, other, to);
        }
        fputs("}}\n", to);
    }
}

void lane_done(struct lane *l)
{
    series_done(&l->ms);
    series_done(&l->cpu_ms);
}

int64_t clock_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}
