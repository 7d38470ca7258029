// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// How long libvirt may take. A call to a daemon that stands still blocks for ever; one that waits for a guest's lock
// may take minutes while the daemon is well. So after PATIENCE_S in one call a child asks the daemon from outside
// (virtrust-watch --probe): if it answers, the call may go on; if not, the connection's socket is shut down, and the
// call fails like all that follow. Costs nothing while nothing is asked: no timer, no keepalive.
//
// libvirt is called by one thread over one connection, so this is one a process, as vloop is.
//
//     patience_open(uri);  …  patience_watch(socket);
//     patience_begin(); virConnectListAllDomains(…); patience_end();      // never one inside another
#pragma once

#include "common/err.h"

#include <stdbool.h>
#include <sys/types.h>

enum { PATIENCE_S = 10, PATIENCE_PROBE_S = 10 };

int patience_open(const char *uri); // 0 or a negative errno; SIGCHLD blocked or not is all the same
void patience_watch(int fd);        // borrowed; -1: there is none. Forgets what was lost before
bool patience_lost(void);           // did the connection end for want of an answer?

void patience_begin(void);
void patience_end(void);

// Starts a child that tries to connect; its complaint, or nothing, can be read from `ret_out` (CLOEXEC, NONBLOCK),
// which ends with it. The caller reaps `ret_pid`. 0 or a negative errno.
int patience_probe(const char *uri, pid_t *ret_pid, int *ret_out);
