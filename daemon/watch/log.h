// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// The watcher's log.
//
//     watch_log(LOG_WARNING, "%s: %s", path, strerror(-rc));
#pragma once

#include "common/os/logline.h"

#include <syslog.h>

#define watch_log(level, ...) logline("virtrust-watch", (level), __VA_ARGS__)
