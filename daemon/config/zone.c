// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/config/zone.h"

#include "common/cleanup.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define ZONES "/usr/share/zoneinfo/"

enum { DAYS = 7, HOUR = 60 };

// A zone that the C library does not find would be taken for UTC without a word.
bool zone_known(const char *zone)
{
    char path[256];

    if (!*zone || strcmp(zone, "UTC") == 0)
        return true;
    return snprintf(path, sizeof path, ZONES "%s", zone) < (int)sizeof path && access(path, R_OK) == 0;
}

static void use_zone(const char *zone)
{
    if (zone)
        setenv("TZ", zone, 1);
    else
        unsetenv("TZ");
    tzset();
}

void zone_local(const char *zone, int64_t at_us, int *ret_weekday, int *ret_minute)
{
    _cleanup_free_ char *before = getenv("TZ") ? strdup(getenv("TZ")) : NULL;
    time_t seconds = (time_t)(at_us / 1000000);
    char name[128];
    struct tm t = {0};

    snprintf(name, sizeof name, ":%s", zone);
    if (*zone)
        use_zone(name);
    localtime_r(&seconds, &t);
    if (*zone)
        use_zone(before);
    *ret_weekday = (t.tm_wday + DAYS - 1) % DAYS; // it begins with Sunday there
    *ret_minute = t.tm_hour * HOUR + t.tm_min;
}
