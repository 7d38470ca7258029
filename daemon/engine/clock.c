// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
// The wall clock can be set, by hours right after the host's start. A timer that the kernel cancels when that happens
// tells; what was due in five seconds is due in five seconds still.
#include "daemon/engine/engine.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>

enum { WORTH_US = 100 * 1000 }; // less is no setting worth the name

static int64_t ahead_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_BOOTTIME, &t);
    return now_us() - ((int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000);
}

static int arm(int fd)
{
    // So far away that it never rings by itself.
    const struct itimerspec never = {.it_value.tv_sec = INT64_C(9000000000)};

    return timerfd_settime(fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &never, NULL) < 0 ? -errno : 0;
}

void engine_clock_moved(struct engine *e, int64_t by_us)
{
    due_shift(&e->due, by_us);
    engine_rearm(e);
}

static int on_set(sd_event_source *s, int fd, uint32_t events, void *arg)
{
    struct engine *e = arg;
    int64_t now = ahead_us(), by_us = now - e->ahead_us;
    uint64_t rung;

    (void)s;
    (void)events;
    (void)!read(fd, &rung, sizeof rung); // -ECANCELED
    (void)arm(fd);
    e->ahead_us = now;
    if (by_us >= WORTH_US || by_us <= -WORTH_US) {
        engine_log(5, 0, NULL, "the clock was set by %lld s", (long long)(by_us / 1000000));
        engine_clock_moved(e, by_us);
    }
    return 0;
}

int engine_clock_open(struct engine *e)
{
    _cleanup_close_ int fd = timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC | TFD_NONBLOCK);
    int rc = fd < 0 ? -errno : arm(fd);

    if (rc == 0)
        rc = sd_event_add_io(e->event, &e->clock, fd, EPOLLIN, on_set, e);
    if (rc < 0)
        return rc;
    sd_event_source_set_io_fd_own(e->clock, true);
    take_fd(fd);
    e->ahead_us = ahead_us();
    return 0;
}
