// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// Patterns as fnmatch(3) knows them, without the environment that it reads: * any run, ? one byte, [a-z] one of a
// range, [!a-z] none of it, \ takes the next character as it is. Pure; the time is bounded by the two lengths'
// product.
//
//     glob_match("vdi-*", "vdi-07", false);    // true
#pragma once

#include <stdbool.h>

// fold: letters of either case are the same (ASCII).
bool glob_match(const char *pattern, const char *text, bool fold);
// Has each set its closing bracket? One without is matched as plain characters, which nobody means.
bool glob_sound(const char *pattern);
bool glob_is(const char *pattern); // does it hold any of * ? [ ?
