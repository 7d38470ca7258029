// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
// Conditions on how things are now: the guest's probe, the clocks, the DCs, settings.
#include "daemon/core/causerows.h"

#include "common/filetime.h"

#include <string.h>
#include <strings.h>

static const int64_t day_us = INT64_C(86400) * 1000000;
static const int64_t kerberos_us = INT64_C(300) * 1000000; // how far clocks may be apart

const struct dc_view *view_judged(const struct cause_facts *f)
{
    return f->evidence.directory.known ? cause_newest(f->dcs, f->dcs_count) : NULL;
}

// ---- the probe ----

// Did the probe speak of the secret that the guest holds now, and after all that is known to have changed?
static bool is_probe_of_now(const struct cause_facts *f)
{
    const struct evidence *e = &f->evidence;
    int64_t changed = e->directory.known && e->directory.pwd_last_set
                          ? filetime_to_us(e->directory.pwd_last_set) - e->directory.skew_us
                          : 0;

    if (!f->probe.known || (f->rolled && f->probe.at_us < f->rolled_us) || f->probe.at_us <= changed)
        return false;
    return !f->probe.has_fingerprint || !e->guest.has_fingerprint ||
           memcmp(f->probe.fingerprint, e->guest.fingerprint, HASH) == 0;
}

static bool probe_said(const struct cause_facts *f, const char *code)
{
    return is_probe_of_now(f) && f->probe.healthy != TRI_YES && strcmp(f->probe.code, code) == 0;
}

bool when_probe_healthy(const struct cause_facts *f)
{
    return is_probe_of_now(f) && f->probe.healthy == TRI_YES && f->probe.has_fingerprint &&
           f->evidence.directory.known;
}

bool when_probe_broken(const struct cause_facts *f)
{
    return is_probe_of_now(f) && f->probe.healthy == TRI_NO;
}

bool when_netlogon_stopped(const struct cause_facts *f)
{
    return probe_said(f, "netlogon-stopped");
}

bool when_netlogon_off(const struct cause_facts *f)
{
    return f->evidence.guest.known && f->disk.netlogon_off == TRI_YES;
}

bool when_dc_unreachable(const struct cause_facts *f)
{
    return probe_said(f, "no-dc") || (is_probe_of_now(f) && f->probe.dc_reachable == TRI_NO);
}

static bool is_listed(const char *list, const char *word)
{
    size_t len = strlen(word);

    for (const char *at = list; len && (at = strstr(at, word)); at += len)
        if ((at == list || at[-1] == ' ') && (at[len] == ' ' || at[len] == '\0'))
            return true;
    return false;
}

// No name server of the guest is a DC. (It may forward to one: by itself this proves nothing.)
static bool is_resolver_odd(const struct cause_facts *f)
{
    bool any = false;

    for (size_t i = 0; i < f->dcs_count; i++) {
        const char *address = f->dcs[i].more.address;

        if (address[0] && is_listed(f->disk.resolvers, address))
            return false;
        any |= address[0] != '\0';
    }
    return any && f->evidence.guest.known && f->disk.resolvers[0];
}

bool when_resolver(const struct cause_facts *f)
{
    return when_dc_unreachable(f) && is_resolver_odd(f);
}

// The DC that the guest spoke with last shows an older password than another one.
bool when_lagging_dc(const struct cause_facts *f)
{
    const struct dc_view *newest = view_judged(f);

    if (!newest || !when_probe_broken(f))
        return false;
    for (size_t i = 0; i < f->dcs_count; i++) {
        const struct dc_view *v = &f->dcs[i];

        if (v->side.known && v->side.found == TRI_YES && strcasecmp(v->dc, f->probe.dc) == 0 &&
            v->side.pwd_last_set && v->side.pwd_last_set < newest->side.pwd_last_set)
            return true;
    }
    return false;
}

// ---- clocks: the host measures each against its own ----

static bool is_far(int64_t us)
{
    return us > kerberos_us || us < -kerberos_us;
}

static unsigned count_dcs(const struct cause_facts *f, bool far)
{
    unsigned count = 0;

    for (size_t i = 0; i < f->dcs_count; i++)
        if (f->dcs[i].side.known && f->dcs[i].more.has_clock && is_far(f->dcs[i].more.clock_us) == far)
            count++;
    return count;
}

bool when_guest_clock(const struct cause_facts *f)
{
    return f->has_clock && is_far(f->clock_us) && count_dcs(f, false) > 0;
}

