// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// What the cage grants in a build as it is shipped.
#include "daemon/inspect/cage_grants.h"

const uint64_t cage_memory = UINT64_C(1024) * 1024 * 1024;
const unsigned cage_more_calls[] = {CAGE_CALLS_END};
