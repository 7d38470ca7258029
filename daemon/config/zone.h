// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// What time it is in a time zone, by this host's zone files. Not for programs with threads: the C library knows one
// zone at a time, which is changed here and changed back.
//
//     int weekday, minute;
//     zone_local("Europe/Berlin", now_us, &weekday, &minute);    // QUIET_MON ..., 0 ... 1439
#pragma once

#include <stdbool.h>
#include <stdint.h>

bool zone_known(const char *zone); // "" (the host's own) is
void zone_local(const char *zone, int64_t at_us, int *ret_weekday, int *ret_minute);
