// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// The helper's verbs over its own virtio-serial port, for guests whose agent is not there or may run no program. The
// request goes with an id; only the answer with that id counts, so that what an earlier, impatient host left in the
// port is passed over. The result has the form of the agent's, and is read as that is.
//
// A guest that says nothing is waited for until main's time limit ends this program.
//
//     if (port_run(g, "probe", request, &status, &fail) < 0) …
#pragma once

#include "common/record.h"
#include "daemon/deliver/guest.h"

int port_run(struct guest *g, const char *verb, const struct record *request, struct agent_status *ret,
             struct fail *fail);

// An answer `ran` as the agent would have told it: 0 or -EBADMSG with a sentence. For port_run and tests.
int port_read_ran(const struct record *ran, struct agent_status *ret, struct err *err);
