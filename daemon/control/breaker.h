// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// The circuit breakers for the command line: `breaker`, and what `status` and `doctor` say of those that are open.
//
//     breaker_notes(s->engine, r, &notes);    // adds note.N for each that is not closed
#pragma once

#include "daemon/control/session.h"

void handle_breaker(struct session *s, const struct record *request);
void breaker_notes(struct engine *e, struct record *r, unsigned *notes);
void breaker_findings(struct session *s);
