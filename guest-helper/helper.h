// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// One verb, from its request to its answer: the same on every system. daemon/PROTOCOL.md, "deliver → helper", has the
// keys.
//
//     rc = helper_run("/", VERB_PROBE, request, &answer, &err);
#pragma once

#include "common/record.h"
#include "guest-helper/plan.h"

// root: "/" but in tests. 0 with an answer (a refusal and a failed repair are answers, too), or -errno with a
// sentence: the request is no good (-EINVAL), or the helper cannot work here.
int helper_run(const char *root, enum verb verb, const struct record *request, struct record **ret,
               struct err *err);
