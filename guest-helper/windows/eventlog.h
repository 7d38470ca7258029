// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// Windows' event log: source virtrust-helper in the log Application. The source's registration names this very program,
// which carries the messages (messages.mc). The identifiers are told in docs/windows.md.
//
//     eventlog_line(EVENTLOG_SERVICE_LISTENS, EVENTLOG_INFORMATION_TYPE, "…");
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum {
    EVENTLOG_DONE = 100,
    EVENTLOG_REFUSED = 200,
    EVENTLOG_FAILED = 300,
    EVENTLOG_LISTENS = 400,
    EVENTLOG_BROKEN = 401
};

void eventlog_line(uint32_t id, const char *text);
bool eventlog_register(const wchar_t *program); // false: no right to
void eventlog_unregister(void);
