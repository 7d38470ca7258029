// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// A listening UNIX socket in the runtime directory, on the event loop. A socket file that nobody answers on (left by a
// process that was killed) is replaced; one that somebody answers on is an error.
//
//     rc = listen_open(e, "watch.sock", 0600, on_connection, arg, &source, &err);
#pragma once

#include "common/err.h"

#include <sys/types.h>
#include <systemd/sd-event.h>

struct engine;

// on_connection takes the non-blocking descriptor.
int listen_open(struct engine *e, const char *name, mode_t mode, void (*on_connection)(int fd, void *arg),
                void *arg, sd_event_source **ret, struct err *err);
