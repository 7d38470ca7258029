// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
// Questions: status, list, show, case, bindings, wait.
#include "common/plural.h"
#include "daemon/control/breaker.h"
#include "daemon/control/session.h"
#include "daemon/engine/asks.h"
#include "daemon/engine/watchlink.h"
#include "daemon/store/lines.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

// The queue: what runs, what waits, and for how long.
static void add_queue(struct engine *e, struct record *r)
{
    struct asks_counts asks = asks_count(e->asks);
    int64_t oldest = looks_oldest(&e->looks);
    struct casefile c;
    struct err err = {0};

    record_add_u64(r, "looks", looks_running(&e->looks));
    record_add_u64(r, "looks_most", looks_most(e, LOOK_DIRECT) + looks_most(e, LOOK_APPLIANCE));
    record_add_u64(r, "looks_waiting", looks_waiting(&e->looks));
    record_add_u64(r, "looks_done", e->looks.done);
    if (oldest && store_case_get(e->store, oldest, &c, &err) == 0)
        record_add_i64(r, "looks_oldest_us", c.opened_us);
    record_add_u64(r, "questions", asks.under_way);
    record_add_u64(r, "questions_waiting", asks.waiting);
    record_add_u64(r, "questions_done", asks.questions - asks.under_way);
    record_add_u64(r, "directory_requests", asks.requests);
    for (unsigned w = WORKER_DIRECTORY; w < WORKERS_COUNT; w++) {
        char key[64];

        snprintf(key, sizeof key, "%s_running", worker_name((enum worker)w));
        record_add_u64(r, key, e->workers[w].running_count);
        snprintf(key, sizeof key, "%s_waiting", worker_name((enum worker)w));
        record_add_u64(r, key, e->workers[w].waiting_count);
    }
}

static void add_store(struct engine *e, struct record *r, unsigned *notes)
{
    const struct store_trouble *t = store_trouble(e->store);
    char key[32];

    if (!t)
        return;
    record_add(r, "store", "failing");
    record_add(r, "store_text", t->text);
    record_add_i64(r, "store_since_us", t->since_us);
    snprintf(key, sizeof key, "note.%u", (*notes)++);
    record_add(r, key,
               "the store cannot be written: nothing new is noticed, judged or repaired until it can, and "
               "then all goes on by itself; free some space there, or mend its file system");
}

static const char *watch_note(enum watch_state watch, bool failing)
{
    if (watch == WATCH_LOST)
        return "libvirt cannot be reached: rollbacks are found when it comes back";
    return failing ? "virtrust-watch is not connected: its signals cannot be stored; it keeps them, and "
                     "tries again"
                   : "virtrust-watch is not running: no rollback will be noticed; start it";
}

// Who will never be repaired, and who only has not been judged yet: a policy's rule binds then. After a start it is
// told as soon as the lines, which know the rules, have been checked.
static void add_unbound(struct engine *e, struct record *r, const struct store_counts *n, unsigned *notes)
{
    unsigned named = n->guests - n->bound - n->unnamed;
    char key[32];

    if (!store_lines_ready(e->store))
        return;
    if (n->unnamed) {
        snprintf(key, sizeof key, "note.%u", (*notes)++);
        record_addf(
            r, key,
            "%u %s no binding, no policy names %s, and unbound %s never be repaired; `virtrust bind GUEST "
            "COMPUTER`, or --by-proof",
            n->unnamed, plural(n->unnamed, "guest has", "guests have"),
            plural(n->unnamed, "its account", "their accounts"), plural(n->unnamed, "it will", "they will"));
    }
    if (named) {
        snprintf(key, sizeof key, "note.%u", (*notes)++);
        record_addf(r, key, "%u %s no binding yet: a policy names %s, and binds %s at the first verdict",
                    named, plural(named, "guest has", "guests have"),
                    plural(named, "its account", "their accounts"), plural(named, "it", "them"));
    }
}

