// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest-helper/clock.h"

#include "common/filetime.h"

#include <windows.h>

#include <errno.h>

int64_t clock_now_us(void)
{
    FILETIME t;

    GetSystemTimeAsFileTime(&t);
    return filetime_to_us((uint64_t)t.dwHighDateTime << 32 | t.dwLowDateTime);
}

// AdjustTokenPrivileges also succeeds when it has done nothing.
static bool take_privilege(void)
{
    TOKEN_PRIVILEGES wish = {.PrivilegeCount = 1, .Privileges = {{.Attributes = SE_PRIVILEGE_ENABLED}}};
    HANDLE token = NULL;
    bool good;

    if (!OpenProcessToken(GetCurrentProcess(), TOKEN_ADJUST_PRIVILEGES | TOKEN_QUERY, &token))
        return false;
    good = LookupPrivilegeValueW(NULL, SE_SYSTEMTIME_NAME, &wish.Privileges[0].Luid) &&
           AdjustTokenPrivileges(token, FALSE, &wish, 0, NULL, NULL) &&
           GetLastError() != ERROR_NOT_ALL_ASSIGNED;
    CloseHandle(token);
    return good;
}

int clock_set_us(int64_t us, struct err *err)
{
    uint64_t ticks = filetime_from_us(us);
    FILETIME f = {.dwLowDateTime = (DWORD)ticks, .dwHighDateTime = (DWORD)(ticks >> 32)};
    SYSTEMTIME t;

    if (!take_privilege())
        return err_set(err, -EACCES,
                       "the clock cannot be set: this process lacks the privilege; it must run as "
                       "LocalSystem");
    if (!FileTimeToSystemTime(&f, &t) || !SetSystemTime(&t))
        return err_set(err, -EIO, "the clock cannot be set (Windows error %lu)",
                       (unsigned long)GetLastError());
    return 0;
}
