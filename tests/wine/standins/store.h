// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// The machine secret of the stand-in's LSA, in Wine's own registry below HKLM\SECURITY, with Windows' names and the
// look of a sealed object: a fresh salt each time, so that two writings of one password differ. (The sealing itself
// is a toy: it keeps the clear text from lying about, nothing more.)
//
//     store_set(L"secret", 6 * 2, old, old_len);
#pragma once

#include <stdint.h>
#include <wchar.h>

enum { STORE_MAX = 2048 };

// which: L"CurrVal" or L"OldVal". Bytes of the value; -1: there is none.
int store_get(const wchar_t *which, void *ret);
int store_time(uint64_t *ret);
void store_set(const void *current, int len, const void *old, int old_len); // old NULL: none
// Names of the domain, and SIDs: text, kept below HKLM\SOFTWARE\standin.
void store_put_text(const wchar_t *name, const wchar_t *value);
int store_get_text(const wchar_t *name, wchar_t *ret, int size); // 0 or -1
