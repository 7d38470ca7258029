// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/cli/programs.h"

#include "common/os/recio.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

void program_path(const char *name, char ret[static PROGRAM_PATH])
{
    char own[PROGRAM_PATH];
    ssize_t n = readlink("/proc/self/exe", own, sizeof own - 1);
    char *slash;

    if (n > 0) {
        own[n] = '\0';
        slash = strrchr(own, '/');
        if (slash && snprintf(ret, PROGRAM_PATH, "%.*s/%s", (int)(slash - own), own, name) < PROGRAM_PATH &&
            access(ret, X_OK) == 0)
            return;
    }
    snprintf(ret, PROGRAM_PATH, "%s/%s", VIRTRUST_LIBEXECDIR, name);
}

static pid_t start(const char *path, char *const argv[], int fd)
{
    pid_t pid = fork();

    if (pid != 0)
        return pid;
    setpgid(0, 0);
    signal(SIGPIPE, SIG_DFL);
    if (dup2(fd, STDIN_FILENO) < 0 || dup2(fd, STDOUT_FILENO) < 0)
        _exit(127);
    execv(path, argv);
    _exit(127);
}

int program_ask(const char *path, char *const argv[], const struct record *request, int timeout_ms,
                struct record **ret, struct err *err)
{
    int pair[2], status = 0, rc;
    pid_t pid;

    if (access(path, X_OK) < 0)
        return err_set(err, -errno, "%s: %s; is virtrust installed completely?", path, strerror(errno));
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
        return err_set(err, -errno, "cannot make a socket: %s", strerror(errno));
    pid = start(path, argv, pair[1]);
    close(pair[1]);
    rc = pid < 0 ? -errno : request ? recio_write(pair[0], request, timeout_ms, err) : 0;
    if (rc == 0)
        shutdown(pair[0], SHUT_WR);
    if (rc == 0 || rc == -EPIPE)
        rc = recio_read(pair[0], timeout_ms, ret, err);
    close(pair[0]);
    if (pid < 0)
        return err_set(err, rc, "cannot start %s: %s", path, strerror(-rc));
    if (rc != 0)
        kill(-pid, SIGKILL);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    if (rc == RECIO_END)
        return err_set(err, -EPIPE, "%s ended without an answer", path);
    if (rc == -ETIMEDOUT)
        return err_set(err, rc, "%s took longer than %d s and was ended", path, timeout_ms / 1000);
    return rc;
}