// All of at least two DCs, or a DC and the guest, agree against the host.
bool when_host_clock(const struct cause_facts *f)
{
    unsigned far = count_dcs(f, true);

    return far > 0 && count_dcs(f, false) == 0 && (far > 1 || (f->has_clock && is_far(f->clock_us)));
}

bool when_dc_clock(const struct cause_facts *f)
{
    return count_dcs(f, true) > 0 && (count_dcs(f, false) > 0 || (f->has_clock && !is_far(f->clock_us)));
}

bool when_host_or_dc_clock(const struct cause_facts *f)
{
    return count_dcs(f, true) > 0 && !when_host_clock(f) && !when_dc_clock(f);
}

bool when_some_clock(const struct cause_facts *f)
{
    return probe_said(f, "clock-skew") && !when_guest_clock(f) && count_dcs(f, true) == 0;
}

// ---- a Linux guest's settings ----

bool when_users_off(const struct cause_facts *f)
{
    return f->evidence.guest.known && f->disk.users_off == TRI_YES;
}

bool when_realm_differs(const struct cause_facts *f)
{
    const struct guest_side *g = &f->evidence.guest;

    return g->known && g->domain[0] && f->disk.realm[0] && strcasecmp(g->domain, f->disk.realm) != 0;
}

// ---- the account and the DCs ----

bool when_isolated(const struct cause_facts *f)
{
    return f->evidence.guest.known && f->disk.isolated == TRI_YES;
}

bool when_spn_missing(const struct cause_facts *f)
{
    const struct dc_view *v = view_judged(f);

    return v && v->side.found == TRI_YES && v->more.has_spn == TRI_NO;
}

bool when_spn_twice(const struct cause_facts *f)
{
    const struct dc_view *v = view_judged(f);

    return v && v->side.found == TRI_YES && v->more.spn_other[0];
}

bool when_outside_base(const struct cause_facts *f)
{
    const struct dc_view *v = view_judged(f);

    return v && v->side.found == TRI_YES && v->more.in_base == TRI_NO;
}

enum { UAC_DISABLED = 2 };

bool views_differ(const struct dc_view *a, const struct dc_view *b)
{
    const struct directory_side *x = &a->side, *y = &b->side;

    if (!x->known || !y->known || x->found == TRI_UNKNOWN || y->found == TRI_UNKNOWN)
        return false;
    if (x->found != y->found)
        return true;
    return (x->pwd_last_set && y->pwd_last_set && x->pwd_last_set != y->pwd_last_set) ||
           (x->uac >= 0 && y->uac >= 0 && (x->uac ^ y->uac) & UAC_DISABLED) ||
           (a->more.dn[0] && b->more.dn[0] && strcasecmp(a->more.dn, b->more.dn) != 0);
}

bool when_dcs_differ(const struct cause_facts *f)
{
    const struct dc_view *newest = view_judged(f);

    for (size_t i = 0; newest && i < f->dcs_count; i++)
        if (views_differ(&f->dcs[i], newest))
            return true;
    return false;
}

// ---- rotation, and what else travels back with a disk ----

enum { AGE_DEFAULT_DAYS = 30 };

bool when_rotation_due(const struct cause_facts *f)
{
    const struct evidence *e = &f->evidence;
    int64_t days = f->disk.max_age_days > 0 ? f->disk.max_age_days : AGE_DEFAULT_DAYS;

    return e->guest.known && filetime_plausible(e->guest.set_at) && f->running == TRI_NO &&
           f->disk.windows == TRI_YES && f->disk.rotation_off != TRI_YES &&
           f->now_us - filetime_to_us(e->guest.set_at) > days * day_us;
}

bool when_rotation_off(const struct cause_facts *f)
{
    return f->evidence.guest.known && f->disk.rotation_off == TRI_YES;
}

static bool went_back(const struct cause_facts *f)
{
    return f->rolled || strcmp(f->judged, "older-secret") == 0;
}

bool when_laps(const struct cause_facts *f)
{
    const struct dc_view *v = view_judged(f);

    return v && went_back(f) && v->more.laps_expires;
}

bool when_bitlocker(const struct cause_facts *f)
{
    return went_back(f) && f->disk.bitlocker == TRI_YES;
}

bool when_tpm(const struct cause_facts *f)
{
    return went_back(f) && f->tpm == TRI_YES;
}

bool when_entra(const struct cause_facts *f)
{
    return went_back(f) && f->evidence.guest.known && f->disk.entra == TRI_YES;
}
