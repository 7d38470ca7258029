// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// The two requests that carry a secret: `reset` and `login`.
//
// How a reset is kept to once: the attempt is written down (journal.h) before the modify (modify.h) is sent,
// its end afterwards. A token that was done is answered from there. One whose end is not known (a kill, a cut
// connection) is settled first, by logging in with the same password on the same DC: accepted means that it
// took.
//
// Outcomes: done (the DC said so, or a login proved it); refused (a rule or the DC's word: nothing was
// written); unknown (something may have been written). A failure instead of an outcome: nothing was sent.
//
//     rc = reset_answer(domain, "/var/lib/virtrust", &request, &record, &failure);
#pragma once

#include "daemon/config/config.h"
#include "daemon/directory/failure.h"
#include "daemon/directory/request.h"

// *ret is a `reset` or `login` record, the caller's. 0 or negative errno.
int reset_answer(const struct config_domain *domain, const char *state_dir, const struct request *q,
                 struct record **ret, struct failure *f);
int login_answer(const struct config_domain *domain, const char *state_dir, const struct request *q,
                 struct record **ret, struct failure *f);
