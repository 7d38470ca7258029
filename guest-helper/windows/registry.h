// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// Values of HKEY_LOCAL_MACHINE, read. Raw bytes are taken whatever their type, for the LSA's values have none.
//
//     uint32_t days;
//     const wchar_t *key = L"SYSTEM\\CurrentControlSet\\Services\\Netlogon\\Parameters";
//     if (registry_number(key, L"MaximumPasswordAge", &days) == 0) …
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <wchar.h>

// All: 0, -ENOENT (no such key or value), -EACCES, -EINVAL (another type), -E2BIG, -EIO.
int registry_number(const wchar_t *key, const wchar_t *name, uint32_t *ret);
int registry_text(const wchar_t *key, const wchar_t *name, char *ret, size_t size); // UTF-8
int registry_bytes(const wchar_t *key, const wchar_t *name, void *ret, size_t size, size_t *ret_len);
