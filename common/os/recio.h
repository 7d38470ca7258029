// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// Records over a file descriptor, blocking, for workers, helper and command line (the daemon and the watcher have
// event loops and buffers of their own and use common/record directly).
//
//     _cleanup_record_ struct record *request = NULL;
//     rc = recio_read(STDIN_FILENO, 5000, &request, &err);
#pragma once

#include "common/record.h"
#include "common/record_list.h"

// Sends one record whole: 0, -ETIMEDOUT, -EPIPE, other negative errno. Never raises SIGPIPE on sockets.
// timeout_ms < 0 waits for ever.
int recio_write(int fd, const struct record *r, int timeout_ms, struct err *err);

// Reads one record and not a byte more (it reads byte by byte: for one short request; many records want the stream
// below).
// 0, RECIO_END (a clean end before the first byte), -ETIMEDOUT, -EBADMSG, other negative errno.
enum { RECIO_END = 1 };
int recio_read(int fd, int timeout_ms, struct record **ret, struct err *err);

// A stream that buffers: many records over one connection.
struct recio;
struct recio *recio_new(int fd); // takes the descriptor
struct recio *recio_free(struct recio *s);
DEFINE_CLEANUP(struct recio *, recio_free);
int recio_fd(const struct recio *s);
int recio_next(struct recio *s, int timeout_ms, struct record **ret, struct err *err); // as recio_read
// The same for a long list (common/record_list.h): *ret is valid until the next call, whatever is then asked of s.
int recio_next_of(struct recio *s, struct record_list *l, int timeout_ms, const struct record **ret,
                  struct err *err);

// Connects to a UNIX stream socket: a descriptor, or a negative errno with a sentence (names the path).
int recio_connect(const char *path, struct err *err);
// The same for an event loop: never waits, also where the other side's queue is full (-EAGAIN); the descriptor is
// non-blocking.
int recio_connect_now(const char *path, struct err *err);
