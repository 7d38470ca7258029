// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// The watcher's log: standard error, with the priority in front as journald reads it.
//
//     watch_log(LOG_WARNING, "%s: %s", path, strerror(-rc));
#pragma once

#include <stdio.h>
#include <syslog.h>

#define watch_log(level, format, ...) fprintf(stderr, "<%d>" format "\n", (level)__VA_OPT__(, ) __VA_ARGS__)
