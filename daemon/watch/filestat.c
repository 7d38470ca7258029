// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/watch/filestat.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

enum {
    SLOW_DIRECTORIES = 16,
    SLOW_MS = 60 * 1000,
    STUCK_MAX = 8, // children that did not die yet; then nothing is asked until one does
};

struct answer {
    int rc;
    struct filestat_result result;
};

struct filestat {
    int timeout_ms;
    pid_t child;
    int fd;
    pid_t stuck[STUCK_MAX];
    struct slow {
        char dir[PATH_MAX];
        int64_t until_ms;
    } slow[SLOW_DIRECTORIES];
    unsigned next_slow;
};

static int64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

struct filestat *filestat_new(int timeout_ms)
{
    struct filestat *fs = calloc(1, sizeof *fs);

    if (fs) {
        fs->timeout_ms = timeout_ms;
        fs->fd = -1;
    }
    return fs;
}

static struct answer look(const char *path)
{
    struct answer a = {0};
    struct stat st;

    if (stat(path, &st) < 0) {
        a.rc = -errno;
    } else if (!S_ISREG(st.st_mode)) {
        a.rc = -ENOTSUP;
    } else {
        a.result.dev = st.st_dev;
        a.result.ino = st.st_ino;
        a.result.size = (uint64_t)st.st_size;
        a.result.mtime_us = (int64_t)st.st_mtim.tv_sec * 1000000 + st.st_mtim.tv_nsec / 1000;
    }
    return a;
}

// Holds nothing but its end of the socket, and dies with its parent.
__attribute__((noreturn)) static void serve(int fd, pid_t parent)
{
    char path[PATH_MAX];

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent || dup2(fd, 3) != 3)
        _exit(0);
    close_range(4, ~0U, 0);
    for (;;) {
        ssize_t n = recv(3, path, sizeof path - 1, 0);
        struct answer a;

        if (n <= 0)
            _exit(0);
        path[n] = '\0';
        a = look(path);
        if (send(3, &a, sizeof a, MSG_NOSIGNAL) < 0)
            _exit(0);
    }
}

static void reap(struct filestat *fs)
{
    for (unsigned i = 0; i < STUCK_MAX; i++)
        if (fs->stuck[i] > 0 && waitpid(fs->stuck[i], NULL, WNOHANG) != 0)
            fs->stuck[i] = 0;
}

static void give_up_child(struct filestat *fs)
{
    if (fs->child <= 0)
        return;
    close(fs->fd);
    fs->fd = -1;
    kill(fs->child, SIGKILL);
    for (unsigned i = 0; i < STUCK_MAX; i++)
        if (fs->stuck[i] == 0) {
            fs->stuck[i] = fs->child;
            break;
        }
    fs->child = 0;
    reap(fs);
}

static int start_child(struct filestat *fs)
{
    bool room = false;
    pid_t parent = getpid();
    int pair[2];

    if (fs->child > 0)
        return 0;
    reap(fs);
    for (unsigned i = 0; i < STUCK_MAX; i++)
        room = room || fs->stuck[i] == 0;
    if (!room)
        return -EBUSY;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
        return -errno;
    fs->child = fork();
    if (fs->child == 0)
        serve(pair[1], parent);
    close(pair[1]);
    if (fs->child < 0) {
        fs->child = 0;
        close(pair[0]);
        return -EAGAIN;
    }
    fs->fd = pair[0];
    return 0;
}

struct filestat *filestat_free(struct filestat *fs)
{
    if (!fs)
        return NULL;
    give_up_child(fs);
    free(fs);
    return NULL;
}

static size_t directory_length(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? (size_t)(slash - path) : 0;
}

static bool is_slow(const struct filestat *fs, const char *path)
{
    size_t len = directory_length(path);

    for (unsigned i = 0; i < SLOW_DIRECTORIES; i++)
        if (fs->slow[i].until_ms > now_ms() && strlen(fs->slow[i].dir) == len &&
            strncmp(fs->slow[i].dir, path, len) == 0)
            return true;
    return false;
}

static void remember_slow(struct filestat *fs, const char *path)
{
    struct slow *s = &fs->slow[fs->next_slow++ % SLOW_DIRECTORIES];

    snprintf(s->dir, sizeof s->dir, "%.*s", (int)directory_length(path), path);
    s->until_ms = now_ms() + SLOW_MS;
}

int filestat_get(struct filestat *fs, const char *path, struct filestat_result *ret)
{
    struct answer a;
    struct pollfd p;
    int rc;

    if (!fs)
        return -ENOTSUP;
    if (strlen(path) >= PATH_MAX)
        return -ENAMETOOLONG;
    if (is_slow(fs, path))
        return -EBUSY;
    rc = start_child(fs);
    if (rc < 0)
        return rc;
    if (send(fs->fd, path, strlen(path), MSG_NOSIGNAL) < 0) {
        give_up_child(fs);
        return -EIO;
    }
    p = (struct pollfd){.fd = fs->fd, .events = POLLIN};
    do
        rc = poll(&p, 1, fs->timeout_ms);
    while (rc < 0 && errno == EINTR);
    if (rc > 0 && recv(fs->fd, &a, sizeof a, 0) == sizeof a) {
        if (a.rc == 0)
            *ret = a.result;
        return a.rc;
    }
    give_up_child(fs);
    if (rc != 0)
        return -EIO;
    remember_slow(fs, path);
    return -ETIMEDOUT;
}
