// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// Times. FILETIME: 100 ns since 1601-01-01 UTC (hives, pwdLastSet). Everywhere else virtrust counts microseconds
// since 1970-01-01 UTC (`_us`, int64_t). Text is RFC 3339 in UTC.
//
//     char text[FILETIME_TEXT];
//     filetime_text(131230852838165380, text);   // 2016-11-08T13:28:03.8165380Z
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum { FILETIME_TEXT = 40 };

// AD's sentinels of pwdLastSet (0: must change; -1: set now) and times before 1980 or after 2200 are no times.
bool filetime_plausible(uint64_t filetime);
int64_t filetime_to_us(uint64_t filetime); // rounds down; negative before 1970
uint64_t filetime_from_us(int64_t us);     // 0 when before 1601
// Text to 100 ns; "" for a year beyond 9999.
void filetime_text(uint64_t filetime, char ret[static FILETIME_TEXT]);
// Text to the microsecond.
void us_text(int64_t us, char ret[static FILETIME_TEXT]);
