// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// `diagnose` as text for a ticket: the cause, what virtrust would do, then the evidence side by side. Times are UTC, so
// that it means the same to who reads it elsewhere.
//
//     if (diagnose_record(&p->diagnose, r)) ...;  diagnose_end(&p->diagnose);
#pragma once

#include "common/record.h"

#include <stdbool.h>

struct diagnose; // the columns that are being collected

bool diagnose_record(struct diagnose **d, const struct record *r); // is it one of its records?
void diagnose_end(struct diagnose **d);                            // prints what is still being collected
