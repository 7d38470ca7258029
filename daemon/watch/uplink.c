// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/watch/uplink.h"

#include "common/os/recio.h"
#include "common/plural.h"
#include "daemon/watch/log.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

enum {
    WINDOW = 256,          // signals under way
    OUT_SOFT = 256 * 1024, // bytes waiting to be sent before the queue is left alone
    OUT_MAX = 16 * 1024 *
              1024, // answers included; then virtrustd does not read, and the connection is dropped
    RETRY_MIN_MS = 100,
    RETRY_MAX_MS = 5000,
};

struct buffer {
    char *data;
    size_t len, room;
};

struct uplink {
    sd_event *event;
    char *path;
    struct queue *queue;
    struct uplink_calls calls;
    void *user;
    sd_event_source *io, *retry;
    struct buffer in, out;
    int retry_ms;
    bool complained;
};

static int buffer_add(struct buffer *b, const char *data, size_t len)
{
    if (b->room - b->len < len) {
        size_t room = (b->len + len) * 2;
        char *grown = realloc(b->data, room);

        if (!grown)
            return -ENOMEM;
        b->data = grown;
        b->room = room;
    }
    memcpy(b->data + b->len, data, len);
    b->len += len;
    return 0;
}

static void buffer_take(struct buffer *b, size_t len)
{
    memmove(b->data, b->data + len, b->len - len);
    b->len -= len;
}

static void buffer_clear(struct buffer *b)
{
    free(b->data);
    *b = (struct buffer){0};
}

bool uplink_is_up(const struct uplink *u)
{
    return u->io != NULL;
}

static void schedule_retry(struct uplink *u)
{
    (void)sd_event_source_set_time_relative(u->retry, (uint64_t)u->retry_ms * 1000);
    (void)sd_event_source_set_enabled(u->retry, SD_EVENT_ONESHOT);
    u->retry_ms = u->retry_ms * 2 < RETRY_MAX_MS ? u->retry_ms * 2 : RETRY_MAX_MS;
}

static void hang_up(struct uplink *u, const char *why)
{
    if (!u->io)
        return;
    watch_log(LOG_NOTICE, "%s: virtrustd is gone (%s); %zu %s kept for it", u->path, why,
              queue_count(u->queue), plural(queue_count(u->queue), "signal is", "signals are"));
    u->io = sd_event_source_disable_unref(u->io); // closes the descriptor
    buffer_clear(&u->in);
    buffer_clear(&u->out);
    queue_unsend(u->queue);
    u->complained = true;
    schedule_retry(u);
}

// Moves from the queue to the buffer what may be under way.
static int fill(struct uplink *u)
{
    struct queue_entry *e;

    while (u->out.len < OUT_SOFT && queue_in_flight(u->queue) < WINDOW && (e = queue_next(u->queue))) {
        int rc = buffer_add(&u->out, e->data, e->len);

        if (rc < 0)
            return rc;
        queue_sent(u->queue, e);
    }
    return 0;
}

static int flush(struct uplink *u)
{
    int fd = sd_event_source_get_io_fd(u->io);
    int rc = fill(u);

    while (rc == 0 && u->out.len > 0) {
        ssize_t n = send(fd, u->out.data, u->out.len, MSG_NOSIGNAL | MSG_DONTWAIT);

        if (n < 0 && errno == EAGAIN)
            break;
        if (n < 0 && errno != EINTR)
            return -errno;
        if (n > 0) {
            buffer_take(&u->out, (size_t)n);
            rc = fill(u);
        }
    }
    if (rc == 0)
        (void)sd_event_source_set_io_events(u->io, u->out.len ? EPOLLIN | EPOLLOUT : EPOLLIN);
    return rc;
}

void uplink_kick(struct uplink *u)
{
    int rc = u->io ? flush(u) : 0;

    if (rc < 0)
        hang_up(u, strerror(-rc));
}

static int add_record(struct uplink *u, const struct record *r)
{
    _cleanup_free_ char *data = NULL;
    size_t len = 0;
    int rc = record_encode(r, &data, &len);

    if (rc == 0 && u->out.len + len > OUT_MAX)
        rc = -ENOBUFS;
    return rc < 0 ? rc : buffer_add(&u->out, data, len);
}

void uplink_answer(struct uplink *u, const struct record *r)
{
    int rc = u->io ? add_record(u, r) : 0;

    if (rc < 0)
        hang_up(u, strerror(-rc));
    uplink_kick(u);
}

