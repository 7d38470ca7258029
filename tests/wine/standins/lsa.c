// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// Stands where ADVAPI32.dll is for virtrust-helper.exe: the LSA calls that Wine has not, over store.c. All other
// names are forwarded by its .def. $STANDIN_FAULT: lsa-denied (no access at all), lsa-write-denied, lsa-die-before,
// lsa-die-after (the process ends before, after the writing).
#include "exchange.h"
#include "store.h"

#include <windows.h>

#include <ntsecapi.h>
#include <sddl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const NTSTATUS denied = (NTSTATUS)0xC0000022, not_found = (NTSTATUS)0xC0000034;
static int policy, secret; // their addresses are the handles

NTSTATUS NTAPI LsaOpenPolicy(PLSA_UNICODE_STRING system, PLSA_OBJECT_ATTRIBUTES attributes,
                             ACCESS_MASK access, PLSA_HANDLE ret)
{
    (void)system;
    (void)attributes;
    if (exchange_fault("lsa-denied") && (access & POLICY_GET_PRIVATE_INFORMATION))
        return denied;
    *ret = &policy;
    return 0;
}

NTSTATUS NTAPI LsaClose(LSA_HANDLE h)
{
    (void)h;
    return 0;
}

NTSTATUS NTAPI LsaFreeMemory(PVOID p)
{
    free(p);
    return 0;
}

ULONG NTAPI LsaNtStatusToWinError(NTSTATUS s)
{
    return s == denied ? ERROR_ACCESS_DENIED : s == not_found ? ERROR_FILE_NOT_FOUND : ERROR_GEN_FAILURE;
}

static void text(const wchar_t *name, LSA_UNICODE_STRING *ret, wchar_t *room)
{
    store_get_text(name, room, 128);
    ret->Buffer = room;
    ret->Length = (USHORT)(wcslen(room) * sizeof *room);
    ret->MaximumLength = (USHORT)(ret->Length + sizeof *room);
}

NTSTATUS NTAPI LsaQueryInformationPolicy(LSA_HANDLE h, POLICY_INFORMATION_CLASS which, PVOID *ret)
{
    struct {
        POLICY_DNS_DOMAIN_INFO info;
        wchar_t netbios[128], dns[128], forest[128];
        unsigned char sid[SECURITY_MAX_SID_SIZE];
    } *all = calloc(1, sizeof *all);
    wchar_t sid[256];
    PSID parsed = NULL;

    (void)h;
    if (which != PolicyDnsDomainInformation || !all)
        return not_found;
    text(L"netbios", &all->info.Name, all->netbios);
    text(L"dns", &all->info.DnsDomainName, all->dns);
    text(L"dns", &all->info.DnsForestName, all->forest);
    if (store_get_text(L"sid", sid, 256) == 0 && ConvertStringSidToSidW(sid, &parsed)) {
        CopySid(sizeof all->sid, all->sid, parsed);
        all->info.Sid = all->sid;
        LocalFree(parsed);
    }
    *ret = all;
    return 0;
}

NTSTATUS NTAPI LsaOpenSecret(LSA_HANDLE h, PLSA_UNICODE_STRING name, ACCESS_MASK access, PLSA_HANDLE ret)
{
    unsigned char value[STORE_MAX];

    (void)h;
    (void)name;
    if (store_get(L"CurrVal", value) < 0)
        return not_found;
    SecureZeroMemory(value, sizeof value);
    if ((access & 1) && exchange_fault("lsa-write-denied-on-open"))
        return denied;
    *ret = &secret;
    return 0;
}

static LSA_UNICODE_STRING *value_of(const wchar_t *which)
{
    struct {
        LSA_UNICODE_STRING s;
        unsigned char value[STORE_MAX];
    } *all = calloc(1, sizeof *all);
    int len = store_get(which, all->value);

    if (len < 0) {
        free(all);
        return NULL;
    }
    all->s.Buffer = (wchar_t *)all->value;
    all->s.Length = all->s.MaximumLength = (USHORT)len;
    return &all->s;
}

NTSTATUS NTAPI LsaQuerySecret(LSA_HANDLE h, PLSA_UNICODE_STRING *current, PLARGE_INTEGER current_set,
                              PLSA_UNICODE_STRING *old, PLARGE_INTEGER old_set)
{
    (void)h;
    if (current)
        *current = value_of(L"CurrVal");
    if (current_set)
        store_time((uint64_t *)&current_set->QuadPart);
    if (old)
        *old = value_of(L"OldVal");
    if (old_set)
        store_time((uint64_t *)&old_set->QuadPart);
    return 0;
}

NTSTATUS NTAPI LsaSetSecret(LSA_HANDLE h, PLSA_UNICODE_STRING current, PLSA_UNICODE_STRING old)
{
    (void)h;
    exchange_log("LsaSetSecret");
    if (exchange_fault("lsa-write-denied"))
        return denied;
    if (exchange_fault("lsa-die-before"))
        TerminateProcess(GetCurrentProcess(), 9);
    store_set(current->Buffer, current->Length, old ? old->Buffer : NULL, old ? old->Length : 0);
    if (exchange_fault("lsa-die-after"))
        TerminateProcess(GetCurrentProcess(), 9);
    return 0;
}

// Wine's processes are nobody's LocalSystem: an access list that lets LocalSystem alone in would lock the helper out.
// What the helper asked for is written down instead.
LSTATUS WINAPI RegSetKeySecurity(HKEY key, SECURITY_INFORMATION what, PSECURITY_DESCRIPTOR rights)
{
    char *text = NULL, line[300];

    (void)key;
    if (!ConvertSecurityDescriptorToStringSecurityDescriptorA(rights, SDDL_REVISION_1,
                                                              DACL_SECURITY_INFORMATION, &text, NULL))
        return ERROR_INVALID_PARAMETER;
    snprintf(line, sizeof line, "RegSetKeySecurity %lx %s", (unsigned long)what, text);
    exchange_log(line);
    LocalFree(text);
    return ERROR_SUCCESS;
}

// $STANDIN_FAULT hold-at-end: the process waits just before it is gone, for those who look at its memory.
BOOL WINAPI DllMain(HINSTANCE dll, DWORD why, void *reserved)
{
    (void)dll;
    (void)reserved;
    if (why == DLL_PROCESS_DETACH && exchange_fault("hold-at-end"))
        exchange_hold();
    return TRUE;
}
