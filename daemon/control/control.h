// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// The command line's end of the line: `<runtime>/control.sock`, 0660, owned by root and the group that may use
// virtrust. One request, then records, closed by `end` (with the exit code that answers the question) or `error`.
//
//     rc = control_open(engine, &engine->control, &err);
#pragma once

#include "common/err.h"
#include "daemon/core/types.h"

struct engine;
struct control;

int control_open(struct engine *e, struct control **ret, struct err *err);
struct control *control_close(struct control *c);
// A case was closed: whoever waits for it is answered.
void control_case_closed(struct control *control, const struct casefile *c);
// A guest's burst of signals is over: whoever waits for the guest learns which case to wait for.
void control_guest_settled(struct control *control, const char *uuid);