static void take_ack(struct uplink *u, const struct record *r)
{
    _cleanup_free_ char *spool = NULL;
    uint64_t seq = 0;

    if (record_get_u64(r, "seq", &seq) < 0 || queue_ack(u->queue, seq, &spool) < 0)
        return; // of a signal that was dropped meanwhile
    if (spool)
        u->calls.done(spool, u->user);
    u->calls.moved(u->user);
}

// 0, or a negative errno with a sentence: virtrustd does not speak our language.
static int take_records(struct uplink *u, struct err *err)
{
    size_t done = 0;
    int rc = 0;

    while (rc == 0 && u->io && done < u->in.len) {
        _cleanup_record_ struct record *r = NULL;
        size_t used = 0;

        rc = record_decode(u->in.data + done, u->in.len - done, &used, &r, err);
        if (rc != 0)
            break;
        done += used;
        u->retry_ms = RETRY_MIN_MS; // not before: something that hangs up at once must not be run over
        if (record_is(r, "ack"))
            take_ack(u, r);
        else
            u->calls.request(r, u->user);
    }
    if (u->io && done)
        buffer_take(&u->in, done);
    return rc < 0 ? rc : 0;
}

static int on_io(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
    struct uplink *u = userdata;
    struct err err = {0};
    char chunk[16 * 1024];
    ssize_t n;

    (void)source;
    if (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) {
        n = recv(fd, chunk, sizeof chunk, MSG_DONTWAIT);
        if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
            hang_up(u, n == 0 ? "it closed the connection" : strerror(errno));
            return 0;
        }
        if (n > 0 && (buffer_add(&u->in, chunk, (size_t)n) < 0 || take_records(u, &err) < 0)) {
            hang_up(u, err.text[0] ? err.text : "out of memory");
            return 0;
        }
    }
    uplink_kick(u);
    return 0;
}

static int say_hello(struct uplink *u)
{
    _cleanup_record_ struct record *r = record_new("hello");

    record_add(r, "program", "virtrust-watch");
    record_add_i64(r, "pid", getpid());
    u->calls.hello(r, u->user);
    return add_record(u, r);
}

static int connect_now(struct uplink *u, struct err *err)
{
    _cleanup_close_ int fd = recio_connect_now(u->path, err);
    int rc;

    if (fd < 0)
        return fd;
    rc = sd_event_add_io(u->event, &u->io, fd, EPOLLIN, on_io, u);
    if (rc >= 0)
        rc = sd_event_source_set_io_fd_own(u->io, 1);
    if (rc < 0) {
        u->io = sd_event_source_disable_unref(u->io);
        return err_set(err, rc, "%s: %s", u->path, strerror(-rc));
    }
    (void)take_fd(fd);
    return 0;
}

static int on_retry(sd_event_source *source, uint64_t when, void *userdata)
{
    struct uplink *u = userdata;
    struct err err = {0};
    int rc = connect_now(u, &err);

    (void)source;
    (void)when;
    if (rc < 0) {
        if (!u->complained)
            watch_log(LOG_NOTICE, "virtrustd is not there yet (%s); signals are kept for it", err.text);
        u->complained = true;
        schedule_retry(u);
        return 0;
    }
    watch_log(LOG_INFO, "%s: connected, %zu %s to send", u->path, queue_count(u->queue),
              plural(queue_count(u->queue), "signal", "signals"));
    u->complained = false;
    queue_unsend(u->queue);
    rc = say_hello(u);
    if (rc < 0) {
        hang_up(u, strerror(-rc));
        return 0;
    }
    uplink_kick(u);
    u->calls.moved(u->user);
    return 0;
}

int uplink_new(sd_event *event, const char *path, struct queue *queue, const struct uplink_calls *calls,
               void *user, struct uplink **ret, struct err *err)
{
    _cleanup_(uplink_freep) struct uplink *u = calloc(1, sizeof *u);
    int rc;

    if (!u || !(u->path = strdup(path)))
        return err_set(err, -ENOMEM, "out of memory");
    u->event = sd_event_ref(event);
    u->queue = queue;
    u->calls = *calls;
    u->user = user;
    u->retry_ms = RETRY_MIN_MS;
    rc = sd_event_add_time_relative(event, &u->retry, CLOCK_MONOTONIC, 0, 1000, on_retry, u);
    if (rc < 0)
        return err_set(err, rc, "cannot set a timer: %s", strerror(-rc));
    *ret = take(u);
    return 0;
}

struct uplink *uplink_free(struct uplink *u)
{
    if (!u)
        return NULL;
    sd_event_source_disable_unref(u->io);
    sd_event_source_disable_unref(u->retry);
    sd_event_unref(u->event);
    buffer_clear(&u->in);
    buffer_clear(&u->out);
    free(u->path);
    free(u);
    return NULL;
}
