// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/engine/worker.h"

#include "common/os/recio.h"
#include "common/secret.h"
#include "daemon/engine/engine.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

struct worker_call {
    struct worker_call *next;
    bool runs; // else it waits for its turn
    unsigned timeout_s;
    struct engine *engine;
    enum worker worker;
    struct worker_key key;
    worker_done done;
    void *arg;
    sd_event_source *io, *timer;
    int fd;
    char *out; // the encoded request (may hold a secret: wiped)
    size_t out_len, out_done;
    char *in;
    size_t in_len, in_room;
    char lost[ERR_TEXT_MAX];
};

const char *worker_name(enum worker w)
{
    static const char *const names[] = {"inspect", "directory", "deliver"};

    return names[w];
}

static struct worker_line *line_of(const struct worker_call *c)
{
    return &c->engine->workers[c->worker];
}

static void call_unlink(struct worker_call *c)
{
    struct worker_line *line = line_of(c);
    struct worker_call *before = NULL, **p = c->runs ? &line->running : &line->waiting;

    for (; *p && *p != c; p = &(*p)->next)
        before = *p;
    if (!*p)
        return;
    *p = c->next;
    if (!c->runs && line->last == c)
        line->last = before;
    *(c->runs ? &line->running_count : &line->waiting_count) -= 1;
}

static void call_free(struct worker_call *c)
{
    call_unlink(c);
    sd_event_source_disable_unref(c->io);
    sd_event_source_disable_unref(c->timer);
    if (c->fd >= 0)
        close(c->fd);
    secret_wipe(c->out, c->out_len);
    free(c->out);
    secret_wipe(c->in, c->in_room);
    free(c->in);
    free(c);
}

static void start_waiting(struct engine *e, enum worker w);

static void finish(struct worker_call *c, const struct record *answer, const char *lost)
{
    struct engine *e = c->engine;
    struct worker_key key = c->key;
    worker_done done = c->done;
    void *arg = c->arg;
    enum worker w = c->worker;
    char text[ERR_TEXT_MAX];

    snprintf(text, sizeof text, "%s", lost ? lost : "");
    call_free(c);
    done(e, &key, answer, lost ? text : NULL, arg);
    start_waiting(e, w);
}

static void finish_lost(struct worker_call *c, const char *what)
{
    char text[ERR_TEXT_MAX];

    snprintf(text, sizeof text, "virtrust-%s %.400s", worker_name(c->worker), what);
    finish(c, NULL, text);
}

static int send_more(struct worker_call *c)
{
    while (c->out_done < c->out_len) {
        ssize_t n = send(c->fd, c->out + c->out_done, c->out_len - c->out_done, MSG_NOSIGNAL);

        if (n < 0)
            return errno == EAGAIN || errno == EINTR ? 0 : -errno;
        c->out_done += (size_t)n;
    }
    return 1;
}

// 1: something came, 0: nothing yet, RECIO-like end as -EPIPE.
static int receive_more(struct worker_call *c)
{
    ssize_t n;

    if (c->in_room - c->in_len < 4096) {
        size_t room = c->in_room ? c->in_room * 2 : 16384;
        char *grown = room > 2 * RECORD_TOTAL_MAX ? NULL : realloc(c->in, room);

        if (!grown)
            return -ENOMEM;
        c->in = grown;
        c->in_room = room;
    }
    n = recv(c->fd, c->in + c->in_len, c->in_room - c->in_len, 0);
    if (n < 0)
        return errno == EAGAIN || errno == EINTR ? 0 : -errno;
    if (n == 0)
        return -EPIPE;
    c->in_len += (size_t)n;
    return 1;
}

static void receive(struct worker_call *c)
{
    _cleanup_record_ struct record *answer = NULL;
    struct err err = {0};
    size_t used;
    size_t seen = c->in_len;
    int rc = receive_more(c);

    if (rc < 0) {
        finish_lost(c, rc == -EPIPE ? "ended without an answer" : strerror(-rc));
        return;
    }
    if (!record_may_end(c->in, c->in_len, seen))
        return;
    rc = record_decode(c->in, c->in_len, &used, &answer, &err);
    if (rc == 0)
        finish(c, answer, NULL);
    else if (rc < 0)
        finish_lost(c, err.text[0] ? err.text : strerror(-rc));
}

static int on_io(sd_event_source *s, int fd, uint32_t events, void *arg)
{
    struct worker_call *c = arg;
    int rc;

    (void)fd;
    if (events & EPOLLOUT && c->out_done < c->out_len) {
        rc = send_more(c);
        if (rc < 0) {
            finish_lost(c, strerror(-rc));
            return 0;
        }
        if (rc > 0)
            sd_event_source_set_io_events(s, EPOLLIN);
    }
    if (events & (EPOLLIN | EPOLLHUP | EPOLLERR))
        receive(c);
    return 0;
}