void handle_status(struct session *s, const struct record *request)
{
    struct engine *e = s->engine;
    _cleanup_record_ struct record *r = record_new("status");
    struct store_counts n = {0};
    struct err err = {0};
    int rc = store_counts(e->store, &n, &err);
    enum watch_state watch = watchlink_state(e->watch);
    unsigned notes = 0;
    char key[32], text[2 * NAME_TEXT + 128];

    (void)request;
    if (rc < 0) {
        session_store_error(s, rc, &err);
        return;
    }
    record_add(r, "version", VIRTRUST_VERSION);
    record_add(r, "mode", config_mode_text(e->config->mode));
    record_add_u64(r, "guests", n.guests);
    record_add_u64(r, "running", n.running);
    record_add_u64(r, "bound", n.bound);
    record_add_u64(r, "open_cases", n.open_cases);
    record_add_u64(r, "waiting_approval", n.awaiting_approval);
    record_add_u64(r, "open_jobs", n.open_jobs);
    add_queue(e, r);
    record_add_u64(r, "domains", e->config->domains_count);
    record_add(r, "watch", watch_state_text(watch));
    record_add_i64(r, "since_us", e->started_us);
    record_add(r, "config", e->config->file ? e->config->file : "defaults");
    add_store(e, r, &notes);
    breaker_notes(e, r, &notes);
    if (watch != WATCH_CONNECTED) {
        snprintf(key, sizeof key, "note.%u", notes++);
        record_add(r, key, watch_note(watch, store_trouble(e->store)));
    }
    if (asks_count(e->asks).paused) {
        snprintf(key, sizeof key, "note.%u", notes++);
        record_add(r, key,
                   "a domain does not answer: it is asked again after a pause; virtrustd's log says why");
    }
    for (size_t i = 0; silent_text(&e->silent, i, now_us(), text, sizeof text); i++) {
        snprintf(key, sizeof key, "note.%u", notes++);
        record_add(r, key, text);
    }
    if (!e->config->domains_count) {
        snprintf(key, sizeof key, "note.%u", notes++);
        record_add(r, key,
                   "no domain is configured: nothing can be compared with Active Directory (virtrust.yaml)");
    }
    add_unbound(e, r, &n, &notes);
    stream_send(s->stream, r);
    session_end(s, EXIT_ANSWERED);
}

static int send_case_head(const struct casefile *c, void *arg)
{
    struct session *s = arg;
    _cleanup_record_ struct record *r = view_case(s->engine, c);

    stream_send(s->stream, r);
    return 0;
}

void handle_show(struct session *s, const struct record *request)
{
    _cleanup_record_ struct record *r = NULL;
    struct err err = {0};
    struct binding b;
    struct guest g;
    struct casefile last;
    int rc;

    if (!session_guest(s, request, &g))
        return;
    r = view_guest(s->engine, &g);
    stream_send(s->stream, r);
    if (store_binding_get(s->engine->store, g.uuid, &b, &err) == 0) {
        _cleanup_record_ struct record *binding = view_binding(s->engine, &b);

        stream_send(s->stream, binding);
    }
    rc = store_case_each(s->engine->store, g.uuid, false, 20, send_case_head, s, &err);
    if (rc < 0) {
        session_store_error(s, rc, &err);
        return;
    }
    rc = g.last_case ? store_case_get(s->engine->store, g.last_case, &last, &err) : STORE_NONE;
    session_end(s, rc == 0 && last.cause[0] ? case_exit_code(&last) : EXIT_ANSWERED);
}

static bool request_case(struct session *s, const struct record *request, struct casefile *ret)
{
    struct err err = {0};
    uint64_t id;
    int rc;

    if (record_get_u64(request, "id", &id) < 0 || id > INT64_MAX) {
        session_error(s, EXIT_USAGE, "usage", "`virtrust show GUEST` lists a guest's cases",
                      "a case is named by its number");
        return false;
    }
    rc = store_case_get(s->engine->store, (int64_t)id, ret, &err);
    if (rc < 0)
        session_store_error(s, rc, &err);
    else if (rc == STORE_NONE)
        session_error(s, EXIT_NO_WORK, "no-such-case", "`virtrust show GUEST` lists a guest's cases",
                      "there is no case %llu", (unsigned long long)id);
    return rc == 0;
}

