// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// The directories that virtrust's programs expect, and the sockets that virtrust-spawn listens on.
//
//     rc = dirs_make(config, &err);
#pragma once

#include "common/err.h"
#include "daemon/config/config.h"

// Makes what is missing: runtime 0711 (people may pass to control.sock), state 0700, spool 0700. One that exists is
// left as a package or the administrator made it, unless everybody could write there: -EPERM with a sentence.
int dirs_make(const struct config *config, struct err *err);

// A lock that one virtrust-spawn holds for its runtime directory as long as it lives: a descriptor, or a negative
// errno with a sentence (-EBUSY: another one runs).
int dirs_lock(const struct config *config, struct err *err);

// Listens on <runtime>/NAME, mode 0600; a socket that a dead predecessor left is replaced. A non-blocking
// descriptor, or a negative errno with a sentence.
int dirs_listen(const struct config *config, const char *name, struct err *err);
