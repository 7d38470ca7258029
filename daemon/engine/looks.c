// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/engine/looks.h"

#include "daemon/engine/engine.h"
#include "daemon/engine/hold.h"

#include <string.h>

enum { GRACE_S = 15 };

unsigned looks_most(const struct engine *e, enum look_line line)
{
    bool quick = line == LOOK_DIRECT && strcmp(config_first_engine(e->config), "guestfs") != 0;

    return quick ? config_looks_at_once(e->config) : e->config->appliances_at_once;
}

static struct look_run *find_run(struct lookpool *p, int64_t case_id)
{
    for (size_t i = 0; i < LOOK_RUNS; i++)
        if (p->runs[i].case_id == case_id)
            return &p->runs[i];
    return NULL;
}

static void pump(struct engine *e);

// The burst is still open: a look counts only if it began after its last signal. It is made when that has settled.
static bool is_early(struct engine *e, const struct casefile *c)
{
    struct guest g;
    struct err err = {0};

    if (store_guest_get(e->store, c->guest, &g, &err) != 0 || !g.burst.last_us)
        return false;
    due_set(&e->due, DUE_CASE, c->id, NULL, g.burst.last_us + 2 * (int64_t)e->config->settle_ms * 1000);
    engine_rearm(e);
    return true;
}

static bool needs_appliance(const struct engine *e, const struct look_run *run, const struct record *answer)
{
    return run->line == LOOK_DIRECT && config_next_engine(e->config) && record_is(answer, "error") &&
           strcmp(record_get_or(answer, "code", ""), "not-direct") == 0;
}

static void on_look(struct engine *e, const struct worker_key *key, const struct record *answer,
                    const char *lost, void *arg)
{
    struct case_input in = {.kind = record_is(answer, "evidence") ? CASE_IN_LOOKED : CASE_IN_LOOK_FAILED};
    struct look_run *slot = arg, run;
    struct casefile c;
    struct err err = {0};

    e->looks.running[slot->line]--;
    e->looks.done++;
    in.transient = !answer; // the worker died: not the guest's fault, or only once
    // The next one begins while this one's answer is being committed. Its place is kept until then: a queue that fills
    // itself from the store finds the case there, looking still.
    pump(e);
    run = *slot;
    *slot = (struct look_run){0};
    if (store_case_get(e->store, key->case_id, &c, &err) != 0 || c.state != CASE_LOOKING)
        return;
    if (run.again || c.epoch != key->epoch)
        lookqueue_put(&e->looks.waiting[LOOK_DIRECT], c.id, c.witnessed);
    else if (needs_appliance(e, &run, answer))
        lookqueue_put(&e->looks.waiting[LOOK_APPLIANCE], c.id, c.witnessed);
    else if (!is_early(e, &c))
        engine_learnt(e, key, "disk", answer, lost, &in);
    pump(e);
}

static void copy_disks(const struct record *description, struct record *request)
{
    const char *key, *value;
    size_t len;

    for (size_t i = 0; i < record_count(description); i++) {
        record_at(description, i, &key, &value, &len);
        if (strncmp(key, "disk.", 5) == 0)
            record_add_bytes(request, key, value, len);
    }
}

static void start(struct engine *e, const struct casefile *c, enum look_line line, struct look_run *run)
{
    _cleanup_record_ struct record *description = NULL;
    struct record *request = record_new("look");
    struct config_choice choice;
    struct guest g = {0};
    struct err err = {0};

    engine_choice(e, c->guest, c->name, &choice);
    store_description_get(e->store, c->guest, &description, &err);
    store_guest_get(e->store, c->guest, &g, &err);
    record_add(request, "guest", c->guest);
    record_add_bool(request, "running", g.running);
    record_add_u64(request, "timeout_s", e->config->look_timeout_s);
    record_add(request, "engine",
               line == LOOK_DIRECT ? config_first_engine(e->config) : config_next_engine(e->config));
    record_add(request, "key_file", choice.look_key_file);
    copy_disks(description, request);
    *run = (struct look_run){.case_id = c->id, .epoch = c->epoch, .line = line};
    e->looks.running[line]++;
    worker_call(e, WORKER_INSPECT, request, e->config->look_timeout_s + GRACE_S,
                (struct worker_key){.case_id = c->id, .epoch = c->epoch}, on_look, run);
}

