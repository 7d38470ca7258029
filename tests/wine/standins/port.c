// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// Stands where KERNEL32.dll is, for one file alone: the virtio-serial port, which under Wine is a connection to
// $STANDIN_PORT of this machine. Reading ends as it does on the real one: with nothing when nobody is at the other end.
#include <winsock2.h>
#include <ws2tcpip.h>

#include <stdlib.h>
#include <wchar.h>

static HANDLE real_create(const wchar_t *name, DWORD access, DWORD share, SECURITY_ATTRIBUTES *rights,
                          DWORD how, DWORD flags, HANDLE template)
{
    typedef HANDLE(WINAPI * create)(const wchar_t *, DWORD, DWORD, SECURITY_ATTRIBUTES *, DWORD, DWORD,
                                    HANDLE);
    create f = (create)(void *)GetProcAddress(GetModuleHandleA("kernel32.dll"), "CreateFileW");

    return f(name, access, share, rights, how, flags, template);
}

static HANDLE connect_port(void)
{
    const char *port = getenv("STANDIN_PORT");
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((u_short)atoi(port ? port : "0")),
                             .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
    WSADATA data;
    SOCKET s;

    WSAStartup(MAKEWORD(2, 2), &data);
    s = WSASocketW(AF_INET, SOCK_STREAM, IPPROTO_TCP, NULL, 0, WSA_FLAG_OVERLAPPED);
    if (s == INVALID_SOCKET || connect(s, (struct sockaddr *)&to, sizeof to) != 0) {
        closesocket(s);
        SetLastError(ERROR_FILE_NOT_FOUND);
        return INVALID_HANDLE_VALUE;
    }
    return (HANDLE)s;
}

HANDLE WINAPI CreateFileW(LPCWSTR name, DWORD access, DWORD share, LPSECURITY_ATTRIBUTES rights, DWORD how,
                          DWORD flags, HANDLE template)
{
    if (wcscmp(name, L"\\\\.\\Global\\org.virtrust.guest.0") == 0)
        return connect_port();
    return real_create(name, access, share, rights, how, flags, template);
}
