// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/directory/check.h"

#include "common/plural.h"
#include "daemon/directory/account.h"
#include "daemon/directory/dcs.h"
#include "daemon/directory/dn.h"
#include "daemon/directory/journal.h"
#include "daemon/directory/krb.h"
#include "daemon/directory/mark.h"
#include "daemon/directory/net.h"
#include "daemon/directory/power.h"
#include "daemon/directory/reach.h"
#include "daemon/directory/sharing.h"
#include "daemon/directory/silence.h"
#include "daemon/directory/value.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { DCS_ASKED = 4, PROBE_MS = 2000 };

struct items {
    struct record *record;
    unsigned n;
};

enum mark { GOOD, BAD, UNSURE };

// `next` may be NULL: nothing to do.
static void __attribute__((format(printf, 5, 6)))
item(struct items *items, const char *id, enum mark mark, const char *next, const char *format, ...)
{
    static const char *const marks[] = {"good", "bad", "unknown"};
    struct err text = {0};
    char key[32];
    va_list args;

    va_start(args, format);
    err_setv(&text, 0, format, args);
    va_end(args);
    snprintf(key, sizeof key, "item.%u.id", items->n);
    record_add(items->record, key, id);
    snprintf(key, sizeof key, "item.%u.result", items->n);
    record_add(items->record, key, marks[mark]);
    snprintf(key, sizeof key, "item.%u.text", items->n);
    record_add(items->record, key, text.text);
    snprintf(key, sizeof key, "item.%u.next", items->n);
    record_add(items->record, key, next);
    items->n++;
}

static void check_state(struct items *items, const struct config_domain *domain, const char *state_dir)
{
    _cleanup_(journal_freep) struct journal *j = NULL;
    _cleanup_close_ int dir = -1;
    struct failure f = {0};
    unsigned used;

    if (state_open(state_dir, &dir, &f) < 0 || journal_open(dir, domain->name, &j, &f) < 0) {
        item(items, "state", BAD, f.next, "%s", f.err.text);
        return;
    }
    used = attempts_in_hour(&j->attempts, now_us());
    if (used >= domain->resets_per_hour)
        item(items, "limit", BAD, "wait, or raise `resets_per_hour`", "%u of %u %s of this hour %s used up",
             used, domain->resets_per_hour, plural(domain->resets_per_hour, "reset", "resets"),
             plural(used, "is", "are"));
    else
        item(items, "limit", GOOD, NULL, "%u of %u %s of this hour %s used", used, domain->resets_per_hour,
             plural(domain->resets_per_hour, "reset", "resets"), plural(used, "is", "are"));
}

static void check_port(struct items *items, const char *host, int port)
{
    struct err err = {0};

    if (net_probe(host, port, PROBE_MS, &err) == 0)
        item(items, "port", GOOD, NULL, "%s:%d answers", host, port);
    else if (port == PORT_KPASSWD)
        item(items, "port", UNSURE, "Linux guests change their password through it: see that they reach it",
             "%s", err.text);
    else
        item(items, "port", BAD, "see whether the DC is up and the port open", "%s", err.text);
}

static void check_silent(struct items *items, const struct config_domain *domain)
{
    char text[SILENCE_TEXT];
    struct silence all;

    silence_load(domain->name, &all);
    for (size_t i = 0; i < all.n; i++) {
        silence_text(&all.items[i], now_us(), text);
        item(items, "silent", UNSURE, "see whether it is up; it is asked last, and again after a minute",
             "%s %s", all.items[i].host, text);
    }
}

static void check_dcs(struct items *items, const struct config_domain *domain)
{
    const int ports[] = {domain->ldaps_ca ? PORT_LDAPS : PORT_LDAP, PORT_KERBEROS, PORT_KPASSWD};
    struct failure f = {0};
    struct dc_list list;

    if (dcs_find(domain, "", &list, &f) < 0) {
        item(items, "dcs", BAD, f.next, "%s", f.err.text);
        return;
    }
    item(items, "dcs", GOOD, NULL, "%zu %s, %s", list.n,
         plural(list.n, "domain controller", "domain controllers"),
         domain->dcs_count > 0 ? "as configured" : "named by DNS");
    check_silent(items, domain);
    for (size_t i = 0; i < list.n && i < DCS_ASKED; i++)
        for (size_t p = 0; p < ARRAY_SIZE(ports); p++)
            check_port(items, list.hosts[i], ports[p]);
}

