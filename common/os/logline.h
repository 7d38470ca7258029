// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// One line of a daemon's log on standard error. Where that is journald's (JOURNAL_STREAM names this very descriptor),
// the priority stands in front, "<4>text", for journald knows who writes; elsewhere the program's name does,
// "virtrustd: text". What could steer a terminal or make a line of its own is shown as '?'.
//
//     logline("virtrustd", LOG_WARNING, "%s: %s", path, strerror(-rc));
#pragma once

#include <stdarg.h>

void logline(const char *program, int priority, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
