// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest-helper/clock.h"

#include <errno.h>
#include <string.h>
#include <time.h>

int64_t clock_now_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

int clock_set_us(int64_t us, struct err *err)
{
    const struct timespec t = {.tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000};

    if (clock_settime(CLOCK_REALTIME, &t) < 0)
        return err_set(err, -errno, "the clock cannot be set: %s", strerror(errno));
    return 0;
}
