// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "store.h"

#include <windows.h>

#include <ntsecapi.h>
#include <stdio.h>
#include <string.h>

// The real advapi32's; this is linked into the DLL that stands before it.
enum { SALT_AT = 0x1c, SALT = 32, DATA_AT = 0x3c };

static const wchar_t secret_key[] = L"SECURITY\\Policy\\Secrets\\$MACHINE.ACC\\";
static const wchar_t own_key[] = L"SOFTWARE\\standin";

BOOLEAN NTAPI SystemFunction036(PVOID buffer, ULONG len); // RtlGenRandom

static void scramble(const unsigned char *salt, unsigned char *data, int len)
{
    uint64_t x = 0x9e3779b97f4a7c15u;

    for (int i = 0; i < SALT; i++)
        x = (x ^ salt[i]) * 0x100000001b3u;
    for (int i = 0; i < len; i++) {
        x = x * 6364136223846793005u + 1442695040888963407u;
        data[i] ^= (unsigned char)(x >> 56);
    }
}

static HKEY open_key(const wchar_t *key, const wchar_t *below, int create)
{
    wchar_t name[128];
    HKEY h = NULL;

    swprintf(name, 128, L"%ls%ls", key, below);
    if (create)
        RegCreateKeyExW(HKEY_LOCAL_MACHINE, name, 0, NULL, 0, KEY_ALL_ACCESS, NULL, &h, NULL);
    else
        RegOpenKeyExW(HKEY_LOCAL_MACHINE, name, 0, KEY_READ, &h);
    return h;
}

int store_get(const wchar_t *which, void *ret)
{
    unsigned char object[DATA_AT + STORE_MAX];
    DWORD len = sizeof object;
    HKEY key = open_key(secret_key, which, 0);
    LSTATUS s;

    if (!key)
        return -1;
    s = RegQueryValueExW(key, NULL, NULL, NULL, object, &len);
    RegCloseKey(key);
    if (s != ERROR_SUCCESS || len < DATA_AT)
        return -1;
    scramble(object + SALT_AT, object + DATA_AT, (int)len - DATA_AT);
    memcpy(ret, object + DATA_AT, len - DATA_AT);
    SecureZeroMemory(object, sizeof object);
    return (int)len - DATA_AT;
}

static void put(const wchar_t *which, const void *data, int len)
{
    unsigned char object[DATA_AT + STORE_MAX] = {1};
    HKEY key = open_key(secret_key, which, 1);

    SystemFunction036(object + SALT_AT, SALT);
    memcpy(object + DATA_AT, data, (size_t)len);
    scramble(object + SALT_AT, object + DATA_AT, len);
    RegSetValueExW(key, NULL, 0, REG_NONE, object, (DWORD)(DATA_AT + len));
    RegCloseKey(key);
}

void store_set(const void *current, int len, const void *old, int old_len)
{
    HKEY key = open_key(secret_key, L"CupdTime", 1);
    FILETIME now;

    GetSystemTimeAsFileTime(&now);
    RegSetValueExW(key, NULL, 0, REG_NONE, (const BYTE *)&now, sizeof now);
    RegCloseKey(key);
    put(L"CurrVal", current, len);
    if (old)
        put(L"OldVal", old, old_len);
}

int store_time(uint64_t *ret)
{
    HKEY key = open_key(secret_key, L"CupdTime", 0);
    DWORD len = sizeof *ret;
    LSTATUS s;

    if (!key)
        return -1;
    s = RegQueryValueExW(key, NULL, NULL, NULL, (BYTE *)ret, &len);
    RegCloseKey(key);
    return s == ERROR_SUCCESS ? 0 : -1;
}

void store_put_text(const wchar_t *name, const wchar_t *value)
{
    HKEY key = open_key(own_key, L"", 1);

    RegSetValueExW(key, name, 0, REG_SZ, (const BYTE *)value, (DWORD)((wcslen(value) + 1) * sizeof *value));
    RegCloseKey(key);
}

int store_get_text(const wchar_t *name, wchar_t *ret, int size)
{
    HKEY key = open_key(own_key, L"", 0);
    DWORD len = (DWORD)((size - 1) * (int)sizeof *ret);
    LSTATUS s;

    memset(ret, 0, (size_t)size * sizeof *ret);
    if (!key)
        return -1;
    s = RegQueryValueExW(key, name, NULL, NULL, (BYTE *)ret, &len);
    RegCloseKey(key);
    return s == ERROR_SUCCESS ? 0 : -1;
}
