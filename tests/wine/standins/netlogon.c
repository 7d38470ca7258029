// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// Stands where NETAPI32.dll is: Netlogon, whose answers are the truth of a real domain controller. A verification is
// a log-on with the stored secret (standin.sh, kinit); a rotation changes it there (kpasswd) and here. Finding a DC
// is Wine's own, a real look-up. $STANDIN_FAULT: netlogon-call-denied, netlogon-rc-0-status-1789, netlogon-die-after.
#include "exchange.h"
#include "store.h"

#include <windows.h>

#include <lmaccess.h>
#include <lmapibuf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

BOOLEAN NTAPI SystemFunction036(PVOID buffer, ULONG len); // RtlGenRandom

// "DNS domain", "password", one a line; the machine passwords of this laboratory are ASCII.
static int question(char *ret, size_t size, const wchar_t *more)
{
    wchar_t dns[128], account[128], value[STORE_MAX / 2 + 1] = {0};
    int len = store_get(L"CurrVal", value);
    int n;

    if (len < 0 || store_get_text(L"dns", dns, 128) < 0 || store_get_text(L"account", account, 128) < 0)
        return -1;
    n = snprintf(ret, size, "%ls\n%ls\n%ls\n%ls\n", dns, account, value, more ? more : L"");
    SecureZeroMemory(value, sizeof value);
    return n;
}

// The script's answer is a Windows error code.
static DWORD ask(const char *verb, const wchar_t *more)
{
    char text[4096], answer[32] = "";
    int n = question(text, sizeof text, more);
    DWORD code = ERROR_NO_TRUST_LSA_SECRET;

    if (n >= 0)
        code = exchange(verb, text, (size_t)n, answer, sizeof answer - 1) > 0 ? strtoul(answer, NULL, 10)
                                                                              : ERROR_NO_LOGON_SERVERS;
    SecureZeroMemory(text, sizeof text);
    return code;
}

static DWORD rotate(void)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    wchar_t fresh[121] = {0}, old[STORE_MAX / 2];
    unsigned char random[120];
    int old_len = store_get(L"CurrVal", old);
    DWORD code;

    SystemFunction036(random, sizeof random);
    for (int i = 0; i < 120; i++)
        fresh[i] = (wchar_t)alphabet[random[i] & 63];
    code = ask("rotate", fresh);
    if (code == 0)
        store_set(fresh, 240, old, old_len);
    SecureZeroMemory(fresh, sizeof fresh);
    SecureZeroMemory(old, sizeof old);
    if (exchange_fault("netlogon-die-after"))
        TerminateProcess(GetCurrentProcess(), 9);
    return code;
}

static DWORD level_2(DWORD status, const wchar_t *dc, BYTE **ret)
{
    NETLOGON_INFO_2 *info = NULL;
    size_t len = (wcslen(dc) + 3) * sizeof *dc;

    NetApiBufferAllocate((DWORD)(sizeof *info + len), (void **)&info);
    memset(info, 0, sizeof *info);
    info->netlog2_pdc_connection_status = status;
    info->netlog2_trusted_dc_name = (wchar_t *)(info + 1);
    swprintf(info->netlog2_trusted_dc_name, len / sizeof *dc, L"\\\\%ls", dc);
    *ret = (BYTE *)info;
    return 0;
}

DWORD WINAPI I_NetLogonControl2(LPCWSTR server, DWORD function, DWORD level, LPBYTE data, LPBYTE *ret)
{
    const wchar_t *name = *(const wchar_t **)data;
    char line[300];
    wchar_t dc[128];

    (void)server;
    snprintf(line, sizeof line, "I_NetLogonControl2 %lu level %lu %ls", (unsigned long)function,
             (unsigned long)level, name);
    exchange_log(line);
    store_get_text(L"dc", dc, 128);
    if (exchange_fault("netlogon-call-denied"))
        return ERROR_ACCESS_DENIED;
    if (exchange_fault("netlogon-stopped"))
        return ERROR_NETLOGON_NOT_STARTED;
    switch (function) {
    case NETLOGON_CONTROL_REDISCOVER:
        return level == 2 ? level_2(0, dc, ret) : ERROR_INVALID_LEVEL;
    case NETLOGON_CONTROL_TC_VERIFY:
        return level == 2 ? level_2(ask("verify", NULL), dc, ret) : ERROR_INVALID_LEVEL;
    case NETLOGON_CONTROL_CHANGE_PASSWORD:
        *ret = NULL;
        return level == 1 ? rotate() : ERROR_INVALID_LEVEL;
    default:
        return ERROR_NOT_SUPPORTED;
    }
}
