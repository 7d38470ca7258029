// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
// What a cause is about, in words: names, times, numbers.
#include "daemon/core/causerows.h"

#include "common/filetime.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const int64_t second_us = 1000000;

void subject_clone(const struct cause_facts *f, char *ret, size_t size)
{
    snprintf(ret, size, "%s", f->clone);
}

void subject_twin(const struct cause_facts *f, char *ret, size_t size)
{
    snprintf(ret, size, "%s", f->twin[0] ? f->twin : "another guest");
}

void subject_double(const struct cause_facts *f, char *ret, size_t size)
{
    snprintf(ret, size, "%s", f->double_name);
}

void subject_count(const struct cause_facts *f, char *ret, size_t size)
{
    snprintf(ret, size, "%u", f->same_fingerprint);
}

// To the second: for people.
static void put_time(int64_t us, char *ret, size_t size)
{
    char text[FILETIME_TEXT];

    us_text(us - us % second_us, text);
    snprintf(ret, size, "%.19sZ", text);
}

void subject_rollback(const struct cause_facts *f, char *ret, size_t size)
{
    char at[FILETIME_TEXT];

    put_time(f->rolled_us, at, sizeof at);
    snprintf(ret, size, "%s at %s", rollback_kind_text(f->rollback), at);
}

void subject_changed(const struct cause_facts *f, char *ret, size_t size)
{
    const struct dc_view *v = view_judged(f);

    if (!f->evidence.directory.pwd_last_set) {
        snprintf(ret, size, "at an unknown time");
        return;
    }
    put_time(filetime_to_us(f->evidence.directory.pwd_last_set), ret, size);
    if (v && v->more.password_changed_at[0])
        snprintf(ret + strlen(ret), size - strlen(ret), " on %s", v->more.password_changed_at);
}

static void add_word(char *ret, size_t size, const char *word)
{
    size_t used = strlen(ret);

    if (used < size)
        snprintf(ret + used, size - used, "%s%s", used ? ", " : "", word);
}

void subject_unasked(const struct cause_facts *f, char *ret, size_t size)
{
    ret[0] = '\0';
    for (size_t i = 0; i < f->dcs_count; i++)
        if (!f->dcs[i].side.known && strcmp(f->dcs[i].code, "read-only") != 0)
            add_word(ret, size, f->dcs[i].dc);
}

void subject_differing(const struct cause_facts *f, char *ret, size_t size)
{
    const struct dc_view *newest = view_judged(f);

    ret[0] = '\0';
    for (size_t i = 0; newest && i < f->dcs_count; i++)
        if (views_differ(&f->dcs[i], newest))
            add_word(ret, size, f->dcs[i].dc);
}

void subject_probe_dc(const struct cause_facts *f, char *ret, size_t size)
{
    snprintf(ret, size, "%s",
             f->probe.dc[0]                ? f->probe.dc
             : f->evidence.directory.dc[0] ? f->evidence.directory.dc
                                           : f->evidence.guest.domain);
}

static void put_offset(int64_t us, char *ret, size_t size)
{
    int64_t s = us / second_us;

    snprintf(ret, size, "%" PRId64 " s %s", s < 0 ? -s : s, us < 0 ? "behind" : "ahead of");
}

void subject_clock(const struct cause_facts *f, char *ret, size_t size)
{
    put_offset(f->clock_us, ret, size);
}

// The DC that is farthest from this host.
void subject_dc_clock(const struct cause_facts *f, char *ret, size_t size)
{
    const struct dc_view *worst = NULL;
    int64_t most = 0;

    for (size_t i = 0; i < f->dcs_count; i++) {
        int64_t off = f->dcs[i].more.clock_us;

        if (off < 0)
            off = -off;
        if (f->dcs[i].side.known && f->dcs[i].more.has_clock && off > most) {
            most = off;
            worst = &f->dcs[i];
        }
    }
    snprintf(ret, size, "%s", worst ? worst->dc : "a DC");
}

void subject_resolvers(const struct cause_facts *f, char *ret, size_t size)
{
    snprintf(ret, size, "%s", f->disk.resolvers);
}

void subject_users(const struct cause_facts *f, char *ret, size_t size)
{
    snprintf(ret, size, "%s", f->disk.users_service);
}

void subject_realm(const struct cause_facts *f, char *ret, size_t size)
{
    snprintf(ret, size, "%s", f->disk.realm);
}

void subject_spn(const struct cause_facts *f, char *ret, size_t size)
{
    const struct dc_view *v = view_judged(f);
    const char *account = f->evidence.directory.name;

    if (v && v->more.dns_host_name[0])
        snprintf(ret, size, "HOST/%s", v->more.dns_host_name);
    else
        snprintf(ret, size, "HOST/%.*s", (int)strcspn(account, "$"), account);
}

void subject_spn_other(const struct cause_facts *f, char *ret, size_t size)
{
    const struct dc_view *v = view_judged(f);

    snprintf(ret, size, "%s", v ? v->more.spn_other : "");
}

void subject_base(const struct cause_facts *f, char *ret, size_t size)
{
    snprintf(ret, size, "%s", f->base);
}

void subject_age(const struct cause_facts *f, char *ret, size_t size)
{
    int64_t us = f->now_us - filetime_to_us(f->evidence.guest.set_at);

    snprintf(ret, size, "%" PRId64, us / (INT64_C(86400) * second_us));
}

void subject_sam(const struct cause_facts *f, char *ret, size_t size)
{
    snprintf(ret, size, "%s", f->evidence.guest.sam);
}
