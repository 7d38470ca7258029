// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// `scorecard since_us=`: what was foretold in that time, and what became of it, out of the cases that are kept
// (daemon/core/score.h decides). Guests are gone through a few at a time.
//
// Answer: a record `prediction` for each (case guest name at_us verdict cause would class [settled_us settled_case]),
// oldest first of each guest, then one `score` (since_us guests looks predicted right by_hand by_virtrust by_rollback
// still open wrong).
#pragma once

#include "daemon/control/session.h"

struct scoring;

void handle_scorecard(struct session *s, const struct record *request);
struct scoring *scoring_free(struct scoring *w);
