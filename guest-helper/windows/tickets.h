// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// The Kerberos tickets of the system itself (LocalSystem's logon session): those of the old password are useless.
//
//     if (!tickets_purge()) …   // they expire by themselves within hours
#pragma once

#include <stdbool.h>

bool tickets_purge(void);
