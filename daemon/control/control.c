// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/control/control.h"

#include "daemon/control/batch.h"
#include "daemon/control/breaker.h"
#include "daemon/control/diagnose.h"
#include "daemon/control/doctor.h"
#include "daemon/control/lines.h"
#include "daemon/control/policytest.h"
#include "daemon/control/score.h"
#include "daemon/control/session.h"
#include "daemon/engine/attest.h"
#include "daemon/engine/listen.h"
#include "daemon/engine/worker.h"
#include "daemon/store/lines.h"

#include <errno.h>
#include <grp.h>
#include <malloc.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

// Descriptors, and with them the workers' connections, must be left whatever comes here.
enum {
    SESSIONS_MAX = 200,
    QUEUED_MUCH = 8 * 1024 * 1024, // bytes that wait for all of them
    STALE_US = 2 * 1000 * 1000,
};

static const struct {
    const char *type;
    handler handle;
} commands[] = {
    {"status", handle_status},
    {"list", handle_list},
    {"show", handle_show},
    {"case", handle_case},
    {"bindings", handle_bindings},
    {"bind", handle_bind},
    {"unbind", handle_unbind},
    {"repair", handle_repair},
    {"approve", handle_approve},
    {"sweep", handle_sweep},
    {"wait", handle_wait},
    {"doctor", handle_doctor},
    {"diagnose", handle_diagnose},
    {"breaker", handle_breaker},
    {"policy-facts", handle_policy_facts},
    {"approve-all", handle_approve_all},
    {"scorecard", handle_scorecard},
};

void session_end(struct session *s, int exit_code)
{
    _cleanup_record_ struct record *end = record_new("end");

    record_add_i64(end, "exit", exit_code);
    stream_send(s->stream, end);
    stream_end(s->stream);
}

static int64_t loop_us(const struct engine *e)
{
    uint64_t now = 0;

    sd_event_now(e->event, CLOCK_MONOTONIC, &now);
    return (int64_t)now;
}

bool session_crowded(const struct session *s)
{
    size_t sum = 0;

    for (const struct session *o = s->control->sessions; o && sum <= QUEUED_MUCH; o = o->next)
        sum += stream_queued(o->stream);
    return sum > QUEUED_MUCH;
}

void session_moves(struct session *s)
{
    s->moved_us = loop_us(s->engine);
}

void session_error(struct session *s, int exit_code, const char *code, const char *next, const char *format,
                   ...)
{
    _cleanup_record_ struct record *r = record_new("error");
    char text[ERR_TEXT_MAX];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    record_add(r, "code", code);
    record_add(r, "text", text);
    record_add(r, "next", next);
    record_add_i64(r, "exit", exit_code);
    stream_send(s->stream, r);
    stream_end(s->stream);
}

void session_store_error(struct session *s, int rc, const struct err *err)
{
    session_error(s, EXIT_NO_WORK, "store", "", "%s", err->text[0] ? err->text : strerror(-rc));
}

bool session_guest(struct session *s, const struct record *r, struct guest *ret)
{
    const char *name = record_get(r, "guest");
    struct err err = {0};
    int rc;

    if (!name || !name[0]) {
        session_error(s, EXIT_USAGE, "usage", "name a guest, or give its UUID", "the request names no guest");
        return false;
    }
    rc = store_guest_find(s->engine->store, name, ret, &err);
    if (rc == 0)
        return true;
    if (rc < 0)
        session_store_error(s, rc, &err);
    else
        session_error(s, EXIT_NO_WORK, "no-such-guest", "`virtrust list` shows the guests that are known",
                      "no guest called %s is known", name);
    return false;
}

static bool on_record(struct stream *stream, const struct record *r, void *arg)
{
    struct session *s = arg;
    const char *type = record_type(r);

    (void)stream;
    if (s->asked)
        return false; // one request a connection
    s->asked = true;
    for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
        if (strcmp(commands[i].type, type) == 0) {
            commands[i].handle(s, r);
            return true;
        }
    }
    session_error(s, EXIT_USAGE, "usage", "use the virtrust that belongs to this virtrustd",
                  "this virtrustd knows no request %.64s", type);
    return true;
}

