// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest-helper/linux/run.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct pipes {
    int in[2], out[2];
};

static void close_all(struct pipes *p)
{
    const int fds[] = {p->in[0], p->in[1], p->out[0], p->out[1]};

    for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
        if (fds[i] >= 0)
            close(fds[i]);
}

static void child(const struct pipes *p, const char *const *argv)
{
    if (dup2(p->in[0], 0) >= 0 && dup2(p->out[1], 1) >= 0 && dup2(p->out[1], 2) >= 0)
        execv(argv[0], (char *const *)argv);
    _exit(127);
}

// A pipe takes a secret and a newline whole (SECRET_MAX is far below a pipe's size), so writing first cannot hang.
static void feed(int fd, const struct secret *input)
{
    _cleanup_secret_ struct secret line = {0};

    if (!input || input->len >= SECRET_MAX)
        return;
    line = *input;
    line.data[line.len++] = '\n';
    if (write(fd, line.data, line.len) < 0)
        return; // the program went away: its exit status tells
}

static void drain(int fd, char *out, size_t size)
{
    char rest[1024];
    size_t used = 0;

    for (;;) {
        size_t room = size - 1 - used;
        ssize_t n = room > 0 ? read(fd, out + used, room) : read(fd, rest, sizeof rest);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        if (room > 0)
            used += (size_t)n;
    }
    out[used] = '\0';
}

int run_program(const char *const *argv, const struct secret *input, char *ret_out, size_t out_size,
                struct err *err)
{
    __attribute__((cleanup(close_all))) struct pipes p = {{-1, -1}, {-1, -1}};
    void (*old)(int);
    int status = 0;
    pid_t pid;

    if (pipe2(p.in, O_CLOEXEC) < 0 || pipe2(p.out, O_CLOEXEC) < 0 || (pid = fork()) < 0)
        return err_set(err, -errno, "%s: cannot start it: %s", argv[0], strerror(errno));
    if (pid == 0)
        child(&p, argv);
    close(p.in[0]);
    close(p.out[1]);
    p.in[0] = p.out[1] = -1;
    old = signal(SIGPIPE, SIG_IGN);
    feed(p.in[1], input);
    signal(SIGPIPE, old);
    close(p.in[1]);
    p.in[1] = -1;
    drain(p.out[0], ret_out, out_size);
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return err_set(err, -errno, "%s: %s", argv[0], strerror(errno));
    if (!WIFEXITED(status))
        return err_set(err, -ECHILD, "%s was ended by signal %d", argv[0], WTERMSIG(status));
    return WEXITSTATUS(status);
}
