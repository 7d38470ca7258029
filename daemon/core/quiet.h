// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// Quiet hours: times of the week at which nothing is repaired by itself. Written "Mon-Fri 08:00-18:00 Europe/Berlin";
// days, times or zone may be left out (every day, the whole day, the host's own zone), but not all of days and times.
// A span whose end is not behind its beginning ends on the next day. Pure: what time it is in a zone is asked of
// the caller.
//
//     struct quiet_span span;
//     if (quiet_parse("Sat,Sun Europe/Berlin", &span) == 0 && quiet_left(&span, QUIET_SUN, 12 * 60) > 0) ...
#pragma once

enum { QUIET_MON, QUIET_TUE, QUIET_WED, QUIET_THU, QUIET_FRI, QUIET_SAT, QUIET_SUN };
enum { QUIET_ZONE = 64, QUIET_DAY = 24 * 60 };

struct quiet_span {
    unsigned days;         // a bit a day on which it begins
    int from, to;          // minutes of the day; to may be 24:00, and before from: of the next day
    char zone[QUIET_ZONE]; // "": the host's
};

int quiet_parse(const char *text, struct quiet_span *ret); // 0 or -EINVAL
// How many minutes of it are left, on this weekday at this minute; 0: it is not quiet.
int quiet_left(const struct quiet_span *span, int weekday, int minute);
