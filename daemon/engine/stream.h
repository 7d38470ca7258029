// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// A connection that speaks records, on the event loop: many in, many out, nothing blocks. Used for the watcher and for
// the command line.
//
//     s = stream_new(e->event, fd, on_record, on_end, arg);
#pragma once

#include "common/record.h"

#include <systemd/sd-event.h>

struct stream;

// on_record may call stream_send and must not free the stream; it returns false to have it ended (on_end is called
// from the loop). on_end is called once, when the other side went or spoke nonsense; it frees the stream.
struct stream *stream_new(sd_event *event, int fd,
                          bool (*on_record)(struct stream *s, const struct record *r, void *arg),
                          void (*on_end)(struct stream *s, void *arg), void *arg);
struct stream *stream_free(struct stream *s);
// Queues a record; at most `STREAM_QUEUE_MAX` bytes wait for a slow reader, beyond that the stream is ended.
enum { STREAM_QUEUE_MAX = 16 * 1024 * 1024 };
void stream_send(struct stream *s, const struct record *r);
// The same for what is encoded already.
void stream_send_text(struct stream *s, const char *text, size_t len);
// Between the two records are only queued, and then go in as few pieces as the socket takes.
void stream_hold(struct stream *s, bool hold);
// Calls f from the loop, once, when everything queued is sent: the way to send a lot without holding it.
void stream_when_sent(struct stream *s, void (*f)(struct stream *s, void *arg));
// Of a stream that sends a lot: lets the kernel hold more of it, as far as the system allows, and has the next part
// made while STREAM_LOW bytes still wait, so that the reader has something to do meanwhile. Narrow ones hold less.
enum { STREAM_LOW = 256 * 1024 };
void stream_widen(struct stream *s);
void stream_narrow(struct stream *s);
size_t stream_queued(const struct stream *s); // bytes that the other side has not taken yet
// Ends the stream once everything queued is sent.
void stream_end(struct stream *s);
int stream_fd(const struct stream *s);
