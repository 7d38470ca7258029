// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest-helper/windows/ports.h"

#include "common/cleanup.h"
#include "guest-helper/windows/wide.h"

#include <winsock2.h>
#include <ws2tcpip.h>

#include <stdio.h>

enum { PORTS = 4, WAIT_S = 3 };

static const unsigned numbers[PORTS] = {88, 389, 445, 464};

unsigned ports_number(unsigned bit)
{
    for (unsigned i = 0; i < PORTS; i++)
        if (bit == 1u << i)
            return numbers[i];
    return 0;
}

static SOCKET begin(const wchar_t *host, unsigned port)
{
    const ADDRINFOW hints = {.ai_socktype = SOCK_STREAM};
    ADDRINFOW *list = NULL;
    wchar_t text[8];
    u_long on = 1;
    SOCKET s;

    swprintf(text, ARRAY_SIZE(text), L"%u", port);
    if (GetAddrInfoW(host, text, &hints, &list) != 0)
        return INVALID_SOCKET;
    s = socket(list->ai_family, SOCK_STREAM, IPPROTO_TCP);
    if (s != INVALID_SOCKET) {
        ioctlsocket(s, (long)FIONBIO, &on);
        connect(s, list->ai_addr, (int)list->ai_addrlen);
    }
    FreeAddrInfoW(list);
    return s;
}

// Which of them are connected; those that failed or connected are taken out of the waiting.
static unsigned collect(SOCKET *s)
{
    struct timeval left = {WAIT_S, 0};
    unsigned open = 0, waiting = 0;
    fd_set good, bad;

    FD_ZERO(&good);
    FD_ZERO(&bad);
    for (unsigned i = 0; i < PORTS; i++) {
        if (s[i] == INVALID_SOCKET)
            continue;
        FD_SET(s[i], &good);
        FD_SET(s[i], &bad);
        waiting++;
    }
    if (waiting == 0 || select(0, NULL, &good, &bad, &left) <= 0)
        return 0;
    for (unsigned i = 0; i < PORTS; i++) {
        if (s[i] == INVALID_SOCKET || (!FD_ISSET(s[i], &good) && !FD_ISSET(s[i], &bad)))
            continue;
        open |= FD_ISSET(s[i], &good) ? 1u << i : 0;
        closesocket(s[i]);
        s[i] = INVALID_SOCKET;
    }
    return open;
}

unsigned ports_open(const char *host)
{
    wchar_t name[WIDE_NAME];
    SOCKET s[PORTS];
    unsigned open = 0, more;
    WSADATA data;

    if (wide_of(host, name, WIDE_NAME) < 0 || WSAStartup(MAKEWORD(2, 2), &data) != 0)
        return 0;
    for (unsigned i = 0; i < PORTS; i++)
        s[i] = begin(name, numbers[i]);
    do {
        more = collect(s);
        open |= more;
    } while (more != 0);
    for (unsigned i = 0; i < PORTS; i++)
        if (s[i] != INVALID_SOCKET)
            closesocket(s[i]);
    WSACleanup();
    return open;
}
