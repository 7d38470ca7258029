// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// `approve-all`: every case that waits for approval, of one domain or one policy where one is named; told, or approved
// one after the other, as `approve` does with one. A few at a time, so that nobody else waits for the last of them.
//
// Request: [domain=] [policy=] [newest=<the highest case that was told before>] [dry_run=1]. Answer: type=waiting or
// type=approved: id guest name domain policy verdict cause text opened_us [error].
#pragma once

#include "daemon/control/session.h"

struct batch;

void handle_approve_all(struct session *s, const struct record *request);
struct batch *batch_free(struct batch *b);
