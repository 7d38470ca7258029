// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/cli/programs.h"

#include "common/os/recio.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
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

static pid_t start(const char *path, char *const argv[], int fd, int words)
{
    pid_t parent = getpid(), pid = fork();

    if (pid != 0)
        return pid;
    setpgid(0, 0);
    signal(SIGPIPE, SIG_DFL);
    if (prctl(PR_SET_PDEATHSIG, SIGTERM) < 0 || getppid() != parent)
        _exit(127);
    if (dup2(fd, STDIN_FILENO) < 0 || dup2(fd, STDOUT_FILENO) < 0 || dup2(words, STDERR_FILENO) < 0)
        _exit(127);
    execv(path, argv);
    _exit(127);
}

// The last line that is not empty of what the program said, "" when it said nothing.
static void last_words(int fd, char *ret, size_t size)
{
    char buf[4096];
    off_t end = lseek(fd, 0, SEEK_END);
    ssize_t n = pread(fd, buf, sizeof buf - 1, end > (off_t)sizeof buf - 1 ? end - (off_t)sizeof buf + 1 : 0);
    char *line = buf;

    ret[0] = '\0';
    if (n <= 0)
        return;
    while (n > 0 && buf[n - 1] == '\n')
        n--;
    buf[n] = '\0';
    if (strrchr(buf, '\n'))
        line = strrchr(buf, '\n') + 1;
    snprintf(ret, size, "%.*s", (int)size - 1, line);
}

// The conversation itself, over our end of the socket.
static int converse(int fd, const struct record *request, int timeout_ms, struct record **ret,
                    struct err *err)
{
    int rc = request ? recio_write(fd, request, timeout_ms, err) : 0;

    if (rc == 0)
        shutdown(fd, SHUT_WR);
    return rc == 0 || rc == -EPIPE ? recio_read(fd, timeout_ms, ret, err) : rc;
}

static int explain(const char *path, int rc, int timeout_ms, int words, struct err *err)
{
    char last[300];

    last_words(words, last, sizeof last);
    if (rc == -ETIMEDOUT)
        return err_set(err, rc, "%s took longer than %d s and was ended", path, timeout_ms / 1000);
    if (rc == RECIO_END || rc == -EPIPE || rc == -ECONNRESET)
        return err_set(err, -EPIPE, "%s ended without an answer%s%s", path, last[0] ? ": " : "", last);
    return err_prefix(err, rc, "%s", path);
}

int program_ask(const char *path, char *const argv[], const struct record *request, int timeout_ms,
                struct record **ret, struct err *err)
{
    _cleanup_close_ int words = memfd_create("stderr", MFD_CLOEXEC), ours = -1;
    int pair[2], rc;
    pid_t pid;

    if (access(path, X_OK) < 0)
        return err_set(err, -errno, "%s: %s; is virtrust installed completely?", path, strerror(errno));
    if (words < 0 || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
        return err_set(err, -errno, "cannot make a socket: %s", strerror(errno));
    ours = pair[0];
    pid = start(path, argv, pair[1], words);
    rc = pid < 0 ? -errno : 0;
    close(pair[1]);
    if (rc < 0)
        return err_set(err, rc, "cannot start %s: %s", path, strerror(-rc));
    rc = converse(ours, request, timeout_ms, ret, err);
    if (rc != 0)
        kill(-pid, SIGKILL);
    shutdown(ours, SHUT_RD); // what it still has to say is not waited for
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        ;
    return rc == 0 ? 0 : explain(path, rc, timeout_ms, words, err);
}
