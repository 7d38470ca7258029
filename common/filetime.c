// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "common/filetime.h"

#include <stdio.h>

static const uint64_t epoch_1970 = 116444736000000000; // 1970-01-01 as FILETIME

bool filetime_plausible(uint64_t filetime)
{
    static const uint64_t year_1980 = 119600064000000000, year_2200 = 189026784000000000;

    return filetime >= year_1980 && filetime < year_2200;
}

int64_t filetime_to_us(uint64_t filetime)
{
    return (int64_t)(filetime / 10) - (int64_t)(epoch_1970 / 10);
}

uint64_t filetime_from_us(int64_t us)
{
    int64_t since_1601 = us + (int64_t)(epoch_1970 / 10);

    return since_1601 < 0 ? 0 : (uint64_t)since_1601 * 10;
}

// Days since 1601-01-01 to year, month, day, in the proleptic Gregorian calendar: 1601 begins a 400-year cycle.
static void civil(uint64_t days, unsigned *year, unsigned *month, unsigned *day)
{
    static const unsigned char lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    unsigned y = 1601 + 400 * (unsigned)(days / 146097);
    unsigned rest = (unsigned)(days % 146097), m = 0;

    for (;; y++) {
        unsigned in_year = y % 4 == 0 && (y % 100 != 0 || y % 400 == 0) ? 366 : 365;

        if (rest < in_year)
            break;
        rest -= in_year;
    }
    for (;; m++) {
        unsigned in_month = lengths[m] + (m == 1 && y % 4 == 0 && (y % 100 != 0 || y % 400 == 0));

        if (rest < in_month)
            break;
        rest -= in_month;
    }
    *year = y;
    *month = m + 1;
    *day = rest + 1;
}

// The last `count` digits; long lists are full of times.
static void digits(char *ret, unsigned number, int count)
{
    while (count-- > 0) {
        ret[count] = (char)('0' + number % 10);
        number /= 10;
    }
}

// Seconds since 1601 as "2016-11-08T13:28:03"; returns the characters written, 0 for years beyond 9999.
static int seconds_text(uint64_t seconds, char *ret)
{
    unsigned year, month, day, of_day = (unsigned)(seconds % 86400);

    if (seconds / 86400 / 146097 > 20)
        return 0;
    civil(seconds / 86400, &year, &month, &day);
    if (year > 9999)
        return 0;
    digits(ret, year, 4);
    ret[4] = '-';
    digits(ret + 5, month, 2);
    ret[7] = '-';
    digits(ret + 8, day, 2);
    ret[10] = 'T';
    digits(ret + 11, of_day / 3600, 2);
    ret[13] = ':';
    digits(ret + 14, of_day / 60 % 60, 2);
    ret[16] = ':';
    digits(ret + 17, of_day % 60, 2);
    return 19;
}

// Behind n characters the fraction and the zone; n 0: there is no text.
static void end(char *ret, int n, unsigned fraction, int count)
{
    if (n > 0) {
        ret[n++] = '.';
        digits(ret + n, fraction, count);
        n += count;
        ret[n++] = 'Z';
    }
    ret[n] = '\0';
}

void filetime_text(uint64_t filetime, char ret[static FILETIME_TEXT])
{
    int n = seconds_text(filetime / 10000000, ret);

    end(ret, n, (unsigned)(filetime % 10000000), 7);
}

void us_text(int64_t us, char ret[static FILETIME_TEXT])
{
    int64_t since_1601 = us + (int64_t)(epoch_1970 / 10);
    int n = since_1601 < 0 ? 0 : seconds_text((uint64_t)since_1601 / 1000000, ret);

    end(ret, n, n ? (unsigned)((uint64_t)since_1601 % 1000000) : 0, 6);
}
