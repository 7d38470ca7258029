// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/spawn/spawn.h"

#include "daemon/spawn/dirs.h"
#include "daemon/spawn/guard.h"
#include "daemon/spawn/program.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>

// A program that dies is started again at once, and ever later while it goes on dying young.
enum { CHILDREN_MAX = 128, PAUSE_MIN_MS = 200, PAUSE_MAX_MS = 5000, OLD_MS = 10000, GRACE_MS = 5000 };

struct child {
    pid_t pid; // 0: free
    enum program_id program;
    int64_t since_ms;
};

struct spawn {
    const struct config *config;
    const char *bin_dir, *config_file;
    struct guard guard;
    struct child children[CHILDREN_MAX];
    unsigned running[PROGRAMS_COUNT], most[PROGRAMS_COUNT];
    int listeners[PROGRAMS_COUNT];    // -1: none
    int64_t start_ms[PROGRAMS_COUNT]; // of the always-on ones: when to start; -1: runs
    int64_t pause_ms[PROGRAMS_COUNT];
    int signals;
    bool ending;
};

static int64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void say(const char *text)
{
    fprintf(stderr, "virtrust-spawn: %s\n", text);
}

static bool start(struct spawn *s, enum program_id id, int fd)
{
    struct child *free_place = NULL;
    struct err err = {0};
    pid_t pid;

    for (size_t i = 0; i < CHILDREN_MAX && !free_place; i++)
        if (!s->children[i].pid)
            free_place = &s->children[i];
    if (!free_place)
        return false;
    pid = program_start(&programs[id], s->bin_dir, s->config_file, fd, &err);
    if (pid < 0) {
        say(err.text);
        return false;
    }
    guard_add(&s->guard, pid);
    *free_place = (struct child){.pid = pid, .program = id, .since_ms = now_ms()};
    s->running[id]++;
    return true;
}

static void start_due(struct spawn *s)
{
    for (size_t id = 0; id < PROGRAMS_COUNT; id++)
        if (!programs[id].socket && s->start_ms[id] >= 0 && s->start_ms[id] <= now_ms())
            s->start_ms[id] = start(s, id, -1) ? -1 : now_ms() + PAUSE_MAX_MS;
}

// Connections beyond the limit wait in the socket's queue.
static void serve(struct spawn *s, enum program_id id)
{
    while (s->running[id] < s->most[id]) {
        _cleanup_close_ int fd = accept4(s->listeners[id], NULL, NULL, SOCK_CLOEXEC);

        if (fd < 0)
            return;
        start(s, id, fd); // not started: the peer sees its connection close, and asks again later
    }
}

static void plan_restart(struct spawn *s, const struct child *c, const siginfo_t *how)
{
    int64_t age = now_ms() - c->since_ms;
    int64_t *pause = &s->pause_ms[c->program];

    *pause = age >= OLD_MS || !*pause ? PAUSE_MIN_MS : *pause * 2 < PAUSE_MAX_MS ? *pause * 2 : PAUSE_MAX_MS;
    s->start_ms[c->program] = now_ms() + *pause;
    fprintf(stderr, "virtrust-spawn: %s %s %d; starting it again in %.1f s\n", programs[c->program].name,
            how->si_code == CLD_EXITED ? "ended with exit code" : "was killed by signal", how->si_status,
            (double)*pause / 1000);
}

static void ended(struct spawn *s, const siginfo_t *how)
{
    for (size_t i = 0; i < CHILDREN_MAX; i++) {
        struct child *c = &s->children[i];

        if (c->pid != how->si_pid)
            continue;
        // While the leader is not reaped its number is its own: what it left behind ends with it.
        kill(-c->pid, SIGKILL);
        guard_drop(&s->guard, c->pid);
        s->running[c->program]--;
        if (!programs[c->program].socket && !s->ending)
            plan_restart(s, c, how);
        c->pid = 0;
    }
}

static void renew_guard(struct spawn *s)
{
    struct err err = {0};

    s->guard.pid = -1; // is being reaped
    if (guard_start(&s->guard, &err) < 0)
        say(err.text);
    for (size_t i = 0; i < CHILDREN_MAX; i++)
        if (s->children[i].pid)
            guard_add(&s->guard, s->children[i].pid);
}

static void reap(struct spawn *s)
{
    for (;;) {
        siginfo_t how = {0};

        if (waitid(P_ALL, 0, &how, WEXITED | WNOHANG | WNOWAIT) < 0 || how.si_pid == 0)
            return;
        if (how.si_pid != s->guard.pid)
            ended(s, &how);
        else if (!s->ending)
            renew_guard(s);
        waitpid(how.si_pid, NULL, 0);
    }
}

