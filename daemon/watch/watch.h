// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// The watcher: libvirt's events, the hook's messages and scans become signals for virtrustd, in the order in which
// they came. An event's callback only notes it down; the guest is described afterwards, one at a time, so that the
// loop goes on hearing. It never decides what a signal means.
//
//     rc = watch_run(config, &err);      // until SIGTERM or SIGINT
#pragma once

#include "daemon/config/config.h"

int watch_run(const struct config *config, struct err *err);