static void session_free(struct session *s)
{
    for (struct session **p = &s->control->sessions; *p; p = &(*p)->next) {
        if (*p == s) {
            *p = s->next;
            break;
        }
    }
    s->control->count--;
    worker_cancel_arg(s->engine, s);
    attest_cancel_arg(s->engine, s);
    sd_event_source_disable_unref(s->wait_timer);
    record_free(s->request);
    sweep_free(s->sweep);
    batch_free(s->batch);
    scoring_free(s->scoring);
    presence_free(s->presence);
    diagnosis_free(s->diagnosis);
    stream_free(s->stream);
    if (s->long_one) {
        store_rest(s->engine->store);
        malloc_trim(0);
    }
    free(s);
}

static void on_end(struct stream *stream, void *arg)
{
    (void)stream;
    session_free(arg);
}

// Makes room where all places are taken: of those who ask nothing, or take nothing of what they asked for, the one that
// has done so for longest goes. Without a clock of their own they cost nothing as long as there is room.
static void drop_stale(struct control *control)
{
    int64_t before = loop_us(control->engine) - STALE_US;
    struct session *stale = NULL;

    for (struct session *s = control->sessions; s; s = s->next)
        if ((!s->asked || stream_queued(s->stream)) && s->moved_us < before) {
            before = s->moved_us;
            stale = s;
        }
    if (stale)
        session_free(stale);
}

static void on_connection(int fd, void *arg)
{
    struct control *control = arg;
    struct session *s;

    if (control->count >= SESSIONS_MAX)
        drop_stale(control);
    s = control->count < SESSIONS_MAX ? calloc(1, sizeof *s) : NULL;

    if (!s) {
        close(fd);
        return;
    }
    s->control = control;
    s->engine = control->engine;
    s->stream = stream_new(control->engine->event, fd, on_record, on_end, s);
    if (!s->stream) {
        free(s);
        return;
    }
    session_moves(s);
    s->next = control->sessions;
    control->sessions = s;
    control->count++;
}

// Members of the group `virtrust` may ask and approve; without the group only root may.
static void give_to_group(const struct engine *e)
{
    _cleanup_free_ char *path = NULL;
    const struct group *group = getgrnam("virtrust");

    if (!group || asprintf(&path, "%s/control.sock", e->config->runtime_dir) < 0)
        return;
    if (chown(path, (uid_t)-1, group->gr_gid) < 0)
        engine_log(5, 0, NULL, "%s: cannot be given to group virtrust: %s", path, strerror(errno));
}

int control_open(struct engine *e, struct control **ret, struct err *err)
{
    struct control *c = calloc(1, sizeof *c);
    int rc;

    if (!c)
        return -ENOMEM;
    c->engine = e;
    rc = listen_open(e, "control.sock", 0660, on_connection, c, &c->listener, err);
    if (rc < 0) {
        control_close(c);
        return rc;
    }
    rc = lines_open(e, &c->lines, err);
    if (rc < 0) {
        control_close(c);
        return rc;
    }
    give_to_group(e);
    *ret = c;
    return 0;
}

struct control *control_close(struct control *c)
{
    if (!c)
        return NULL;
    while (c->sessions)
        session_free(c->sessions);
    sd_event_source_disable_unref(c->listener);
    lines_close(c->lines);
    free(c);
    return NULL;
}

void control_case_closed(struct control *control, const struct casefile *c)
{
    struct session *next;

    if (!control)
        return;
    for (struct session *s = control->sessions; s; s = next) {
        next = s->next;
        if (s->sweep)
            sweep_case_closed(s, c);
        if (s->wait_case != c->id)
            continue;
        s->wait_case = 0;
        send_case(s, c, false);
        session_end(s, case_exit_code(c));
    }
}

void control_guest_settled(struct control *control, const char *uuid)
{
    struct session *next;

    if (!control)
        return;
    for (struct session *s = control->sessions; s; s = next) {
        struct casefile c;
        struct guest g;
        struct err err = {0};

        next = s->next;
        if (strcmp(s->wait_guest, uuid) != 0)
            continue;
        s->wait_guest[0] = '\0';
        if (store_guest_get(s->engine->store, uuid, &g, &err) == 0 && g.last_case &&
            store_case_get(s->engine->store, g.last_case, &c, &err) == 0)
            wait_for_case(s, &c);
        else
            session_error(s, EXIT_NO_WORK, "no-case", "", "%s", "the signals made no case");
    }
}
