// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// What the guest's own administrator gets to know: each change that was tried, and how it ended, in the guest's own log
// (syslog; Windows' event log, source virtrust-helper). Never a secret. Looks leave no line.
//
//     report_answer(VERB_STORE, answer);
#pragma once

#include "common/record.h"
#include "guest-helper/plan.h"

enum report_level { REPORT_DONE, REPORT_REFUSED, REPORT_FAILED };

void report_answer(enum verb verb, const struct record *answer);
// The system's: one line.
void report_line(enum verb verb, enum report_level level, const char *text);
