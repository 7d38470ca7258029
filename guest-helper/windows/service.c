// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest-helper/service.h"

#include "common/cleanup.h"
#include "guest-helper/port.h"
#include "guest-helper/windows/eventlog.h"
#include "guest-helper/windows/stop.h"

#include <windows.h>

#include <stdio.h>
#include <string.h>

static wchar_t name[] = L"virtrust-helper";
static SERVICE_STATUS_HANDLE status_handle;

void *stop_event(void)
{
    static HANDLE event;

    if (!event)
        event = CreateEventW(NULL, TRUE, FALSE, NULL);
    return event;
}

void stop_set(void)
{
    SetEvent(stop_event());
}

bool stop_wait(unsigned ms)
{
    return WaitForSingleObject(stop_event(), ms) == WAIT_OBJECT_0;
}

static int complain(const char *what)
{
    DWORD code = GetLastError();

    fprintf(stderr, "virtrust-helper: %s (Windows error %lu%s)\n", what, (unsigned long)code,
            code == ERROR_ACCESS_DENIED ? ": run it as an administrator" : "");
    return EXIT_NO_WORK;
}

// ---- running -------------------------------------------------------------------------------------------------------

static void report_state(DWORD state, DWORD exit_code)
{
    SERVICE_STATUS s = {
        .dwServiceType = SERVICE_WIN32_OWN_PROCESS,
        .dwCurrentState = state,
        .dwControlsAccepted = state == SERVICE_RUNNING ? SERVICE_ACCEPT_STOP | SERVICE_ACCEPT_SHUTDOWN : 0,
        .dwWin32ExitCode = exit_code,
        .dwWaitHint = 3000,
    };

    if (status_handle)
        SetServiceStatus(status_handle, &s);
}

static DWORD WINAPI control(DWORD code, DWORD type, void *event, void *data)
{
    (void)type;
    (void)event;
    (void)data;
    if (code == SERVICE_CONTROL_INTERROGATE)
        return NO_ERROR;
    if (code != SERVICE_CONTROL_STOP && code != SERVICE_CONTROL_SHUTDOWN)
        return ERROR_CALL_NOT_IMPLEMENTED;
    report_state(SERVICE_STOP_PENDING, NO_ERROR);
    stop_set();
    return NO_ERROR;
}

static int serve(void)
{
    struct err err = {0};
    int rc;

    eventlog_line(EVENTLOG_LISTENS, "listens to the host on the port org.virtrust.guest.0");
    rc = port_serve(&err);
    if (rc < 0) {
        eventlog_line(EVENTLOG_BROKEN, err.text);
        fprintf(stderr, "virtrust-helper: %s\n", err.text);
    }
    return rc < 0 ? EXIT_NO_WORK : EXIT_ANSWERED;
}

static void WINAPI service(DWORD argc, wchar_t **argv)
{
    (void)argc;
    (void)argv;
    status_handle = RegisterServiceCtrlHandlerExW(name, control, NULL);
    report_state(SERVICE_RUNNING, NO_ERROR);
    report_state(SERVICE_STOPPED, serve() == EXIT_ANSWERED ? NO_ERROR : ERROR_GEN_FAILURE);
}

static int run(void)
{
    const SERVICE_TABLE_ENTRYW table[] = {{name, service}, {NULL, NULL}};

    SetErrorMode(SEM_FAILCRITICALERRORS | SEM_NOGPFAULTERRORBOX | SEM_NOOPENFILEERRORBOX);
    SetDllDirectoryW(L"");
    if (StartServiceCtrlDispatcherW(table))
        return EXIT_ANSWERED;
    // Started by hand, not by the service control manager: it serves in the foreground.
    return GetLastError() == ERROR_FAILED_SERVICE_CONTROLLER_CONNECT ? serve()
                                                                     : complain("the service cannot run");
}

// ---- installing ----------------------------------------------------------------------------------------------------

