// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// What a process does for itself before it handles a secret: no core dump, no tracer, private files, and an end after
// a fixed time (the lock is then free again, and the journal tells where to go on).
//
//     if (process_prepare(120, &err) < 0) …
#pragma once

#include "common/err.h"

int process_prepare(unsigned limit_s, struct err *err);
