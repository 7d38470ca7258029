// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// How policies, circuit breakers, batches and the scorecard are told to people.
//
//     if (policy_record(&table, r))
//         return;        // was one of ours
#pragma once

#include "common/record.h"
#include "daemon/cli/table.h"

bool policy_record(struct table *t, const struct record *r);
