// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// bench-turns: runs programs in turns (A B C, C B A, A B C …), so that whatever else the machine does hits all of
// them alike, and prints a JSON object a program: wall-clock milliseconds of one run, from before it is started until
// it has been reaped, its processor time and memory, and the ratio to each of the others *within the same round*.
//
//     bench-turns [--rounds N] [--batch N] [--warm N] [--seconds S] [--stdin FILE] NAME PROGRAM ARGS... [+++ NAME …]
//
// --batch: so many runs in a row make one measurement (of their mean), for what is too short for one. --seconds: no
// further round begins after so long. A program that does not exit 0 ends it all with status 1: what failed was not
// measured. Output of the programs is thrown away, standard error is kept.
#include "common/cleanup.h"
#include "tests/bench/series.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <spawn.h>
#include <stdbool.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>

extern char **environ;

enum { RUNNERS_MAX = 8 };

typedef char **arguments;

struct options {
    unsigned long rounds, batch, warm, seconds; // seconds 0: no limit
    const char *input;
};

static struct lane lanes[RUNNERS_MAX]; // rss_kib: the most of all its runs
static arguments programs[RUNNERS_MAX];
static size_t count;

static double milliseconds(const struct timeval *t)
{
    return (double)t->tv_sec * 1000 + (double)t->tv_usec / 1000;
}

static int start(arguments program, const char *input, pid_t *ret)
{
    posix_spawn_file_actions_t files;
    int rc = posix_spawn_file_actions_init(&files);

    if (rc == 0)
        rc = posix_spawn_file_actions_addopen(&files, STDIN_FILENO, input, O_RDONLY, 0);
    if (rc == 0)
        rc = posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    if (rc == 0)
        rc = posix_spawnp(ret, program[0], &files, NULL, program, environ);
    posix_spawn_file_actions_destroy(&files);
    return rc;
}

// One run: false when it failed. Its processor time is added to *cpu.
static bool run(struct lane *l, arguments program, const char *input, double *cpu)
{
    struct rusage usage = {0};
    int status = 0, rc;
    pid_t pid;

    rc = start(program, input, &pid);
    if (rc != 0) {
        fprintf(stderr, "bench-turns: %s: %s\n", program[0], strerror(rc));
        return false;
    }
    while (wait4(pid, &status, 0, &usage) < 0 && errno == EINTR)
        ;
    *cpu += milliseconds(&usage.ru_utime) + milliseconds(&usage.ru_stime);
    if (usage.ru_maxrss > l->rss_kib)
        l->rss_kib = usage.ru_maxrss;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return true;
    fprintf(stderr, "bench-turns: %s ended with %s %d\n", program[0], WIFEXITED(status) ? "status" : "signal",
            WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
    return false;
}

static bool measure(size_t which, const struct options *o, bool keep)
{
    double cpu = 0, wall;
    int64_t began = clock_ns();

    for (unsigned long i = 0; i < o->batch; i++) {
        if (!run(&lanes[which], programs[which], o->input, &cpu))
            return false;
    }
    wall = (double)(clock_ns() - began) / 1e6;
    if (keep) {
        series_add(&lanes[which].ms, wall / (double)o->batch);
        series_add(&lanes[which].cpu_ms, cpu / (double)o->batch);
    }
    return true;
}

static bool round_of(const struct options *o, unsigned long number, bool keep)
{
    for (size_t i = 0; i < count; i++) {
        if (!measure(number % 2 ? count - 1 - i : i, o, keep))
            return false;
    }
    return true;
}

static bool all_rounds(const struct options *o)
{
    int64_t began;

    for (unsigned long i = 0; i < o->warm; i++) {
        if (!round_of(o, i, false))
            return false;
    }
    began = clock_ns();
    for (unsigned long i = 0; i < o->rounds; i++) {
        if (i > 0 && o->seconds && clock_ns() - began > (int64_t)o->seconds * 1000000000)
            break;
        if (!round_of(o, i, true))
            return false;
    }
    return true;
}

static int usage(void)
{
    fputs("usage: bench-turns [--rounds N] [--batch N] [--warm N] [--seconds S] [--stdin FILE] NAME PROGRAM "
          "ARGS... "
          "[+++ NAME PROGRAM ARGS...]...\n",
          stderr);
    return 2;
}

static bool parse_options(int argc, char **argv, struct options *o)
{
    static const struct option longs[] = {
        {"rounds", required_argument, NULL, 'r'}, {"batch", required_argument, NULL, 'b'},
        {"warm", required_argument, NULL, 'w'},   {"seconds", required_argument, NULL, 's'},
        {"stdin", required_argument, NULL, 'i'},  {0},
    };
    int c;

    while ((c = getopt_long(argc, argv, "+", longs, NULL)) != -1) {
        unsigned long number = optarg ? strtoul(optarg, NULL, 10) : 0;

        if (c == 'r')
            o->rounds = number;
        else if (c == 'b')
            o->batch = number;
        else if (c == 'w')
            o->warm = number;
        else if (c == 's')
            o->seconds = number;
        else if (c == 'i')
            o->input = optarg;
        else
            return false;
    }
    return o->rounds > 0 && o->batch > 0;
}

static bool parse_runners(int argc, char **argv)
{
    for (int i = optind; i < argc; i++) {
        if (count == RUNNERS_MAX || i + 1 >= argc)
            return false;
        lanes[count].name = argv[i];
        programs[count++] = argv + i + 1;
        while (i < argc && strcmp(argv[i], "+++") != 0)
            i++;
        if (i < argc)
            argv[i] = NULL;
        if (!programs[count - 1][0])
            return false;
    }
    return count > 0;
}

int main(int argc, char **argv)
{
    struct options o = {.rounds = 11, .batch = 1, .warm = 1, .input = "/dev/null"};

    if (!parse_options(argc, argv, &o) || !parse_runners(argc, argv))
        return usage();
    if (!all_rounds(&o))
        return 1;
    lanes_print(lanes, count, stdout);
    for (size_t i = 0; i < count; i++)
        lane_done(&lanes[i]);
    return 0;
}
