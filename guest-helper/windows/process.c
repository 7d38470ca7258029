// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest-helper/process.h"

#include <windows.h>

#include <errno.h>
#include <fcntl.h>
#include <io.h>

static DWORD WINAPI out_of_time(void *limit_s)
{
    static const char text[] = "virtrust-helper: out of time: a DC or another helper did not answer\n";

    Sleep((DWORD)(ULONG_PTR)limit_s * 1000);
    if (write(2, text, sizeof text - 1) < 0)
        TerminateProcess(GetCurrentProcess(), EXIT_TIMED_OUT);
    // Not ExitProcess: a thread that hangs in a DLL could keep it from ending.
    TerminateProcess(GetCurrentProcess(), EXIT_TIMED_OUT);
    return 0;
}

int process_prepare(unsigned limit_s, struct err *err)
{
    HANDLE thread;

    // No dialogue, no dump by Windows Error Reporting.
    SetErrorMode(SEM_FAILCRITICALERRORS | SEM_NOGPFAULTERRORBOX | SEM_NOOPENFILEERRORBOX);
    // DLLs that are loaded later come from System32, not from beside the program or the current directory.
    SetDllDirectoryW(L"");
    // A request that somebody types at a console, or that an editor saved, has lines that end in CR LF; no record holds
    // a CR that is not escaped.
    setmode(0, O_TEXT);
    setmode(1, O_BINARY);
    thread = CreateThread(NULL, 0, out_of_time, (void *)(ULONG_PTR)limit_s, 0, NULL);
    if (!thread)
        return err_set(err, -EIO, "cannot set a time limit (Windows error %lu)",
                       (unsigned long)GetLastError());
    CloseHandle(thread);
    return 0;
}
