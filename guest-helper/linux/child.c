// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest-helper/child.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct pipes {
    int in[2], out[2], err[2];
};

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static void pipes_done(struct pipes *p)
{
    int *const fds[] = {&p->in[0], &p->in[1], &p->out[0], &p->out[1], &p->err[0], &p->err[1]};

    for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
        close_fd(fds[i]);
}

static void become(const struct pipes *p, const char *verb)
{
    char *const argv[] = {"virtrust-helper", (char *)verb, NULL};

    if (dup2(p->in[0], 0) >= 0 && dup2(p->out[1], 1) >= 0 && dup2(p->err[1], 2) >= 0) {
        for (int fd = 3; fd < 64; fd++)
            close(fd);
        execv("/proc/self/exe", argv);
    }
    _exit(EXIT_NO_WORK);
}

static void keep_line(const char *buf, ssize_t n, char ret[static CHILD_LINE])
{
    size_t used = strlen(ret);

    for (ssize_t i = 0; i < n && used < CHILD_LINE - 1 && buf[i] != '\n'; i++)
        ret[used++] = buf[i] >= 0x20 && buf[i] <= 0x7e ? buf[i] : '?';
    ret[used] = '\0';
}

// Writes the input while it reads the output, so that neither waits for the other.
static void talk(struct pipes *p, const char *input, size_t len, struct child_end *e)
{
    while (p->out[0] >= 0 || p->err[0] >= 0) {
        struct pollfd w[] = {{.fd = p->in[1], .events = POLLOUT},
                             {.fd = p->out[0], .events = POLLIN},
                             {.fd = p->err[0], .events = POLLIN}};
        char buf[4096];
        ssize_t n;

        if (poll(w, 3, -1) < 0 && errno != EINTR)
            return;
        if (w[0].fd >= 0 && w[0].revents) {
            n = len > 0 ? write(p->in[1], input, len < 4096 ? len : 4096) : -1;
            if (n > 0)
                input += n, len -= (size_t)n;
            if (n <= 0 || len == 0)
                close_fd(&p->in[1]);
        }
        if (w[1].fd >= 0 && w[1].revents) {
            n = read(p->out[0], e->out + e->out_len, CHILD_OUT_MAX - e->out_len);
            if (n <= 0)
                close_fd(&p->out[0]);
            else
                e->out_len += (size_t)n;
        }
        if (w[2].fd >= 0 && w[2].revents) {
            n = read(p->err[0], buf, sizeof buf);
            if (n <= 0)
                close_fd(&p->err[0]);
            else
                keep_line(buf, n, e->line);
        }
    }
}

int child_run(const char *verb, const char *input, size_t len, struct child_end *ret, struct err *err)
{
    __attribute__((cleanup(pipes_done))) struct pipes p = {{-1, -1}, {-1, -1}, {-1, -1}};
    int status = 0;
    pid_t pid;

    ret->out = malloc(CHILD_OUT_MAX);
    if (!ret->out)
        return err_set(err, -ENOMEM, "out of memory");
    if (pipe(p.in) < 0 || pipe(p.out) < 0 || pipe(p.err) < 0 || (pid = fork()) < 0)
        return err_set(err, -errno, "cannot start the helper: %s", strerror(errno));
    if (pid == 0)
        become(&p, verb);
    close_fd(&p.in[0]);
    close_fd(&p.out[1]);
    close_fd(&p.err[1]);
    talk(&p, input, len, ret);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    ret->exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_NO_WORK;
    return 0;
}
