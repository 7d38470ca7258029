// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// The end of patience. DNS, Kerberos and LDAP have time limits of their own, but their sum is nobody's
// promise: when the watchdog's time is over, the answer that fits what has happened so far is written and the
// process ends at once, as a kill would end it (which the journal is made for).
//
//     watchdog_answer(failure_record(&late));       // before the write: nothing was changed
//     watchdog_start(60);
//     watchdog_answer(unknown);                     // from now on something may have been written
#pragma once

#include "common/record.h"

// Takes the record and keeps its encoded form for the case; NULL or one that cannot be encoded means no
// answer.
void watchdog_answer(struct record *answer);
void watchdog_start(unsigned seconds);
// The real answer is about to be sent: no other one from now on.
void watchdog_stop(void);
