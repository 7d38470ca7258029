// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/engine/engine.h"

#include "common/os/logline.h"
#include "daemon/control/control.h"
#include "daemon/engine/asks.h"
#include "daemon/engine/hold.h"
#include "daemon/engine/hoststate.h"
#include "daemon/engine/proofs.h"
#include "daemon/engine/turns.h"
#include "daemon/engine/watchlink.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <systemd/sd-daemon.h>
#include <time.h>

enum { AGAIN_US = 10 * 1000 * 1000, PRUNE_AT_ONCE = 500 };

int64_t now_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

void engine_log(int priority, int64_t case_id, const char *guest, const char *format, ...)
{
    char line[1024], about[64] = "";
    va_list args;

    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    if (case_id)
        snprintf(about, sizeof about, " case=%lld", (long long)case_id);
    logline("virtrustd", priority, "%s%s%s%s", line, about, guest && guest[0] ? " guest=" : "",
            guest ? guest : "");
}

void engine_again(struct engine *e, enum due_kind kind, int64_t id, const char *uuid)
{
    due_set(&e->due, kind, id, uuid, now_us() + AGAIN_US);
    engine_rearm(e);
}

static void prune(struct engine *e);

static void wake_one(struct engine *e, const struct due *d)
{
    struct job_input wake = {.kind = JOB_IN_WAKE};
    struct casefile c;
    struct err err = {0};
    int rc;

    switch (d->kind) {
    case DUE_GUEST:
        engine_guest_due(e, d->uuid);
        break;
    case DUE_CASE:
        rc = store_case_get(e->store, d->id, &c, &err);
        if (rc < 0) {
            engine_log(3, d->id, NULL, "cannot go on with a case: %s; tries again", err.text);
            engine_again(e, DUE_CASE, d->id, NULL);
        }
        if (rc != 0)
            break;
        if (c.state == CASE_REPAIRING)
            engine_job_told(e, c.id);
        else
            engine_case_effect(e, &c, case_effect(&c));
        break;
    case DUE_PRUNE:
        prune(e);
        break;
    case DUE_JOB:
        if (engine_job_input(e, d->id, &wake, &err) < 0) {
            engine_log(3, d->id, NULL, "cannot go on with a repair: %s; tries again", err.text);
            engine_again(e, DUE_JOB, d->id, NULL);
        }
        break;
    }
}

static int on_timer(sd_event_source *s, uint64_t usec, void *arg)
{
    struct engine *e = arg;
    struct due d;
    int64_t now = now_us();

    (void)s;
    (void)usec;
    while (!hold_on(e) && due_take(&e->due, now, &d))
        wake_one(e, &d);
    engine_rearm(e);
    return 0;
}

// Due times are on the wall clock, for they outlive a restart, and move with it when it is set (clock.c); the timer is
// relative, and armed for an hour at most.
void engine_rearm(struct engine *e)
{
    int64_t next = due_next(&e->due), wait = next ? next - now_us() : 0;
    const int64_t hour = INT64_C(3600) * 1000000;

    if (!next || hold_on(e)) {
        sd_event_source_set_enabled(e->timer, SD_EVENT_OFF);
        return;
    }
    sd_event_source_set_time_relative(e->timer, (uint64_t)(wait < 0 ? 0 : wait > hour ? hour : wait));
    sd_event_source_set_enabled(e->timer, SD_EVENT_ONESHOT);
}

static int resume_guest(const struct guest *g, void *arg)
{
    struct engine *e = arg;

    if (g->burst.last_us)
        due_set(&e->due, DUE_GUEST, 0, g->uuid, g->burst.last_us + (int64_t)e->config->settle_ms * 1000);
    return 0;
}

static int resume_case(const struct casefile *c, void *arg)
{
    struct engine *e = arg;

    // Performed from the event loop: a due time in the past, or behind the pause that was begun.
    if (case_effect(c) != CASE_EFFECT_NONE || c->state == CASE_REPAIRING)
        due_set(&e->due, DUE_CASE, c->id, NULL, case_waits(c, now_us()) ? c->wake_us : 1);
    return 0;
}

struct resumed {
    int64_t *ids;
    size_t count, room;
};

static int note_job(const struct job *j, void *arg)
{
    struct resumed *r = arg;

    if (r->count == r->room) {
        size_t room = r->room ? r->room * 2 : 64;
        int64_t *grown = realloc(r->ids, room * sizeof *grown);

        if (!grown)
            return -ENOMEM;
        r->ids = grown;
        r->room = room;
    }
    r->ids[r->count++] = j->case_id;
    return 0;
}