static int on_timeout(sd_event_source *s, uint64_t usec, void *arg)
{
    struct worker_call *c = arg;

    (void)s;
    (void)usec;
    finish_lost(c, c->lost[0] ? c->lost : "took too long");
    return 0;
}

static int connect_worker(struct worker_call *c, struct err *err)
{
    _cleanup_free_ char *path = NULL;
    int rc;

    if (asprintf(&path, "%s/%s.sock", c->engine->config->runtime_dir, worker_name(c->worker)) < 0)
        return -ENOMEM;
    c->fd = recio_connect_now(path, err);
    if (c->fd < 0)
        return c->fd;
    rc = sd_event_add_io(c->engine->event, &c->io, c->fd, EPOLLIN | EPOLLOUT, on_io, c);
    if (rc < 0)
        return rc;
    return sd_event_add_time_relative(c->engine->event, &c->timer, CLOCK_MONOTONIC,
                                      c->timeout_s * UINT64_C(1000000), 0, on_timeout, c);
}

static void not_asked(struct worker_call *c, const char *why, bool nobody_listens)
{
    if (nobody_listens)
        snprintf(c->lost, sizeof c->lost,
                 "could not be asked: %.300s; systemctl start virtrust-%s.socket (or virtrust-spawn)", why,
                 worker_name(c->worker));
    else
        snprintf(c->lost, sizeof c->lost, "could not be asked: %.400s", why);
}

static void begin(struct worker_call *c, int rc)
{
    struct worker_line *line = line_of(c);
    struct err err = {0};

    c->runs = true;
    c->next = line->running;
    line->running = c;
    line->running_count++;
    if (rc == 0)
        rc = connect_worker(c, &err);
    if (rc >= 0)
        return;
    not_asked(c, err.text[0] ? err.text : strerror(-rc), rc == -ENOENT || rc == -ECONNREFUSED);
    c->io = sd_event_source_disable_unref(c->io);
    c->timer = sd_event_source_disable_unref(c->timer);
    // Ends from the event loop, so that no callback runs inside the caller's step.
    sd_event_add_time_relative(c->engine->event, &c->timer, CLOCK_MONOTONIC, 0, 1, on_timeout, c);
}

static bool has_room(const struct engine *e, enum worker w)
{
    // A DC or a guest's agent can take a minute: some more than there are processors, and no herd.
    static const unsigned most[WORKERS_COUNT] = {
        [WORKER_INSPECT] = UINT_MAX, [WORKER_DIRECTORY] = 4, [WORKER_DELIVER] = 16};

    return e->workers[w].running_count < most[w];
}

static void start_waiting(struct engine *e, enum worker w)
{
    struct worker_line *line = &e->workers[w];

    while (line->waiting && has_room(e, w)) {
        struct worker_call *c = line->waiting;

        call_unlink(c);
        begin(c, 0);
    }
}

void worker_call(struct engine *e, enum worker w, struct record *request, unsigned timeout_s,
                 struct worker_key key, worker_done done, void *arg)
{
    _cleanup_record_ struct record *owned = request;
    struct worker_line *line = &e->workers[w];
    struct worker_call *c = calloc(1, sizeof *c);
    int rc;

    if (!c)
        return; // the timer that watches the case tries again
    *c = (struct worker_call){
        .engine = e, .worker = w, .key = key, .done = done, .arg = arg, .timeout_s = timeout_s, .fd = -1};
    rc = record_encode(owned, &c->out, &c->out_len);
    if (rc < 0 || (!line->waiting && has_room(e, w))) {
        begin(c, rc);
        return;
    }
    if (line->waiting)
        line->last->next = c;
    else
        line->waiting = c;
    line->last = c;
    line->waiting_count++;
}

static void cancel(struct worker_call *list, const void *arg)
{
    for (struct worker_call *c = list, *next; c; c = next) {
        next = c->next;
        if (c->arg == arg)
            call_free(c);
    }
}

void worker_cancel_arg(struct engine *e, const void *arg)
{
    for (unsigned w = 0; w < WORKERS_COUNT; w++) {
        cancel(e->workers[w].waiting, arg);
        cancel(e->workers[w].running, arg);
        start_waiting(e, (enum worker)w);
    }
}

void worker_cancel_all(struct engine *e)
{
    for (unsigned w = 0; w < WORKERS_COUNT; w++) {
        while (e->workers[w].waiting)
            call_free(e->workers[w].waiting);
        while (e->workers[w].running)
            call_free(e->workers[w].running);
    }
}
