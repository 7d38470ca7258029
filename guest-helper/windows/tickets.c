// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest-helper/windows/tickets.h"

#include <windows.h>

#include <ntsecapi.h>

bool tickets_purge(void)
{
    static char name[] = MICROSOFT_KERBEROS_NAME_A;
    LSA_STRING package = {sizeof name - 1, sizeof name, name};
    KERB_PURGE_TKT_CACHE_REQUEST request = {.MessageType = KerbPurgeTicketCacheMessage}; // no names: all
    LUID system = {.LowPart = 0x3e7};                                                    // LocalSystem
    HANDLE lsa = NULL;
    ULONG id = 0, len = 0;
    NTSTATUS s, inner = 0;
    void *answer = NULL;

    if (LsaConnectUntrusted(&lsa) != 0)
        return false;
    request.LogonId = system;
    s = LsaLookupAuthenticationPackage(lsa, &package, &id);
    if (s == 0)
        s = LsaCallAuthenticationPackage(lsa, id, &request, sizeof request, &answer, &len, &inner);
    if (answer)
        LsaFreeReturnBuffer(answer);
    LsaDeregisterLogonProcess(lsa);
    return s == 0 && inner == 0;
}
