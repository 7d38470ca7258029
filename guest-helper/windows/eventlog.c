// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest-helper/windows/eventlog.h"

#include "common/cleanup.h"
#include "guest-helper/report.h"
#include "guest-helper/windows/wide.h"

#include <windows.h>

static const wchar_t source[] = L"virtrust-helper";
static const wchar_t key_name[] =
    L"SYSTEM\\CurrentControlSet\\Services\\EventLog\\Application\\virtrust-helper";

void eventlog_line(uint32_t id, const char *text)
{
    wchar_t wide[1024];
    const wchar_t *strings[] = {wide};
    const bool error = id >= EVENTLOG_FAILED && id != EVENTLOG_LISTENS,
               warning = id >= EVENTLOG_REFUSED && id < EVENTLOG_FAILED;
    // The severity is part of the message's number, as messages.mc has it.
    const DWORD severity = error ? 3 : warning ? 2 : 1;
    HANDLE log = RegisterEventSourceW(NULL, source);

    if (!log)
        return;
    if (wide_of(text, wide, ARRAY_SIZE(wide)) == 0)
        ReportEventW(log,
                     (WORD)(error     ? EVENTLOG_ERROR_TYPE
                            : warning ? EVENTLOG_WARNING_TYPE
                                      : EVENTLOG_INFORMATION_TYPE),
                     0, severity << 30 | id, NULL, 1, 0, strings, NULL);
    DeregisterEventSource(log);
}

void report_line(enum verb verb, enum report_level level, const char *text)
{
    static const uint32_t base[] = {[REPORT_DONE] = EVENTLOG_DONE,
                                    [REPORT_REFUSED] = EVENTLOG_REFUSED,
                                    [REPORT_FAILED] = EVENTLOG_FAILED};

    eventlog_line(base[level] + (verb == VERB_STORE ? 0 : verb == VERB_ROTATE ? 1 : 2), text);
}

bool eventlog_register(const wchar_t *program)
{
    const DWORD types = EVENTLOG_ERROR_TYPE | EVENTLOG_WARNING_TYPE | EVENTLOG_INFORMATION_TYPE;
    HKEY key = NULL;
    LSTATUS s = RegCreateKeyExW(HKEY_LOCAL_MACHINE, key_name, 0, NULL, 0, KEY_SET_VALUE, NULL, &key, NULL);

    if (s != ERROR_SUCCESS)
        return false;
    s = RegSetValueExW(key, L"EventMessageFile", 0, REG_SZ, (const BYTE *)program,
                       (DWORD)((wcslen(program) + 1) * sizeof *program));
    if (s == ERROR_SUCCESS)
        s = RegSetValueExW(key, L"TypesSupported", 0, REG_DWORD, (const BYTE *)&types, sizeof types);
    RegCloseKey(key);
    return s == ERROR_SUCCESS;
}

void eventlog_unregister(void)
{
    RegDeleteKeyW(HKEY_LOCAL_MACHINE, key_name);
}