// One computer of the base shows what can be read of all.
static void check_attributes(struct items *items, struct session *s, const char *base)
{
    static const char *const needed[] = {
        "pwdLastSet", "msDS-KeyVersionNumber", "userAccountControl", "objectSid",
        "objectGUID", "whenCreated",           "primaryGroupID",     NULL};
    _cleanup_message_ LDAPMessage *m = NULL;
    struct failure f = {0};
    LDAPMessage *e;

    if (session_search(s, base, LDAP_SCOPE_SUBTREE, "(objectCategory=computer)", needed, 1, &m, &f) < 0) {
        item(items, "attributes", BAD, f.next, "%s", f.err.text);
        return;
    }
    e = ldap_first_entry(s->ldap, m);
    if (!e) {
        item(items, "attributes", UNSURE, "move the guests' computer objects below it",
             "no computer is to be seen below %s", base);
        return;
    }
    for (size_t i = 0; needed[i]; i++)
        if (!attribute_has(s->ldap, e, needed[i], NULL)) {
            item(items, "attributes", BAD, "let the delegated account read it",
                 "a computer below %s shows no %s", base, needed[i]);
            return;
        }
    item(items, "attributes", GOOD, NULL, "computers below %s show all that is needed", base);
}

static bool has_base(struct items *items, const struct config_domain *domain)
{
    if (!domain->base)
        item(items, "base", BAD, "name the OU that virtrust may reset in, under `base`",
             "no base is configured for %s: every reset will be refused", domain->name);
    return domain->base;
}

// What this host alone can tell while no domain controller does, lest it be found one by one. `told`: what was said.
static void check_own(struct items *items, const struct config_domain *domain, const char *told)
{
    char path[PATH_MAX];
    struct failure f = {0};

    has_base(items, domain);
    if (strcmp(told, "keytab") == 0 || strcmp(told, "config") == 0)
        return;
    if (!domain->principal || (!domain->keytab && !domain->credential))
        item(items, "config", BAD,
             "`virtrust doctor --delegation` prints how the account and its keytab are made",
             "domain %s has no `principal`, or neither `keytab` nor `credential`", domain->name);
    else if (krb_keytab_path(domain, path, &f) < 0)
        item(items, "keytab", BAD, f.next, "%s", f.err.text);
    else if (access(path, R_OK) < 0)
        item(items, "keytab", BAD,
             "`virtrust doctor --delegation` prints how it is made and where it belongs",
             "the keytab %s cannot be read: %s", path, strerror(errno));
}

static void check_base(struct items *items, const struct config_domain *domain, struct session *s)
{
    static const char *const nothing[] = {LDAP_NO_ATTRS, NULL};
    _cleanup_message_ LDAPMessage *m = NULL;
    struct failure f = {0};
    bool below = false;

    if (!has_base(items, domain))
        return;
    if (dn_below(domain->base, s->domain_dn, &below) < 0 || !below) {
        item(items, "base", BAD, "write it as OU=…,DC=…", "%s is no DN below %s", domain->base, s->domain_dn);
        return;
    }
    if (session_search(s, domain->base, LDAP_SCOPE_BASE, "(objectClass=*)", nothing, 1, &m, &f) < 0 ||
        !ldap_first_entry(s->ldap, m)) {
        item(items, "base", BAD, "make the OU, or correct `base`", "%s is not there: %s", domain->base,
             f.err.text);
        return;
    }
    item(items, "base", GOOD, NULL, "%s is there", domain->base);
    check_attributes(items, s, domain->base);
}

static const char least[] =
    "take that away: it needs Reset Password on the computers of the base and nothing more, "
    "see `virtrust doctor --delegation`";

static void check_power(struct items *items, const struct config_domain *domain, struct session *s)
{
    struct power power;

    power_of(s, domain, &power);
    if (power.group[0])
        item(items, "power", BAD, least, "%s is too powerful: it belongs to %s", domain->principal,
             power.group);
    else if (power.writes[0])
        item(items, "power", BAD, least, "%s is too powerful: it may write attributes of %s",
             domain->principal, power.writes);
    else if (!power.groups_known || !power.writes_known)
        item(items, "power", UNSURE, "see virtrust-directory(8) for the least right",
             "%s does not show which rights %s has", s->dc, domain->principal);
    else
        item(items, "power", GOOD, NULL,
             "%s is in no mighty group and may write no attribute that was looked at", domain->principal);
}

static void tell_reset(struct items *items, const struct config_domain *domain, const struct reach *r)
{
    if (!r->computers)
        item(items, "reset", UNSURE, "move the guests' computer objects below the base",
             "no computer below %s shows who may reset it", domain->base);
    else if (r->resettable < r->computers)
        item(items, "reset", BAD,
             "give it the right as `virtrust doctor --delegation` prints it; see whether the object "
             "inherits rights",
             "%s may reset %u of %u %s below %s that were looked at; not %.300s", domain->principal,
             r->resettable, r->computers, plural(r->computers, "computer", "computers"), domain->base,
             r->refused);
    else
        item(items, "reset", GOOD, NULL, "%s may reset %s below %s (%u looked at)", domain->principal,
             plural(r->computers, "the computer", "the computers"), domain->base, r->computers);
}

