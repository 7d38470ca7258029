// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/watch/patience.h"

#include "common/cleanup.h"
#include "daemon/watch/log.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>

static struct {
    pthread_mutex_t lock;
    timer_t timer;
    char *uri; // NULL: not opened
    int fd;
    unsigned calls; // how many there were: two calls are told apart by it
    bool under_way;
    bool lost;
} patience = {.lock = PTHREAD_MUTEX_INITIALIZER, .fd = -1};

int patience_probe(const char *uri, pid_t *ret_pid, int *ret_out)
{
    char *words[] = {(char *)"virtrust-watch", (char *)"--probe", (char *)uri, NULL};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none;
    int out[2], rc;

    if (pipe2(out, O_CLOEXEC | O_NONBLOCK) < 0)
        return -errno;
    sigemptyset(&none);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
    posix_spawnattr_setsigmask(&attributes, &none);
    rc = -posix_spawn(ret_pid, "/proc/self/exe", &actions, &attributes, words, environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    close(out[1]);
    if (rc < 0)
        close(out[0]);
    else
        *ret_out = out[0];
    return rc;
}

// Does the daemon answer somebody else? A probe that cannot be started accuses nobody.
static bool answers(void)
{
    _cleanup_close_ int out = -1;
    struct pollfd end = {.events = POLLIN};
    int status = 0, ended;
    pid_t pid;

    if (patience_probe(patience.uri, &pid, &out) < 0)
        return true;
    end.fd = out; // it writes before it ends, or only ends: either is an answer in time
    do
        ended = poll(&end, 1, PATIENCE_PROBE_S * 1000);
    while (ended < 0 && errno == EINTR);
    if (ended <= 0)
        (void)kill(pid, SIGKILL);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void set_timer(int seconds)
{
    const struct itimerspec when = {.it_value.tv_sec = seconds};

    (void)timer_settime(patience.timer, 0, &when, NULL);
}

// In a thread of its own, which the C library makes when the time is over.
static void on_expiry(union sigval unused)
{
    unsigned call;
    bool under_way, well;

    (void)unused;
    (void)pthread_mutex_lock(&patience.lock);
    call = patience.calls;
    under_way = patience.under_way;
    (void)pthread_mutex_unlock(&patience.lock);
    if (!under_way)
        return;
    well = answers();
    (void)pthread_mutex_lock(&patience.lock);
    if (patience.under_way && patience.calls == call) {
        if (well) {
            set_timer(PATIENCE_S);
        } else {
            patience.lost = true;
            (void)shutdown(patience.fd, SHUT_RDWR);
        }
    }
    (void)pthread_mutex_unlock(&patience.lock);
}

int patience_open(const char *uri)
{
    struct sigevent how = {.sigev_notify = SIGEV_THREAD, .sigev_notify_function = on_expiry};

    if (timer_create(CLOCK_MONOTONIC, &how, &patience.timer) < 0)
        return -errno;
    patience.uri = strdup(uri); // for good: the timer's thread may outlive whoever opened this
    return patience.uri ? 0 : -ENOMEM;
}

void patience_watch(int fd)
{
    (void)pthread_mutex_lock(&patience.lock);
    patience.fd = fd;
    patience.lost = false;
    (void)pthread_mutex_unlock(&patience.lock);
}

bool patience_lost(void)
{
    bool lost;

    (void)pthread_mutex_lock(&patience.lock);
    lost = patience.lost;
    (void)pthread_mutex_unlock(&patience.lock);
    return lost;
}

static void set_under_way(bool under_way)
{
    (void)pthread_mutex_lock(&patience.lock);
    patience.under_way = under_way && patience.uri && patience.fd >= 0;
    patience.calls += under_way;
    if (patience.uri && patience.fd >= 0)
        set_timer(under_way ? PATIENCE_S : 0);
    (void)pthread_mutex_unlock(&patience.lock);
}

void patience_begin(void)
{
    set_under_way(true);
}

void patience_end(void)
{
    set_under_way(false);
}
