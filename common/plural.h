// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// The form of a word that belongs to a number: "1 guest has", "2 guests have", "0 guests have". Pure; owns nothing.
//
//     err_set(&err, 0, "%u %s no agent", n, plural(n, "guest has", "guests have"));
#pragma once

#include <stdint.h>

static inline const char *plural(uint64_t number, const char *one, const char *many)
{
    return number == 1 ? one : many;
}