static void tell_outside(struct items *items, const struct config_domain *domain, const struct reach *r,
                         const char *dc)
{
    if (r->power)
        item(items, "reach", BAD, least, "%s is too powerful: it may %s %.300s, or what lies below it",
             domain->principal, r->power, r->where);
    else if (r->hidden)
        item(items, "reach", UNSURE, "let Authenticated Users read its permissions",
             "%s does not show who may change %.300s", dc, r->where);
    else
        item(
            items, "reach", GOOD, NULL,
            "%s may reset and change nothing at the domain's head, at other OUs, or of what rules the domain",
            domain->principal);
}

static void check_reach(struct items *items, const struct config_domain *domain, struct session *s)
{
    struct reach reach;
    struct failure f = {0};

    if (!domain->base)
        return;
    if (reach_of(s, domain, &reach, &f) < 0) {
        item(items, "reach", UNSURE, f.next, "%s", f.err.text);
        return;
    }
    tell_reset(items, domain, &reach);
    tell_outside(items, domain, &reach, s->dc);
}

// A service principal of another host, or another host's mark: the account is used there, too.
static bool find_sharer(struct session *s, const char *dn, const char *own, char *ret, size_t size)
{
    static const char *const attributes[] = {"servicePrincipalName", NULL};
    _cleanup_message_ LDAPMessage *m = NULL;
    char host[HOSTNAME_TEXT], when[WHEN_TEXT], mark[MARK_TEXT], name[512];
    struct failure ignored = {0};
    struct berval **values = NULL;
    bool found = false;

    mark_read(s, dn, mark);
    if (sharing_other(mark, own, host, when)) {
        snprintf(ret, size, "%s has used it at %s", host, when);
        return true;
    }
    if (session_search(s, dn, LDAP_SCOPE_BASE, "(objectClass=*)", attributes, 1, &m, &ignored) == 0 &&
        ldap_first_entry(s->ldap, m))
        values = ldap_get_values_len(s->ldap, ldap_first_entry(s->ldap, m), "servicePrincipalName");
    for (size_t i = 0; values && values[i] && !found; i++) {
        snprintf(name, sizeof name, "%.*s", (int)(values[i]->bv_len < 500 ? values[i]->bv_len : 500),
                 values[i]->bv_val);
        found = sharing_service(name, own, host);
    }
    ldap_value_free_len(values);
    if (found)
        snprintf(ret, size, "virtrust/%s is registered on it", host);
    return found;
}

static void check_sharing(struct items *items, const struct config_domain *domain, struct session *s)
{
    char dn[DN_TEXT], own[HOSTNAME_TEXT], text[512];

    mark_host(domain, own);
    if (!mark_own(s, domain->principal, dn))
        item(items, "sharing", UNSURE, "let it read its own account", "%s does not show the account %s",
             s->dc, domain->principal);
    else if (find_sharer(s, dn, own, text, sizeof text))
        item(items, "sharing", BAD,
             "give each host an account and a keytab of its own: who takes one host has them all",
             "%s is used by more hosts than this one, %s: %s", domain->principal, own, text);
    else
        item(items, "sharing", GOOD, NULL,
             "no other host has left a trace on %s (a copy of the keytab that repaired nothing leaves none)",
             domain->principal);
}

int check_answer(const struct config_domain *domain, const char *state_dir, struct record **ret,
                 struct failure *f)
{
    _cleanup_record_ struct record *r = record_new("check");
    _cleanup_(session_freep) struct session *s = NULL;
    struct items items = {.record = r};
    struct failure why = {0};

    if (!r)
        return failure_set(f, -ENOMEM, "internal", NULL, "out of memory");
    check_state(&items, domain, state_dir);
    check_dcs(&items, domain);
    if (session_open(domain, "", &s, &why) < 0) {
        item(&items, why.code, BAD, why.next, "%s", why.err.text);
        check_own(&items, domain, why.code);
    } else {
        item(&items, "credential", GOOD, NULL, "%s has a ticket and a connection to %s, %s",
             domain->principal, s->dc, domain->ldaps_ca ? "inside TLS" : "sealed by Kerberos");
        check_base(&items, domain, s);
        check_power(&items, domain, s);
        check_reach(&items, domain, s);
        check_sharing(&items, domain, s);
    }
    *ret = take(r);
    return 0;
}
