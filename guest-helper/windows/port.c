// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest-helper/port.h"

#include "guest-helper/windows/stop.h"

#include <windows.h>

#include <errno.h>

enum { AWAY_MS = 1000, WRITE_MS = 10000 };

static const wchar_t path[] = L"\\\\.\\Global\\org.virtrust.guest.0";

struct port {
    HANDLE file, event;
};

struct port *port_free(struct port *p)
{
    if (!p)
        return NULL;
    if (p->file != INVALID_HANDLE_VALUE)
        CloseHandle(p->file);
    if (p->event)
        CloseHandle(p->event);
    free(p);
    return NULL;
}

// The driver may come later than the service, and a definition without the port is no reason to end either.
int port_open(struct port **ret, struct err *err)
{
    struct port *p = calloc(1, sizeof *p);

    if (p)
        p->event = CreateEventW(NULL, TRUE, FALSE, NULL);
    if (!p || !p->event) {
        free(p);
        return err_set(err, -ENOMEM, "out of memory");
    }
    do {
        p->file = CreateFileW(path, GENERIC_READ | GENERIC_WRITE, 0, NULL, OPEN_EXISTING,
                              FILE_FLAG_OVERLAPPED, NULL);
    } while (p->file == INVALID_HANDLE_VALUE && !stop_wait(AWAY_MS));
    if (p->file == INVALID_HANDLE_VALUE) {
        port_free(p);
        return -ECANCELED;
    }
    *ret = p;
    return 0;
}

// Waits for what was begun: bytes done, 0 when the other end is not there, -ECANCELED, -ETIMEDOUT.
static int finish(struct port *p, OVERLAPPED *o, DWORD limit_ms)
{
    HANDLE both[] = {p->event, stop_event()};
    DWORD n = 0, which = WaitForMultipleObjects(2, both, FALSE, limit_ms);

    if (which != WAIT_OBJECT_0)
        CancelIo(p->file);
    if (!GetOverlappedResult(p->file, o, &n, TRUE))
        n = 0;
    if (n > 0)
        return (int)n;
    return which == WAIT_OBJECT_0 + 1 ? -ECANCELED : which == WAIT_TIMEOUT ? -ETIMEDOUT : 0;
}

int port_read(struct port *p, void *buf, size_t size)
{
    OVERLAPPED o = {.hEvent = p->event};
    int n = 0;

    ResetEvent(p->event);
    if (ReadFile(p->file, buf, (DWORD)size, NULL, &o) || GetLastError() == ERROR_IO_PENDING)
        n = finish(p, &o, INFINITE);
    if (n == 0 && stop_wait(AWAY_MS))
        return -ECANCELED;
    return n;
}

int port_write(struct port *p, const void *data, size_t len)
{
    const char *from = data;

    while (len > 0) {
        OVERLAPPED o = {.hEvent = p->event};
        int n = 0;

        ResetEvent(p->event);
        if (WriteFile(p->file, from, (DWORD)len, NULL, &o) || GetLastError() == ERROR_IO_PENDING)
            n = finish(p, &o, WRITE_MS);
        if (n <= 0)
            return n < 0 ? n : -EPIPE;
        from += n;
        len -= (size_t)n;
    }
    return 0;
}
