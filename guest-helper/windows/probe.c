// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest-helper/probe.h"

#include "common/filetime.h"
#include "guest-helper/dcinstance.h"
#include "guest-helper/windows/directory.h"
#include "guest-helper/windows/member.h"
#include "guest-helper/windows/netlogon.h"
#include "guest-helper/windows/ports.h"

#include <windows.h>

#include <ctype.h>
#include <stdio.h>
#include <string.h>

static int64_t now_us(void)
{
    FILETIME t;

    GetSystemTimeAsFileTime(&t);
    return filetime_to_us((uint64_t)t.dwHighDateTime << 32 | t.dwLowDateTime);
}

static void add_unknown(struct record *a, const char *code, const char *text)
{
    record_add(a, "channel", "unknown");
    record_add(a, "channel_code", code);
    record_add(a, "channel_text", *text ? text : NULL);
}

static void add_channel(struct record *a, const struct member *m)
{
    static const char *const states[] = {
        [CHANNEL_HEALTHY] = "healthy", [CHANNEL_BROKEN] = "broken", [CHANNEL_UNKNOWN] = "unknown"};
    struct channel c = netlogon_verify(m->domain.netbios);
    char text[256];

    record_add(a, "channel", states[c.state]);
    record_add(a, "channel_code", c.code);
    record_add(a, "channel_text", netlogon_text(&c, text, sizeof text));
    record_add_u64(a, "netlogon_rc", c.rc);
    record_add_u64(a, "netlogon_status", c.status);
    record_add(a, "channel_dc", *c.dc ? c.dc : NULL);
}

static void add_clock(struct record *a, const char *dc)
{
    _cleanup_directory_ struct directory *d = NULL;
    int64_t dc_us = 0, before = now_us();

    if (directory_open(dc, &d, NULL) == 0 && directory_time(d, &dc_us) == 0)
        record_add_i64(a, "clock_offset_ms", (before + (now_us() - before) / 2 - dc_us) / 1000);
}

static void add_ports(struct record *a, unsigned open)
{
    char text[32] = "";
    size_t at = 0;

    for (unsigned bit = 1; bit <= PORT_ALL; bit <<= 1)
        if (open & bit)
            at += (size_t)snprintf(text + at, sizeof text - at, "%s%u", at ? "," : "", ports_number(bit));
    record_add(a, "dc_ports", text);
}

static void add_dc(struct record *a, const struct member *m, bool log_on)
{
    struct dc dc = {0};
    struct err err = {0};
    unsigned open;

    if (netlogon_find_dc(m->domain.dns, &dc, &err) < 0) {
        record_add_bool(a, "dc_reachable", false);
        add_unknown(a, "no-dc", err.text);
        return;
    }
    record_add(a, "dc", dc.name);
    record_add(a, "dc_site", *dc.site ? dc.site : NULL);
    record_add(a, "client_site", *dc.client_site ? dc.client_site : NULL);
    open = ports_open(dc.name);
    record_add_bool(a, "dc_reachable", (open & (PORT_KERBEROS | PORT_LDAP)) == (PORT_KERBEROS | PORT_LDAP));
    add_ports(a, open);
    if (open & PORT_LDAP)
        add_clock(a, dc.name);
    if (log_on)
        add_channel(a, m);
    else
        add_unknown(a, "not-asked", "the secure channel was not verified: only a look was asked for");
    if (open & PORT_LDAP) // after the log-on that the channel tried: that too may be a change
        dcinstance_add(a, dc.name);
}

static void add_identity(struct record *a, const struct member *m)
{
    char realm[LSA_NAME];
    size_t i;

    record_add(a, "computer", *m->computer ? m->computer : NULL);
    record_add(a, "role", member_role_name(m->role));
    if (m->state != MEMBER_JOINED)
        return;
    for (i = 0; m->domain.dns[i]; i++)
        realm[i] = (char)toupper((unsigned char)m->domain.dns[i]);
    realm[i] = '\0';
    record_add(a, "sam_account_name", m->account);
    record_add(a, "domain", m->domain.dns);
    record_add(a, "netbios", m->domain.netbios);
    record_add(a, "realm", realm);
    record_add(a, "domain_sid", m->domain.sid);
    record_add(a, "account_sid", *m->account_sid ? m->account_sid : NULL);
}

static void add_secret(struct record *a, const struct member *m)
{
    record_add(a, "keystore", "lsa");
    record_add_hex(a, "live_sha256", m->secret.object, DIGEST);
    record_add_u64(a, "set_at", m->secret.set_at);
    record_add(a, "rotation", m->rotation_forbidden ? "forbidden" : "allowed");
    if (m->maximum_age_days != 0)
        record_add_u64(a, "maximum_password_age_days", m->maximum_age_days);
    record_add_bool(a, "isolated", m->isolated);
}

// A DC's own channel and an isolated identity are not looked into: nothing would follow from it.
static void add_joined(struct record *a, const struct member *m, bool log_on)
{
    if (m->role == ROLE_DC || m->role == ROLE_UNKNOWN)
        add_unknown(a, "domain-controller",
                    "this is a domain controller, or its role cannot be told: it is left alone");
    else if (m->isolated)
        add_unknown(a, "isolated",
                    "machine identity isolation is set up: which secret is in use cannot be shown");
    else
        add_dc(a, m, log_on);
}

struct record *probe_answer(const struct member *m, bool log_on)
{
    struct record *a = record_new("probe");

    record_add(a, "os", "windows");
    record_add(a, "helper", VIRTRUST_VERSION);
    record_add_i64(a, "now_us", now_us());
    add_identity(a, m);
    switch (m->state) {
    case MEMBER_JOINED:
        record_add_bool(a, "joined", true);
        add_secret(a, m);
        add_joined(a, m, log_on);
        break;
    case MEMBER_NOT_JOINED:
        record_add_bool(a, "joined", false);
        add_unknown(a, "not-joined", m->why.text);
        break;
    case MEMBER_UNREADABLE:
        add_unknown(a, "unreadable", m->why.text);
        break;
    }
    return a;
}
