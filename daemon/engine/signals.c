// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "common/os/fault.h"
#include "daemon/control/control.h"
#include "daemon/core/signal.h"
#include "daemon/engine/chains.h"
#include "daemon/engine/engine.h"
#include "daemon/engine/proofs.h"
#include "daemon/engine/worker.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

struct open_cases {
    struct engine *engine;
    struct guest *gone; // those whose guest is not there, owned
    size_t count, room;
};

static int ignore(const struct guest *g, void *arg)
{
    (void)g, (void)arg;
    return 0;
}

static int note_gone(const struct casefile *c, void *arg)
{
    struct open_cases *list = arg;
    struct guest g, *grown;
    struct err err = {0};
    int rc = store_guest_get(list->engine->store, c->guest, &g, &err);

    if (rc != 0 || g.present || g.open_case != c->id)
        return rc < 0 ? rc : 0;
    if (list->count == list->room) {
        list->room = list->room ? list->room * 2 : 16;
        grown = reallocarray(list->gone, list->room, sizeof *grown);
        if (!grown)
            return -ENOMEM;
        list->gone = grown;
    }
    list->gone[list->count++] = g;
    return 0;
}

// The guest's open case ends `left`; its job with it.
static int leave(struct engine *e, const struct guest *g, const char *why, struct err *err)
{
    struct case_input in = {.kind = CASE_IN_GONE};

    if (!g->open_case)
        return 0;
    snprintf(in.text, sizeof in.text, "%s", why);
    return engine_case_input(e, g->open_case, &in, err);
}

// Every open case of a guest that is not there is left: also those that an earlier scan could not close any more.
static int leave_gone(struct engine *e, struct err *err)
{
    struct open_cases list = {.engine = e};
    int rc = store_case_each(e->store, NULL, true, 0, note_gone, &list, err);

    for (size_t i = 0; rc >= 0 && i < list.count; i++)
        rc = leave(e, &list.gone[i], "the guest is no longer defined on this host", err);
    free(list.gone);
    return rc < 0 ? rc : 0;
}

// A whole scan is through: who was not named in it is gone.
static int scan_ended(struct engine *e, const struct record *signal, struct err *err)
{
    int64_t began;
    int rc;

    if (record_get_i64(signal, "began_us", &began) < 0)
        return 0;
    rc = store_begin(e->store, err);
    if (rc < 0)
        return rc;
    rc = store_guest_absent(e->store, began, ignore, NULL, err);
    if (rc >= 0)
        rc = store_commit(e->store, err);
    if (rc < 0) {
        store_rollback(e->store);
        return rc;
    }
    return leave_gone(e, err);
}

static int note_rename(struct engine *e, const struct guest *g, const char *former, int64_t at_us,
                       struct err *err)
{
    char text[2 * NAME_TEXT + 64];

    if (!g->open_case || !former[0] || strcmp(former, g->name) == 0)
        return 0;
    snprintf(text, sizeof text, "the guest was renamed from %s to %s", former, g->name);
    return store_step_add(e->store, g->open_case, at_us, "renamed", text, NULL, err);
}

// Hook calls tell of a moment within a start; only signals that carry the state replace the remembered description.
static bool is_description(const struct record *signal)
{
    return record_get(signal, "state");
}

static int take_signal(struct engine *e, enum signal_kind kind, const char *uuid, const struct record *signal,
                       struct guest *g, struct err *err)
{
    _cleanup_record_ struct record *before = NULL, *kept = NULL;
    char former[NAME_TEXT];
    int64_t at_us = now_us();
    int rc = store_guest_get(e->store, uuid, g, err);

    if (rc < 0)
        return rc;
    if (rc == STORE_NONE) {
        *g = (struct guest){0};
        snprintf(g->uuid, sizeof g->uuid, "%s", uuid);
    }
    rc = store_description_get(e->store, uuid, &before, err);
    if (rc < 0)
        return rc;
    record_get_i64(signal, "at_us", &at_us);
    snprintf(former, sizeof former, "%s", g->name);
    signal_take(g, kind, at_us, before, signal);
    // Due times are ours, not the sender's: a burst settles after *we* heard nothing for the settle time.
    if (g->burst.last_us == at_us)
        g->burst.last_us = now_us();
    rc = store_guest_put(e->store, g, err);
    if (rc >= 0 && is_description(signal))
        rc = chains_keep(before, signal, &kept);
    if (rc >= 0 && kept)
        rc = store_description_put(e->store, uuid, kept, err);
    if (rc >= 0)
        rc = note_rename(e, g, former, at_us, err);
    return rc;
}

// What a signal sets going besides its burst: a waiting job wakes when the agent or the guest comes.
static void wake_job(struct engine *e, const struct guest *g, enum signal_kind kind)
{
    struct job job;
    struct err err = {0};

    if (!g->open_case || !g->running)
        return;
    if (store_job_of_case(e->store, g->open_case, &job, &err) != 0 || job.state == JOB_ENDED)
        return;
    if (job.state == JOB_WAITING_START || (kind == SIGNAL_AGENT_CONNECTED && job.next_us)) {
        due_set(&e->due, DUE_JOB, g->open_case, NULL, now_us());
        engine_rearm(e);
    }
}

