// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/cli/print_policy.h"

#include "daemon/cli/say.h"
#include "daemon/cli/text.h"

#include <stdio.h>
#include <string.h>

enum { CELL = 64 };

// "3 of 8", or "3" where there is no limit.
static void used_of(const struct record *r, const char *used, const char *limit, char ret[static CELL])
{
    const char *most = record_get_or(r, limit, "0");

    if (strcmp(most, "0") == 0)
        snprintf(ret, CELL, "%.20s", record_get_or(r, used, "0"));
    else
        snprintf(ret, CELL, "%.20s of %.20s", record_get_or(r, used, "0"), most);
}

static void breaker_row(struct table *t, const struct record *r)
{
    static const char *const headers[] = {"NAME",      "SCOPE", "STATE", "SINCE", "FAILED", "GUESTS",
                                          "UNDER WAY", "HELD",  "HOUR",  "WHY",   NULL};
    char since[TEXT_TIME] = "", under_way[CELL], hour[CELL];
    int64_t us;

    if (record_get_i64(r, "since_us", &us) == 0)
        text_time(us, since);
    used_of(r, "under_way", "limit_at_once", under_way);
    used_of(r, "begun", "limit_per_hour", hour);
    table_row(t, headers,
              (const char *[]){record_get(r, "name"), record_get(r, "scope"), record_get(r, "state"), since,
                               record_get(r, "failures"), record_get(r, "pool"), under_way,
                               record_get(r, "held"), hour, record_get_or(r, "text", "")});
}

bool policy_record(struct table *t, const struct record *r)
{
    if (record_is(r, "breaker"))
        breaker_row(t, r);
    else
        return false;
    return true;
}
