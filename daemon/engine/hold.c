// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/engine/hold.h"

#include "daemon/engine/asks.h"
#include "daemon/engine/engine.h"

enum { PAUSE_MIN_S = 5, PAUSE_MAX_S = 60 };

static int on_try(sd_event_source *s, uint64_t usec, void *arg);

static void try_later(struct engine *e)
{
    uint64_t us;

    e->hold_s = !e->hold_s ? PAUSE_MIN_S : e->hold_s < PAUSE_MAX_S / 2 ? 2 * e->hold_s : PAUSE_MAX_S;
    us = e->hold_s * UINT64_C(1000000);
    if (!e->hold)
        sd_event_add_time_relative(e->event, &e->hold, CLOCK_MONOTONIC, us, 0, on_try, e);
    else if (sd_event_source_set_time_relative(e->hold, us) >= 0)
        sd_event_source_set_enabled(e->hold, SD_EVENT_ONESHOT);
}

static void go_on(struct engine *e)
{
    engine_log(5, 0, NULL, "the store can be written again");
    e->hold = sd_event_source_disable_unref(e->hold);
    e->hold_s = 0;
    engine_rearm(e);
    looks_go_on(e);
    asks_go_on(e->asks);
}

static int on_try(sd_event_source *s, uint64_t usec, void *arg)
{
    struct engine *e = arg;
    struct err err = {0};

    (void)s;
    (void)usec;
    if (store_trouble(e->store) && store_try(e->store, &err) < 0)
        try_later(e);
    else
        go_on(e);
    return 0;
}

bool hold_on(struct engine *e)
{
    const struct store_trouble *t = store_trouble(e->store);

    if (!t)
        return false;
    if (!e->hold) {
        engine_log(2, 0, NULL, "the store cannot be written, nothing is begun until it can: %s", t->text);
        try_later(e);
    }
    return true;
}
