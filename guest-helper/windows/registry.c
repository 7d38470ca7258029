// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest-helper/windows/registry.h"

#include "guest-helper/windows/wide.h"

#include <windows.h>

#include <errno.h>

static int errno_of(LSTATUS s)
{
    if (s == ERROR_FILE_NOT_FOUND || s == ERROR_PATH_NOT_FOUND)
        return -ENOENT;
    if (s == ERROR_ACCESS_DENIED)
        return -EACCES;
    return s == ERROR_MORE_DATA ? -E2BIG : -EIO;
}

static int read_value(const wchar_t *key, const wchar_t *name, DWORD *ret_type, void *ret, DWORD *len)
{
    HKEY handle = NULL;
    LSTATUS s = RegOpenKeyExW(HKEY_LOCAL_MACHINE, key, 0, KEY_QUERY_VALUE | KEY_WOW64_64KEY, &handle);

    if (s == ERROR_SUCCESS) {
        s = RegQueryValueExW(handle, name, NULL, ret_type, ret, len);
        RegCloseKey(handle);
    }
    return s == ERROR_SUCCESS ? 0 : errno_of(s);
}

int registry_bytes(const wchar_t *key, const wchar_t *name, void *ret, size_t size, size_t *ret_len)
{
    DWORD type = 0, len = (DWORD)size;
    int rc = read_value(key, name, &type, ret, &len);

    if (rc == 0)
        *ret_len = len;
    return rc;
}

int registry_number(const wchar_t *key, const wchar_t *name, uint32_t *ret)
{
    DWORD type = 0, value = 0, len = sizeof value;
    int rc = read_value(key, name, &type, &value, &len);

    if (rc < 0)
        return rc;
    if (type != REG_DWORD || len != sizeof value)
        return -EINVAL;
    *ret = value;
    return 0;
}

// Strings of the registry may have a NUL or none, and junk behind it.
int registry_text(const wchar_t *key, const wchar_t *name, char *ret, size_t size)
{
    wchar_t text[WIDE_NAME];
    DWORD type = 0, len = sizeof text;
    size_t units = 0;
    int rc = read_value(key, name, &type, text, &len);

    if (rc < 0)
        return rc;
    if (type != REG_SZ && type != REG_EXPAND_SZ)
        return -EINVAL;
    while (units < len / sizeof text[0] && text[units])
        units++;
    return wide_to_utf8(text, units, ret, size);
}
