// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// That the service is to end: an event which the service control manager's handler sets and every wait watches.
//
//     if (stop_wait(1000)) …   // true: it is to end
#pragma once

#include <stdbool.h>

void *stop_event(void); // a HANDLE, made at the first call
void stop_set(void);
bool stop_wait(unsigned ms);