static void closep(const SC_HANDLE *h)
{
    if (*h)
        CloseServiceHandle(*h);
}
#define _cleanup_sc_ _cleanup_(closep)

// What the service control manager shows, and that it starts the service again when it fails.
static void describe(SC_HANDLE s)
{
    static wchar_t text[] = L"Keeps this guest's machine account in step with its domain, on behalf of the "
                            L"host's virtrust. It listens to "
                            L"the hypervisor's port org.virtrust.guest.0 and to nothing else.";
    SERVICE_DESCRIPTIONW description = {text};
    SC_ACTION again = {SC_ACTION_RESTART, 60000};
    SERVICE_FAILURE_ACTIONSW actions = {.dwResetPeriod = 86400, .cActions = 1, .lpsaActions = &again};

    ChangeServiceConfig2W(s, SERVICE_CONFIG_DESCRIPTION, &description);
    ChangeServiceConfig2W(s, SERVICE_CONFIG_FAILURE_ACTIONS, &actions);
}

static int install(void)
{
    _cleanup_sc_ SC_HANDLE manager = OpenSCManagerW(NULL, NULL,
                                                    SC_MANAGER_CREATE_SERVICE | SC_MANAGER_CONNECT);
    _cleanup_sc_ SC_HANDLE s = NULL;
    wchar_t program[MAX_PATH], line[MAX_PATH + 32];
    DWORD len = GetModuleFileNameW(NULL, program, MAX_PATH);

    if (!manager)
        return complain("the service control manager cannot be reached");
    if (len == 0 || len >= MAX_PATH)
        return complain("this program's own path is too long");
    // Quoted: else C:\Program.exe would be tried first.
    swprintf(line, ARRAY_SIZE(line), L"\"%ls\" service run", program);
    s = CreateServiceW(manager, name, L"virtrust guest helper", SERVICE_ALL_ACCESS, SERVICE_WIN32_OWN_PROCESS,
                       SERVICE_AUTO_START, SERVICE_ERROR_NORMAL, line, NULL, NULL, NULL, NULL, NULL);
    if (!s && GetLastError() == ERROR_SERVICE_EXISTS) {
        s = OpenServiceW(manager, name, SERVICE_ALL_ACCESS);
        if (s && !ChangeServiceConfigW(s, SERVICE_NO_CHANGE, SERVICE_AUTO_START, SERVICE_NO_CHANGE, line,
                                       NULL, NULL, NULL, NULL, NULL, NULL))
            return complain("the service is there and cannot be changed");
    }
    if (!s)
        return complain("the service cannot be installed");
    describe(s);
    eventlog_register(program);
    if (!StartServiceW(s, 0, NULL) && GetLastError() != ERROR_SERVICE_ALREADY_RUNNING)
        return complain("the service is installed, but does not start");
    return EXIT_ANSWERED;
}

static int remove_service(void)
{
    _cleanup_sc_ SC_HANDLE manager = OpenSCManagerW(NULL, NULL, SC_MANAGER_CONNECT);
    _cleanup_sc_ SC_HANDLE s = manager
                                   ? OpenServiceW(manager, name, SERVICE_STOP | SERVICE_QUERY_STATUS | DELETE)
                                   : NULL;
    SERVICE_STATUS status;

    if (!s)
        return manager && GetLastError() == ERROR_SERVICE_DOES_NOT_EXIST
                   ? EXIT_ANSWERED
                   : complain("the service cannot be opened");
    if (ControlService(s, SERVICE_CONTROL_STOP, &status))
        for (int i = 0; i < 100 && status.dwCurrentState != SERVICE_STOPPED; i++) {
            Sleep(100);
            if (!QueryServiceStatus(s, &status))
                break;
        }
    eventlog_unregister();
    return DeleteService(s) ? EXIT_ANSWERED : complain("the service cannot be removed");
}

int service_main(const char *word)
{
    if (strcmp(word, "install") == 0)
        return install();
    if (strcmp(word, "remove") == 0)
        return remove_service();
    return run();
}
