// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/engine/stream.h"

#include "common/secret.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

struct stream {
    sd_event_source *io, *defer;
    int fd;
    bool (*on_record)(struct stream *s, const struct record *r, void *arg);
    void (*on_end)(struct stream *s, void *arg);
    void *arg;
    char *in, *out;
    size_t in_len, in_room, out_len, out_done, out_room;
    size_t low; // so much may wait when the next part is made
    bool ending, dead, held;
    void (*when_sent)(struct stream *s, void *arg);
};

struct stream *stream_free(struct stream *s)
{
    if (!s)
        return NULL;
    sd_event_source_disable_unref(s->io);
    sd_event_source_disable_unref(s->defer);
    if (s->fd >= 0)
        close(s->fd);
    secret_wipe(s->in, s->in_room);
    free(s->in);
    free(s->out);
    free(s);
    return NULL;
}

int stream_fd(const struct stream *s)
{
    return s->fd;
}

static int on_defer(sd_event_source *source, void *arg)
{
    struct stream *s = arg;

    void (*when_sent)(struct stream * s, void *arg) = s->when_sent;

    (void)source;
    if (s->dead) {
        s->on_end(s, s->arg);
        return 0;
    }
    s->when_sent = NULL;
    if (when_sent)
        when_sent(s, s->arg);
    return 0;
}

// From now on only the end callback is left to come.
static void die(struct stream *s)
{
    if (s->dead)
        return;
    s->dead = true;
    s->io = sd_event_source_disable_unref(s->io);
    sd_event_source_set_enabled(s->defer, SD_EVENT_ONESHOT);
}

static void flush(struct stream *s)
{
    while (!s->dead && !s->held && s->out_done < s->out_len) {
        ssize_t n = send(s->fd, s->out + s->out_done, s->out_len - s->out_done, MSG_NOSIGNAL);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN) {
            sd_event_source_set_io_events(s->io, EPOLLIN | EPOLLOUT);
            if (s->when_sent && s->out_len - s->out_done <= s->low)
                sd_event_source_set_enabled(s->defer, SD_EVENT_ONESHOT);
            return;
        }
        if (n < 0) {
            die(s);
            return;
        }
        s->out_done += (size_t)n;
    }
    if (s->dead || s->held)
        return;
    s->out_done = s->out_len = 0;
    sd_event_source_set_io_events(s->io, EPOLLIN);
    if (s->ending)
        die(s);
    else if (s->when_sent)
        sd_event_source_set_enabled(s->defer, SD_EVENT_ONESHOT);
}

void stream_hold(struct stream *s, bool hold)
{
    s->held = hold;
    flush(s);
}

void stream_when_sent(struct stream *s, void (*f)(struct stream *s, void *arg))
{
    s->when_sent = f;
    flush(s);
}

static int make_room(struct stream *s, size_t len)
{
    size_t room;
    char *grown;

    if (s->out_len - s->out_done + len > STREAM_QUEUE_MAX)
        return -ENOBUFS;
    if (s->out_len + len <= s->out_room)
        return 0;
    if (s->out_done > 0)
        memmove(s->out, s->out + s->out_done, s->out_len - s->out_done);
    s->out_len -= s->out_done;
    s->out_done = 0;
    if (s->out_len + len <= s->out_room / 2) // else the next of them would be moved again
        return 0;
    room = 2 * (s->out_len + len);
    grown = realloc(s->out, room);
    if (!grown)
        return -ENOMEM;
    s->out = grown;
    s->out_room = room;
    return 0;
}

void stream_send_text(struct stream *s, const char *text, size_t len)
{
    if (s->dead)
        return;
    if (make_room(s, len) < 0) {
        die(s);
        return;
    }
    memcpy(s->out + s->out_len, text, len);
    s->out_len += len;
    flush(s);
}

void stream_send(struct stream *s, const struct record *r)
{
    _cleanup_free_ char *text = NULL;
    size_t len;

    if (!s->dead && record_encode(r, &text, &len) == 0)
        stream_send_text(s, text, len);
}

void stream_widen(struct stream *s)
{
    int size = 1024 * 1024;

    setsockopt(s->fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    s->low = STREAM_LOW;
}

void stream_narrow(struct stream *s)
{
    s->low = 0;
}

size_t stream_queued(const struct stream *s)
{
    return s->out_len - s->out_done;
}

void stream_end(struct stream *s)
{
    s->ending = true;
    flush(s);
}

static void decode_all(struct stream *s)
{
    size_t at = 0;

    while (!s->dead && at < s->in_len) {
        _cleanup_record_ struct record *r = NULL;
        size_t used;
        int rc = record_decode(s->in + at, s->in_len - at, &used, &r, NULL);

        if (rc == RECORD_MORE)
            break;
        if (rc < 0 || !s->on_record(s, r, s->arg)) {
            die(s);
            return;
        }
        at += used;
    }
    memmove(s->in, s->in + at, s->in_len - at);
    s->in_len -= at;
}

static int on_io(sd_event_source *source, int fd, uint32_t events, void *arg)
{
    struct stream *s = arg;
    ssize_t n;

    (void)source;
    if (events & EPOLLOUT)
        flush(s);
    if (s->dead || !(events & (EPOLLIN | EPOLLHUP | EPOLLERR)))
        return 0;
    if (s->in_room - s->in_len < 4096) {
        size_t room = s->in_room ? s->in_room * 2 : 16384;
        char *grown = room > 4 * RECORD_TOTAL_MAX ? NULL : realloc(s->in, room);

        if (!grown) {
            die(s);
            return 0;
        }
        s->in = grown;
        s->in_room = room;
    }
    n = recv(fd, s->in + s->in_len, s->in_room - s->in_len, 0);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return 0;
    if (n <= 0) {
        die(s);
        return 0;
    }
    s->in_len += (size_t)n;
    if (record_may_end(s->in, s->in_len, s->in_len - (size_t)n))
        decode_all(s);
    return 0;
}

struct stream *stream_new(sd_event *event, int fd,
                          bool (*on_record)(struct stream *s, const struct record *r, void *arg),
                          void (*on_end)(struct stream *s, void *arg), void *arg)
{
    struct stream *s = calloc(1, sizeof *s);

    if (!s) {
        close(fd);
        return NULL;
    }
    *s = (struct stream){.fd = fd, .on_record = on_record, .on_end = on_end, .arg = arg};
    if (sd_event_add_io(event, &s->io, fd, EPOLLIN, on_io, s) < 0 ||
        sd_event_add_defer(event, &s->defer, on_defer, s) < 0 ||
        sd_event_source_set_enabled(s->defer, SD_EVENT_OFF) < 0)
        return stream_free(s);
    return s;
}