static void take_signals(struct spawn *s)
{
    struct signalfd_siginfo info;

    while (read(s->signals, &info, sizeof info) == sizeof info)
        if (info.ssi_signo != SIGCHLD)
            s->ending = true;
    reap(s);
}

static int next_timeout(const struct spawn *s)
{
    int64_t soonest = -1, left;

    for (size_t id = 0; id < PROGRAMS_COUNT; id++)
        if (!programs[id].socket && s->start_ms[id] >= 0 && (soonest < 0 || s->start_ms[id] < soonest))
            soonest = s->start_ms[id];
    if (soonest < 0)
        return -1;
    left = soonest - now_ms();
    return left < 0 ? 0 : (int)left;
}

static void loop(struct spawn *s)
{
    while (!s->ending) {
        struct pollfd polled[PROGRAMS_COUNT + 1];

        start_due(s);
        polled[PROGRAMS_COUNT] = (struct pollfd){.fd = s->signals, .events = POLLIN};
        for (size_t id = 0; id < PROGRAMS_COUNT; id++)
            polled[id] = (struct pollfd){.fd = s->running[id] < s->most[id] ? s->listeners[id] : -1,
                                         .events = POLLIN};
        if (poll(polled, PROGRAMS_COUNT + 1, next_timeout(s)) < 0 && errno != EINTR)
            return;
        take_signals(s);
        for (size_t id = 0; id < PROGRAMS_COUNT && !s->ending; id++)
            if (s->listeners[id] >= 0)
                serve(s, id);
    }
}

static void signal_all(const struct spawn *s, int signal)
{
    for (size_t i = 0; i < CHILDREN_MAX; i++)
        if (s->children[i].pid)
            kill(-s->children[i].pid, signal);
}

static unsigned alive(const struct spawn *s)
{
    unsigned n = 0;

    for (size_t id = 0; id < PROGRAMS_COUNT; id++)
        n += s->running[id];
    return n;
}

static void end_all(struct spawn *s)
{
    int64_t deadline = now_ms() + GRACE_MS;
    char path[512];

    for (size_t id = 0; id < PROGRAMS_COUNT; id++) {
        if (s->listeners[id] < 0)
            continue;
        close(s->listeners[id]);
        snprintf(path, sizeof path, "%s/%s", s->config->runtime_dir, programs[id].socket);
        unlink(path);
    }
    signal_all(s, SIGTERM);
    while (alive(s) && now_ms() < deadline) {
        struct pollfd p = {.fd = s->signals, .events = POLLIN};

        poll(&p, 1, (int)(deadline - now_ms()) + 1);
        take_signals(s);
    }
    signal_all(s, SIGKILL);
    for (size_t i = 0; i < CHILDREN_MAX; i++)
        if (s->children[i].pid)
            waitpid(s->children[i].pid, NULL, 0);
    guard_done(&s->guard);
}

static int prepare(struct spawn *s, struct err *err)
{
    sigset_t set;
    int rc = 0;

    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    sigprocmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
    s->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (s->signals < 0)
        return err_set(err, -errno, "cannot wait for signals: %s", strerror(errno));
    for (size_t id = 0; id < PROGRAMS_COUNT && rc >= 0; id++) {
        s->most[id] = id == PROGRAM_INSPECT ? config_looks_at_once(s->config) + s->config->appliances_at_once
                                            : programs[id].at_once;
        s->listeners[id] = -1;
        if (programs[id].socket)
            rc = s->listeners[id] = dirs_listen(s->config, programs[id].socket, err);
    }
    return rc < 0 ? rc : guard_start(&s->guard, err);
}

int spawn_run(const struct config *config, const char *bin_dir, const char *config_file)
{
    struct spawn s = {
        .config = config, .bin_dir = bin_dir, .config_file = config_file, .guard = GUARD_NONE, .signals = -1};
    _cleanup_close_ int lock = -1;
    struct err err = {0};
    int rc = dirs_make(config, &err);

    if (rc == 0)
        rc = lock = dirs_lock(config, &err);
    if (rc >= 0)
        rc = prepare(&s, &err);
    if (rc < 0) {
        say(err.text);
        return EXIT_NO_WORK;
    }
    loop(&s);
    end_all(&s);
    close(s.signals);
    return EXIT_ANSWERED;
}
