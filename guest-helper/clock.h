// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// This guest's clock, for the host whose time is right: compared, and set when it is off. For guests that are reached
// by the port alone; else the guest agent does it.
//
//     request: now_us (the host's)  tolerance_ms  set=0|1      answer: type=clock  offset_ms  set=0|1
#pragma once

#include "common/record.h"

// 0 with an answer, -EINVAL with a sentence (the request), other -errno (the clock may not be set).
int clock_run(const struct record *request, struct record **ret, struct err *err);

// The system's: microseconds since 1970; 0 or -errno.
int64_t clock_now_us(void);
int clock_set_us(int64_t us, struct err *err);