void handle_case(struct session *s, const struct record *request)
{
    struct casefile c;

    if (!request_case(s, request, &c))
        return;
    send_case(s, &c, true);
    session_end(s, case_exit_code(&c));
}

static int send_binding(const struct binding *b, void *arg)
{
    struct session *s = arg;
    _cleanup_record_ struct record *r = view_binding(s->engine, b);

    stream_send(s->stream, r);
    memcpy(s->place.uuid, b->guest, sizeof s->place.uuid);
    return 0;
}

static void send_bindings(struct stream *stream, void *arg)
{
    struct session *s = arg;
    char after[UUID_TEXT];
    struct err err = {0};
    int rc;

    memcpy(after, s->place.uuid, sizeof after);
    session_moves(s);
    stream_hold(stream, true);
    rc = store_binding_page(s->engine->store, after, session_crowded(s) ? 25 : 250, send_binding, s, &err);
    stream_hold(stream, false);
    if (rc < 0) {
        session_store_error(s, rc, &err);
    } else if (strcmp(after, s->place.uuid) != 0) {
        s->long_one = true;
        stream_when_sent(stream, send_bindings);
    } else {
        session_end(s, EXIT_ANSWERED);
    }
}

void handle_bindings(struct session *s, const struct record *request)
{
    (void)request;
    send_bindings(s->stream, s);
}

static int on_wait_timeout(sd_event_source *source, uint64_t usec, void *arg)
{
    struct session *s = arg;

    (void)source;
    (void)usec;
    session_error(s, EXIT_TIMED_OUT, "timed-out",
                  "`virtrust case` shows how far it is; wait again with a longer --timeout",
                  s->wait_case ? "case %lld is still open" : "no case was opened yet (%lld)",
                  (long long)s->wait_case);
    s->wait_case = 0;
    s->wait_guest[0] = '\0';
    return 0;
}

void wait_for_case(struct session *s, const struct casefile *c)
{
    if (c->state != CASE_CLOSED) {
        s->wait_case = c->id;
        return;
    }
    send_case(s, c, false);
    session_end(s, case_exit_code(c));
}

// A case, or a guest: then its open case, the one that the signals just gathered will make, or else its last.
// False when the session was ended with an error.
static bool wait_begin(struct session *s, const struct record *request)
{
    struct casefile c;
    struct err err = {0};
    struct guest g;
    int64_t id;

    if (record_get(request, "id")) {
        if (!request_case(s, request, &c))
            return false;
        wait_for_case(s, &c);
        return true;
    }
    if (!session_guest(s, request, &g))
        return false;
    if (g.burst.last_us) {
        snprintf(s->wait_guest, sizeof s->wait_guest, "%s", g.uuid);
        return true;
    }
    id = g.open_case ? g.open_case : g.last_case;
    if (!id || store_case_get(s->engine->store, id, &c, &err) != 0) {
        session_error(s, EXIT_NO_WORK, "no-case", "revert it, or `virtrust repair` it",
                      "%s has no case to wait for", g.name);
        return false;
    }
    wait_for_case(s, &c);
    return true;
}

void handle_wait(struct session *s, const struct record *request)
{
    uint64_t timeout;
    int rc;

    if (!wait_begin(s, request) || (!s->wait_case && !s->wait_guest[0]))
        return;
    if (record_get_u64(request, "timeout_s", &timeout) < 0 || timeout > 30 * 86400)
        return;
    rc = sd_event_add_time_relative(s->engine->event, &s->wait_timer, CLOCK_MONOTONIC, timeout * 1000000, 0,
                                    on_wait_timeout, s);
    if (rc < 0)
        session_error(s, EXIT_NO_WORK, "internal", "", "cannot set a timer: %s", strerror(-rc));
}
