// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/engine/worker.h"

#include "common/os/recio.h"
#include "common/secret.h"
#include "daemon/engine/engine.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

struct worker_call {
    struct worker_call *next;
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

static void call_unlink(struct worker_call *c)
{
    for (struct worker_call **p = &c->engine->calls; *p; p = &(*p)->next) {
        if (*p == c) {
            *p = c->next;
            break;
        }
    }
    if (c->worker == WORKER_INSPECT && c->engine->looks)
        c->engine->looks--;
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

static void finish(struct worker_call *c, const struct record *answer, const char *lost)
{
    struct engine *e = c->engine;
    struct worker_key key = c->key;
    worker_done done = c->done;
    void *arg = c->arg;
    bool look = c->worker == WORKER_INSPECT;
    char text[ERR_TEXT_MAX];

    snprintf(text, sizeof text, "%s", lost ? lost : "");
    call_free(c);
    done(e, &key, answer, lost ? text : NULL, arg);
    if (look)
        engine_pump_looks(e);
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

static int begin(struct worker_call *c, const struct record *request, unsigned timeout_s, struct err *err)
{
    _cleanup_free_ char *path = NULL;
    int rc = record_encode(request, &c->out, &c->out_len);

    if (rc < 0)
        return err_set(err, rc, "cannot encode the request: %s", strerror(-rc));
    if (asprintf(&path, "%s/%s.sock", c->engine->config->runtime_dir, worker_name(c->worker)) < 0)
        return -ENOMEM;
    c->fd = recio_connect_now(path, err);
    if (c->fd < 0)
        return c->fd;
    rc = sd_event_add_io(c->engine->event, &c->io, c->fd, EPOLLIN | EPOLLOUT, on_io, c);
    if (rc < 0)
        return rc;
    return sd_event_add_time_relative(c->engine->event, &c->timer, CLOCK_MONOTONIC,
                                      timeout_s * UINT64_C(1000000), 0, on_timeout, c);
}

void worker_call(struct engine *e, enum worker w, struct record *request, unsigned timeout_s,
                 struct worker_key key, worker_done done, void *arg)
{
    _cleanup_record_ struct record *owned = request;
    struct worker_call *c = calloc(1, sizeof *c);
    struct err err = {0};
    int rc;

    if (!c)
        return; // the timer that watches the case tries again
    *c = (struct worker_call){.engine = e, .worker = w, .key = key, .done = done, .arg = arg, .fd = -1};
    c->next = e->calls;
    e->calls = c;
    if (w == WORKER_INSPECT)
        e->looks++;
    rc = begin(c, owned, timeout_s, &err);
    if (rc < 0) {
        snprintf(c->lost, sizeof c->lost, "could not be asked: %.400s",
                 err.text[0] ? err.text : strerror(-rc));
        c->io = sd_event_source_disable_unref(c->io);
        c->timer = sd_event_source_disable_unref(c->timer);
        // Ends from the event loop, so that no callback runs inside the caller's step.
        sd_event_add_time_relative(e->event, &c->timer, CLOCK_MONOTONIC, 0, 1, on_timeout, c);
    }
}

void worker_cancel_looks(struct engine *e, int64_t case_id)
{
    for (struct worker_call *c = e->calls, *next; c; c = next) {
        next = c->next;
        if (c->worker == WORKER_INSPECT && c->key.case_id == case_id)
            call_free(c);
    }
}

void worker_cancel_arg(struct engine *e, const void *arg)
{
    for (struct worker_call *c = e->calls, *next; c; c = next) {
        next = c->next;
        if (c->arg == arg)
            call_free(c);
    }
}

void worker_cancel_all(struct engine *e)
{
    while (e->calls)
        call_free(e->calls);
}

bool worker_busy(const struct engine *e, int64_t case_id)
{
    for (const struct worker_call *c = e->calls; c; c = c->next)
        if (c->key.case_id == case_id)
            return true;
    return false;
}
