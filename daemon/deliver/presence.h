// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// The verb `presence`: does the agent answer, may it start programs, is the helper there, and which. Nothing is written
// in the guest and nobody is logged on: the helper is asked for its version alone, and where programs may not be
// started, its file is opened for reading and closed again.
//
// Without an agent that may start programs, the helper's own service is asked over its port, where that is connected.
//
//     if (presence_ask(g, request, answer, &fail) < 0) …
#pragma once

#include "common/record.h"
#include "daemon/deliver/guest.h"

enum { PRESENCE_VERSION = 64 };

// Where the helper lies in a guest of this kind: as the request says (`helper`, `helper_windows`), else where our
// packages put it. Borrowed.
const char *presence_path(const struct record *request, bool windows);

// Adds to the answer the keys of daemon/PROTOCOL.md. 0, or -1 with the fail.
int presence_ask(struct guest *g, const struct record *request, struct record *answer, struct fail *fail);

// Pure: what `--version` printed. NULL and the version, or a constant sentence that says why it is none.
const char *presence_read_version(const struct agent_status *s, char ret[static PRESENCE_VERSION]);
