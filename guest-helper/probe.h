// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// The probe's look: what the guest holds, which DC it reaches, and whether that DC takes its secret. Writes nothing.
// Without log_on the account is not logged on, and what the channel is stays unknown (channel_code=not-asked).
//
//     struct record *a = probe_answer(&member, true);
#pragma once

#include "common/record.h"
#include "guest-helper/member.h"

struct record *probe_answer(const struct member *m, bool log_on);

// The verb `look`: a probe that has no token, makes no key, takes no lock and retires nothing, for whoever only
// wants to know. Request: log_on=0|1. 0 or -ENOMEM.
int probe_look(const char *root, const struct record *request, struct record **ret, struct err *err);