static int put_again(const struct casefile *c, void *arg)
{
    struct engine *e = arg;

    struct lookqueue *q = &e->looks.waiting[LOOK_DIRECT];

    // One that pauses is woken by its own due time; one that runs says itself that it has to be repeated.
    if (!case_waits(c, now_us()) && !find_run(&e->looks, c->id) &&
        !lookqueue_has(&e->looks.waiting[LOOK_APPLIANCE], c->id))
        lookqueue_put(q, c->id, c->witnessed);
    return c->witnessed ? q->seen_left_out : q->other_left_out; // full again
}

// Those that found no room are taken from the store, the oldest first, as soon as there is some.
static void refill(struct engine *e, bool witnessed)
{
    struct lookqueue *q = &e->looks.waiting[LOOK_DIRECT];
    struct err err = {0};
    int rc = store_case_looking(e->store, witnessed, put_again, e, &err);

    if (rc >= 0)
        return;
    engine_log(4, 0, NULL, "cannot read which guests are to be looked at: %s; tries again", err.text);
    *(witnessed ? &q->seen_left_out : &q->other_left_out) = true;
}

static void pump_line(struct engine *e, enum look_line line)
{
    struct lookpool *p = &e->looks;
    struct look_run *room;
    struct casefile c;
    struct err err = {0};
    int64_t id;

    while (p->running[line] < looks_most(e, line) && (room = find_run(p, 0)) &&
           lookqueue_take(&p->waiting[line], &id)) {
        struct look_run *run = find_run(p, id);

        if (run)
            run->again = true;
        else if (store_case_get(e->store, id, &c, &err) == 0 && c.state == CASE_LOOKING &&
                 !case_waits(&c, now_us()))
            start(e, &c, line, room);
    }
}

static void pump(struct engine *e)
{
    struct lookqueue *q = e->looks.waiting;

    if (hold_on(e))
        return;
    // What found no room for the appliance's line goes through the other once more.
    for (unsigned seen = 0; seen < 2; seen++) {
        bool owed = lookqueue_wants(&q[LOOK_APPLIANCE], seen);

        if (lookqueue_wants(&q[LOOK_DIRECT], seen) || owed)
            refill(e, seen);
    }
    for (unsigned line = 0; line < LOOK_LINES; line++)
        pump_line(e, (enum look_line)line);
}

void looks_go_on(struct engine *e)
{
    pump(e);
}

void looks_want(struct engine *e, const struct casefile *c)
{
    struct look_run *run = find_run(&e->looks, c->id);

    if (run && run->epoch != c->epoch)
        run->again = true;
    if (!run) {
        lookqueue_drop(&e->looks.waiting[LOOK_APPLIANCE], c->id);
        lookqueue_put(&e->looks.waiting[LOOK_DIRECT], c->id, c->witnessed);
    }
    pump(e);
}

void looks_forget(struct engine *e, int64_t case_id)
{
    for (unsigned line = 0; line < LOOK_LINES; line++)
        lookqueue_drop(&e->looks.waiting[line], case_id);
}

void looks_done(struct lookpool *p)
{
    for (unsigned line = 0; line < LOOK_LINES; line++)
        lookqueue_done(&p->waiting[line]);
}

unsigned looks_running(const struct lookpool *p)
{
    return p->running[LOOK_DIRECT] + p->running[LOOK_APPLIANCE];
}

size_t looks_waiting(const struct lookpool *p)
{
    return lookqueue_count(&p->waiting[LOOK_DIRECT]) + lookqueue_count(&p->waiting[LOOK_APPLIANCE]);
}

int64_t looks_oldest(const struct lookpool *p)
{
    int64_t direct = lookqueue_oldest(&p->waiting[LOOK_DIRECT]);
    int64_t appliance = lookqueue_oldest(&p->waiting[LOOK_APPLIANCE]);

    return !direct || (appliance && appliance < direct) ? appliance : direct;
}
