// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// Bringing interrupted verbs to their end: a password of any token that the DC has taken is stored; one that the DC
// never took is forgotten when the guest's own secret still works. Nothing new is changed. Does nothing while no DC
// answers. True when the guest now holds another secret: look at the member again.
//
//     if (settle_pending("/", st, m)) …
#pragma once

#include "guest-helper/change.h"

bool settle_pending(const char *root, struct state *st, struct member *m);
