// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/engine/silent.h"

#include "common/hostname.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

enum { DCS_MOST = 64, KEPT_S = 3600, SECOND = 1000 * 1000 };

static void drop(struct silent_dcs *s, size_t i)
{
    s->n--;
    memmove(&s->items[i], &s->items[i + 1], (s->n - i) * sizeof s->items[0]);
}

static void note(struct silent_dcs *s, const char *domain, const char *dc, bool silent, int64_t now_us)
{
    size_t i = 0;

    while (i < s->n && (strcasecmp(s->items[i].dc, dc) != 0 || strcmp(s->items[i].domain, domain) != 0))
        i++;
    if (!silent) {
        if (i < s->n)
            drop(s, i);
        return;
    }
    if (i == SILENT_MOST)
        return;
    if (i == s->n) {
        snprintf(s->items[i].dc, NAME_TEXT, "%s", dc);
        snprintf(s->items[i].domain, NAME_TEXT, "%s", domain);
        s->items[i].since_us = now_us;
        s->n++;
    }
    s->items[i].last_us = now_us;
}

void silent_note(struct silent_dcs *s, const char *domain, const struct record *answer, int64_t now_us)
{
    uint64_t n = 0;

    record_get_u64(answer, "dcs", &n);
    for (uint64_t i = 0; i < n && i < DCS_MOST; i++) {
        char key[32];
        const char *dc, *code;

        snprintf(key, sizeof key, "dcs.%u.dc", (unsigned)i);
        dc = record_get(answer, key);
        snprintf(key, sizeof key, "dcs.%u.code", (unsigned)i);
        code = record_get_or(answer, key, "");
        if (hostname_valid(dc))
            note(s, domain, dc, strcmp(code, "dc-unreachable") == 0, now_us);
    }
}

bool silent_text(struct silent_dcs *s, size_t i, int64_t now_us, char *ret, size_t size)
{
    char when[48] = "";
    time_t since;
    struct tm tm;

    while (i < s->n && now_us - s->items[i].last_us > (int64_t)KEPT_S * SECOND)
        drop(s, i);
    if (i >= s->n)
        return false;
    since = (time_t)(s->items[i].since_us / SECOND);
    gmtime_r(&since, &tm);
    strftime(when, sizeof when, "%Y-%m-%d %H:%M:%S", &tm);
    snprintf(
        ret, size,
        "the domain controller %.200s has not answered since %s UTC: the others of %.200s are asked, and it "
        "again each minute",
        s->items[i].dc, when, s->items[i].domain);
    return true;
}