// Closed cases and gone guests that are older than the configuration wants them kept; once a day, and at every start.
static void prune(struct engine *e)
{
    const int64_t day = INT64_C(86400) * 1000000, now = now_us();
    unsigned quiet = 0, gone = 0;
    struct err err = {0};
    int rc = store_begin(e->store, &err);

    if (rc >= 0)
        rc = store_case_prune(e->store, now - (int64_t)e->config->keep_cases_days * day, &err);
    if (rc >= 0)
        rc = store_attempt_prune(e->store, now - (int64_t)e->config->keep_cases_days * day, &err);
    if (rc >= 0)
        rc = store_case_prune_quiet(e->store, now - (int64_t)e->config->keep_quiet_days * day, PRUNE_AT_ONCE,
                                    &quiet, &err);
    if (rc >= 0) // behind the cases, for a guest is kept with its last one
        rc = store_guest_prune(e->store, now - (int64_t)e->config->keep_gone_days * day, PRUNE_AT_ONCE, &gone,
                               &err);
    if (rc >= 0)
        rc = store_commit(e->store, &err);
    if (rc < 0) {
        store_rollback(e->store);
        engine_log(4, 0, NULL, "cannot forget old cases and guests: %s", err.text);
    }
    // With many of them the rest follows soon, so that no single transaction keeps signals waiting.
    due_set(&e->due, DUE_PRUNE, 0, NULL,
            now + (gone == PRUNE_AT_ONCE || quiet == PRUNE_AT_ONCE ? AGAIN_US : day));
}

static int resume(struct engine *e, struct err *err)
{
    struct job_input again = {.kind = JOB_IN_RESUME};
    struct resumed jobs = {0};
    int rc = store_guest_each(e->store, resume_guest, e, err);

    if (rc == 0)
        rc = store_case_each(e->store, NULL, true, 0, resume_case, e, err);
    if (rc == 0)
        rc = store_job_each_open(e->store, note_job, &jobs, err);
    for (size_t i = 0; rc >= 0 && i < jobs.count; i++)
        rc = engine_job_input(e, jobs.ids[i], &again, err);
    free(jobs.ids);
    prune(e);
    engine_rearm(e);
    return rc < 0 ? rc : 0;
}

static int on_signal(sd_event_source *s, const struct signalfd_siginfo *si, void *arg)
{
    (void)si;
    (void)arg;
    return sd_event_exit(sd_event_source_get_event(s), 0);
}

static int open_loop(struct engine *e)
{
    sigset_t set;
    int rc = sd_event_new(&e->event);

    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigprocmask(SIG_BLOCK, &set, NULL);
    if (rc >= 0)
        rc = sd_event_add_signal(e->event, NULL, SIGTERM, on_signal, NULL);
    if (rc >= 0)
        rc = sd_event_add_signal(e->event, NULL, SIGINT, on_signal, NULL);
    if (rc >= 0)
        rc = sd_event_add_time(e->event, &e->timer, CLOCK_MONOTONIC, 0, 1, on_timer, e);
    if (rc >= 0)
        rc = sd_event_source_set_enabled(e->timer, SD_EVENT_OFF);
    if (rc >= 0)
        rc = engine_clock_open(e);
    return rc < 0 ? rc : 0;
}

int engine_open(struct config *config, struct engine **ret, struct err *err)
{
    _cleanup_(engine_closep) struct engine *e = calloc(1, sizeof *e);
    int rc;

    if (!e) {
        config_free(config);
        return -ENOMEM;
    }
    e->config = config;
    e->started_us = now_us();
    rc = open_loop(e);
    if (rc < 0)
        return err_set(err, rc, "cannot make an event loop: %s", strerror(-rc));
    rc = hoststate_open(config->state_dir, &e->store, &e->key, err);
    if (rc == 0)
        rc = asks_open(e, &e->asks);
    if (rc == 0)
        rc = watchlink_open(e, &e->watch, err);
    if (rc == 0)
        rc = control_open(e, &e->control, err);
    if (rc == 0)
        rc = turns_open(e, err);
    if (rc == 0)
        rc = resume(e, err);
    if (rc < 0)
        return rc;
    *ret = take(e);
    return 0;
}

struct engine *engine_close(struct engine *e)
{
    if (!e)
        return NULL;
    worker_cancel_all(e);
    sd_event_source_disable_unref(e->hold);
    proofs_close(e);
    attest_cancel_all(e);
    e->asks = asks_close(e->asks);
    looks_done(&e->looks);
    turns_done(&e->turns);
    e->control = control_close(e->control);
    e->watch = watchlink_close(e->watch);
    e->store = store_close(e->store);
    hostkey_done(&e->key);
    due_done(&e->due);
    sd_event_source_disable_unref(e->timer);
    sd_event_source_disable_unref(e->clock);
    sd_event_unref(e->event);
    config_free(e->config);
    free(e);
    return NULL;
}

int engine_run(struct engine *e)
{
    sd_notify(0, "READY=1");
    return sd_event_loop(e->event);
}
