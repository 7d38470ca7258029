// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// bench-procs peak MILLISECONDS NAME...   samples the memory (PSS: shared pages counted once) of all processes whose
//                                         names begin so, until SIGTERM; prints the highest sum and what it was made of
// bench-procs rest SECONDS NAME...        for each such process: how often it was put on a processor in that time, its
//                                         processor time, RSS and PSS
//
// Prints a JSON object. It sees the processes of its own PID namespace.
#include "common/cleanup.h"
#include "tests/bench/series.h"

#include <ctype.h>
#include <dirent.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { PROCS_MAX = 512, NAME_MAX_KERNEL = 16 };

struct proc {
    int pid;
    char name[NAME_MAX_KERNEL];
    unsigned long pss_kib, rss_kib;
    unsigned long long switches, cpu_ns;
};

static volatile sig_atomic_t over;

static void end(int number)
{
    (void)number;
    over = 1;
}

static FILE *proc_open(int pid, const char *file)
{
    char path[400];

    snprintf(path, sizeof path, "/proc/%d/%s", pid, file);
    return fopen(path, "re");
}

static bool is_wanted(int pid, char **names, char ret[static NAME_MAX_KERNEL])
{
    _cleanup_fclose_ FILE *f = proc_open(pid, "comm");

    if (!f || !fgets(ret, NAME_MAX_KERNEL, f))
        return false;
    ret[strcspn(ret, "\n")] = '\0';
    for (; *names; names++) {
        if (strncmp(ret, *names, strlen(*names)) == 0)
            return true;
    }
    return false;
}

static void read_memory(struct proc *p)
{
    _cleanup_fclose_ FILE *f = proc_open(p->pid, "smaps_rollup");
    char line[256];

    while (f && fgets(line, sizeof line, f)) {
        (void)sscanf(line, "Rss: %lu", &p->rss_kib);
        (void)sscanf(line, "Pss: %lu", &p->pss_kib);
    }
}

// Of all its threads. Each time that one is put on a processor counts, whether it slept or was only made to wait.
static void read_switches(struct proc *p)
{
    char path[64];
    struct dirent *entry;
    DIR *dir;

    snprintf(path, sizeof path, "/proc/%d/task", p->pid);
    dir = opendir(path);
    while (dir && (entry = readdir(dir))) {
        unsigned long long cpu = 0, slices = 0;
        char file[300];
        _cleanup_fclose_ FILE *f = NULL;

        snprintf(file, sizeof file, "task/%s/schedstat", entry->d_name);
        f = isdigit((unsigned char)entry->d_name[0]) ? proc_open(p->pid, file) : NULL;
        if (f && fscanf(f, "%llu %*u %llu", &cpu, &slices) == 2) {
            p->cpu_ns += cpu;
            p->switches += slices;
        }
    }
    if (dir)
        closedir(dir);
}

static size_t find(char **names, struct proc *ret)
{
    DIR *dir = opendir("/proc");
    struct dirent *entry;
    size_t n = 0;

    while (dir && n < PROCS_MAX && (entry = readdir(dir))) {
        int pid = atoi(entry->d_name);

        ret[n] = (struct proc){.pid = pid};
        if (pid > 0 && pid != getpid() && is_wanted(pid, names, ret[n].name))
            n++;
    }
    if (dir)
        closedir(dir);
    return n;
}

static void print_parts(const struct proc *procs, size_t n)
{
    printf("\"parts\":[");
    for (size_t i = 0; i < n; i++)
        printf("%s{\"name\":\"%s\",\"pid\":%d,\"pss_kib\":%lu,\"rss_kib\":%lu,\"switches\":%llu,\"cpu_ms\":%."
               "3f}",
               i ? "," : "", procs[i].name, procs[i].pid, procs[i].pss_kib, procs[i].rss_kib,
               procs[i].switches, (double)procs[i].cpu_ns / 1e6);
    printf("]");
}

static void pause_ms(unsigned long ms)
{
    struct timespec t = {.tv_sec = (time_t)(ms / 1000), .tv_nsec = (long)(ms % 1000) * 1000000};

    nanosleep(&t, NULL);
}

static int peak(unsigned long every_ms, char **names)
{
    static struct proc now[PROCS_MAX], most[PROCS_MAX];
    unsigned long most_kib = 0, samples = 0;
    size_t most_count = 0;
    struct sigaction action = {.sa_handler = end};

    sigaction(SIGTERM, &action, NULL);
    for (; !over; samples++) {
        size_t n = find(names, now);
        unsigned long sum = 0;

        for (size_t i = 0; i < n; i++) {
            read_memory(&now[i]);
            sum += now[i].pss_kib;
        }
        if (sum > most_kib) {
            most_kib = sum;
            most_count = n;
            memcpy(most, now, n * sizeof *now);
        }
        pause_ms(every_ms);
    }
    printf("{\"pss_kib\":%lu,\"samples\":%lu,", most_kib, samples);
    print_parts(most, most_count);
    puts("}");
    return 0;
}

static int rest(unsigned long seconds, char **names)
{
    static struct proc before[PROCS_MAX], after[PROCS_MAX];
    size_t n = find(names, before);

    memcpy(after, before, n * sizeof *before);
    for (size_t i = 0; i < n; i++)
        read_switches(&before[i]);
    pause_ms(seconds * 1000);
    for (size_t i = 0; i < n; i++)
        read_switches(&after[i]);
    for (size_t i = 0; i < n; i++) {
        after[i].switches -= before[i].switches;
        after[i].cpu_ns -= before[i].cpu_ns;
        read_memory(&after[i]);
    }
    printf("{\"seconds\":%lu,", seconds);
    print_parts(after, n);
    puts("}");
    return n > 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
    unsigned long number = argc > 3 ? strtoul(argv[2], NULL, 10) : 0;

    if (number > 0 && strcmp(argv[1], "peak") == 0)
        return peak(number, argv + 3);
    if (number > 0 && strcmp(argv[1], "rest") == 0)
        return rest(number, argv + 3);
    fputs("usage: bench-procs peak MILLISECONDS NAME... | rest SECONDS NAME...\n", stderr);
    return 2;
}