int engine_signal(struct engine *e, const struct record *signal, struct err *err)
{
    int kind = signal_kind_parse(record_get(signal, "kind"));
    const char *uuid = record_get(signal, "guest");
    struct guest g = {0};
    int rc;

    if (kind == SIGNAL_SCAN_END)
        return scan_ended(e, signal, err);
    if (kind < 0 || !uuid || strlen(uuid) != UUID_TEXT - 1)
        return 0; // nothing that concerns a guest, or a newer watcher's word
    rc = store_begin(e->store, err);
    if (rc < 0)
        return rc;
    rc = take_signal(e, (enum signal_kind)kind, uuid, signal, &g, err);
    if (rc >= 0)
        rc = store_commit(e->store, err);
    if (rc < 0) {
        store_rollback(e->store);
        return rc;
    }
    fault_point("signal");
    wake_job(e, &g, (enum signal_kind)kind);
    if (g.burst.last_us) {
        due_set(&e->due, DUE_GUEST, 0, g.uuid, g.burst.last_us + (int64_t)e->config->settle_ms * 1000);
        engine_rearm(e);
    }
    proofs_noticed(e, &g, kind == SIGNAL_AGENT_CONNECTED);
    // A case that cannot be closed now: the signal is not acknowledged, and comes again.
    if (kind == SIGNAL_UNDEFINED && !g.present)
        return leave(e, &g, "the guest was undefined", err);
    if (kind == SIGNAL_STOPPED_MIGRATED)
        return leave(e, &g, "the guest migrated to another host; the virtrust there looks after it", err);
    return 0;
}

// The burst is over: what was it?
static int classify(struct engine *e, const struct guest *g, struct rollback *ret, struct err *err)
{
    _cleanup_record_ struct record *description = NULL;
    struct config_choice choice;
    struct signal_policy policy = {.look_on_first_sight = e->config->look_on_first_sight};
    int rc = store_description_get(e->store, g->uuid, &description, err);

    if (rc < 0)
        return rc;
    engine_choice(e, g->uuid, g->name, &choice);
    policy.look_on_every_start = choice.look_on_every_start;
    *ret = signal_classify(g, description, &policy);
    return 0;
}

// Forgets the burst; opens a case where it was a reason for one and none is open.
static int clear_burst(struct engine *e, const char *uuid, const struct rollback *r, bool told,
                       struct casefile *ret_new, struct err *err)
{
    struct guest g;
    int64_t began;
    int rc = store_guest_get(e->store, uuid, &g, err);

    if (rc != 0)
        return rc < 0 ? rc : -ENOENT;
    began = g.burst.first_us;
    memset(&g.burst, 0, sizeof g.burst);
    if (!told && r->kind != ROLLBACK_NONE && r->kind != ROLLBACK_SNAPSHOT_HALT)
        rc = engine_case_open(e, &g, r->kind, r->witnessed, began, r->text, ret_new, err);
    return rc < 0 ? rc : store_guest_put(e->store, &g, err);
}

// An open case is told first and the burst is forgotten afterwards: a crash between the two tells it twice, which only
// makes it look once more; the other order could lose a rollback.
static int settle(struct engine *e, const struct guest *g, struct casefile *ret_new, struct err *err)
{
    struct case_input in = {.kind = CASE_IN_SIGNAL};
    struct rollback r;
    int rc = classify(e, g, &r, err);

    in.rollback = r.kind;
    if (rc >= 0 && g->open_case)
        rc = engine_case_input(e, g->open_case, &in, err);
    if (rc >= 0)
        rc = store_begin(e->store, err);
    if (rc < 0)
        return rc;
    rc = clear_burst(e, g->uuid, &r, g->open_case, ret_new, err);
    if (rc >= 0)
        rc = store_commit(e->store, err);
    if (rc < 0)
        store_rollback(e->store);
    else if (r.kind == ROLLBACK_SNAPSHOT_HALT)
        engine_log(6, 0, g->uuid, "%s: %s", g->name, r.text);
    return rc;
}

// A case for a guest that was undefined before its burst was over: it tells of the rollback, and is left at once.
static void begin(struct engine *e, const struct guest *g, const struct casefile *opened)
{
    bool undefined = !g->present && g->burst.seen & UINT64_C(1) << SIGNAL_UNDEFINED;
    struct guest gone = *g;
    struct err err = {0};

    fault_point("case.looking");
    engine_log(5, opened->id, g->uuid, "%s: noticed (%s)", g->name, rollback_kind_text(opened->kind));
    gone.open_case = opened->id;
    if (undefined && leave(e, &gone, "the guest was undefined", &err) == 0)
        return;
    engine_case_effect(e, opened,
                       case_effect(opened)); // the next scan's end closes what could not be closed here
}

void engine_guest_due(struct engine *e, const char *uuid)
{
    struct guest g;
    struct casefile opened = {0};
    struct err err = {0};
    int64_t settle_us = (int64_t)e->config->settle_ms * 1000;
    int rc = store_guest_get(e->store, uuid, &g, &err);

    if (rc == 0 && g.burst.last_us && !signal_settled(&g.burst, settle_us, now_us())) {
        due_set(&e->due, DUE_GUEST, 0, uuid, g.burst.last_us + settle_us);
        return;
    }
    if (rc == STORE_NONE || (rc == 0 && !g.burst.last_us))
        return;
    if (rc == 0)
        rc = settle(e, &g, &opened, &err);
    if (rc < 0) {
        engine_log(3, 0, uuid, "cannot open a case: %s; tries again", err.text);
        engine_again(e, DUE_GUEST, 0, uuid);
        return;
    }
    if (opened.id)
        begin(e, &g, &opened);
    control_guest_settled(e->control, uuid);
}
