// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/spawn/guard.h"

#include "common/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>

enum { GROUPS_MAX = 512 };

static void forget(pid_t *groups, size_t *n, pid_t group)
{
    for (size_t i = 0; i < *n; i++)
        if (groups[i] == group)
            groups[i--] = groups[--*n];
}

// A positive number adds a group, a negative one drops it; the end of the pipe is the end of virtrust-spawn.
static _Noreturn void watch_over(int fd)
{
    pid_t groups[GROUPS_MAX], message;
    size_t n = 0;
    ssize_t len;

    for (;;) {
        len = read(fd, &message, sizeof message);
        if (len < 0 && errno == EINTR)
            continue;
        if (len != sizeof message)
            break;
        forget(groups, &n, message < 0 ? -message : message);
        if (message > 0 && n < GROUPS_MAX)
            groups[n++] = message;
    }
    for (size_t i = 0; i < n; i++)
        kill(-groups[i], SIGKILL);
    _exit(0);
}

// Own session: whoever signals virtrust-spawn's group or terminal does not end the guard first.
static _Noreturn void become_guard(int fd)
{
    setsid();
    prctl(PR_SET_NAME, "virtrust-guard");
    for (int s = 1; s < NSIG; s++)
        signal(s, s == SIGPIPE || s == SIGTERM || s == SIGINT || s == SIGHUP ? SIG_IGN : SIG_DFL);
    if (dup2(fd, STDIN_FILENO) < 0)
        _exit(1);
    close_range(STDIN_FILENO + 1, ~0U, 0);
    watch_over(STDIN_FILENO);
}

int guard_start(struct guard *g, struct err *err)
{
    int ends[2] = {-1, -1};

    guard_done(g);
    if (pipe2(ends, O_CLOEXEC) < 0)
        return err_set(err, -errno, "cannot make a pipe: %s", strerror(errno));
    g->pid = fork();
    if (g->pid < 0) {
        int rc = -errno;

        close(ends[0]);
        close(ends[1]);
        return err_set(err, rc, "cannot start a process: %s", strerror(-rc));
    }
    if (g->pid == 0) {
        close(ends[1]);
        become_guard(ends[0]);
    }
    close(ends[0]);
    g->fd = ends[1];
    return 0;
}

static void tell(struct guard *g, pid_t message)
{
    ssize_t n;

    if (g->fd < 0)
        return;
    // Whole or not at all (less than PIPE_BUF); EPIPE means that the guard died, which SIGCHLD tells.
    do
        n = write(g->fd, &message, sizeof message);
    while (n < 0 && errno == EINTR);
}

void guard_add(struct guard *g, pid_t group)
{
    tell(g, group);
}

void guard_drop(struct guard *g, pid_t group)
{
    tell(g, -group);
}

void guard_done(struct guard *g)
{
    if (g->fd >= 0)
        close(g->fd);
    if (g->pid > 0)
        waitpid(g->pid, NULL, 0);
    g->fd = g->pid = -1;
}
