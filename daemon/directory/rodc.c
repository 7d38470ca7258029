// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/directory/rodc.h"

#include "daemon/directory/account.h"
#include "daemon/directory/details.h"
#include "daemon/directory/mark.h"
#include "daemon/directory/value.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { FILTER_TEXT = 1024, SERVERS_MAX = 4, FETCH_S = 10 };

// The forest's, which a child domain shares.
static bool sites_dn(struct session *s, char ret[static DN_TEXT])
{
    static const char *const attributes[] = {"configurationNamingContext", NULL};
    _cleanup_message_ LDAPMessage *m = NULL;
    struct failure ignored = {0};
    char config[DN_TEXT];

    if (session_search(s, "", LDAP_SCOPE_BASE, "(objectClass=*)", attributes, 1, &m, &ignored) < 0 ||
        attribute_text(s->ldap, ldap_first_entry(s->ldap, m), attributes[0], config, sizeof config) < 0)
        return false;
    return snprintf(ret, DN_TEXT, "CN=Sites,%s", config) < DN_TEXT;
}

// The name comes from a guest in the end: only what the directory itself lists as a read-only DC is connected to.
static bool find_reader(struct session *s, const char *host, struct settings *ret)
{
    static const char *const attributes[] = {"dNSHostName", NULL};
    _cleanup_free_ char *name = filter_value(host, strlen(host));
    char sites[DN_TEXT], filter[FILTER_TEXT], settings[DN_TEXT];
    _cleanup_message_ LDAPMessage *m = NULL;
    struct failure ignored = {0};
    bool found = false;

    if (!name || !sites_dn(s, sites) ||
        snprintf(filter, sizeof filter, "(&(objectClass=server)(dNSHostName=%s))", name) >=
            (int)sizeof filter ||
        session_search(s, sites, LDAP_SCOPE_SUBTREE, filter, attributes, SERVERS_MAX, &m, &ignored) < 0)
        return false;
    for (LDAPMessage *e = ldap_first_entry(s->ldap, m); e && !found; e = ldap_next_entry(s->ldap, e)) {
        char *dn = ldap_get_dn(s->ldap, e);

        found = dn && snprintf(settings, sizeof settings, "CN=NTDS Settings,%s", dn) < (int)sizeof settings &&
                session_settings(s, settings, ret) == 0 && ret->read_only && ret->instance[0];
        ldap_memfree(dn);
    }
    return found;
}

static int open_reader(const struct config_domain *domain, const char *host, const char *instance,
                       struct session **ret, struct failure *f)
{
    _cleanup_(session_freep) struct session *r = NULL;
    int rc = session_open_reader(domain, host, &r, f);

    if (rc < 0)
        return rc;
    if (strcmp(r->instance, instance) != 0)
        return failure_set(f, -EHOSTUNREACH, "dc-unsuitable", "see which host answers to this name",
                           "%s:%d does not call itself what the directory calls this read-only DC", r->dc,
                           r->port);
    *ret = take(r);
    return 0;
}

// Asks a read-only DC to fetch one object from its partner now. An LDAP code.
static int fetch(struct session *reader, const struct session *s, const char *dn)
{
    char value[2 * DN_TEXT + 16], *values[] = {value, NULL};
    LDAPMod replace = {.mod_op = LDAP_MOD_REPLACE, .mod_type = "replicateSingleObject", .mod_values = values},
            *changes[] = {&replace, NULL};
    struct timeval limit = {.tv_sec = FETCH_S};
    bool is_dn = strchr(s->instance, '=') != NULL;

    snprintf(value, sizeof value, is_dn ? "%s:%s" : "<GUID=%s>:%s", s->instance, dn);
    ldap_set_option(reader->ldap, LDAP_OPT_TIMEOUT, &limit);
    return ldap_modify_ext_s(reader->ldap, "", changes, NULL, NULL);
}

static void add_mark(struct session *s, struct session *reader, const struct config_domain *domain,
                     struct record *r)
{
    char dn[DN_TEXT];
    const char *why = mark_make(s, domain, dn);
    int code = why ? LDAP_OTHER : fetch(reader, s, dn);
    uint64_t usn = mark_usn(reader);

    if (usn > reader->usn)
        record_add_u64(r, "dc_usn_marked", usn);
    else if (why)
        record_addf(r, "mark_text", "%s:%d: virtrust's account could not change its own attribute `info`: %s",
                    s->dc, s->port, why);
    else
        record_addf(r, "mark_text", "%s:%d does not fetch a change of %s at once: %s", reader->dc,
                    reader->port, s->dc, ldap_err2string(code));
}

int rodc_account(const struct config_domain *domain, const struct request *q, struct record **ret,
                 struct failure *f)
{
    _cleanup_(session_freep) struct session *s = NULL, *reader = NULL;
    _cleanup_record_ struct record *r = NULL;
    struct settings settings = {0};
    char usn[24];
    struct account account;
    int rc = session_open(domain, "", &s, f);

    if (rc < 0)
        return rc;
    if (!find_reader(s, q->dc, &settings))
        return RODC_NONE;
    rc = open_reader(domain, q->dc, settings.instance, &reader, f);
    if (rc == 0)
        rc = account_by_request(s, q, &account, f);
    if (rc < 0)
        return rc;
    r = account_record(s, &account);
    if (!r)
        return failure_set(f, -ENOMEM, "internal", NULL, "out of memory");
    details_add(s, domain, &account, r);
    snprintf(usn, sizeof usn, "%" PRIu64, reader->usn);
    record_add_bool(r, "read_only", true);
    record_add(r, "reader", reader->dc);
    record_set(r, "dc_instance", reader->instance);
    record_set(r, "dc_usn", usn);
    if (q->mark)
        add_mark(s, reader, domain, r);
    *ret = take(r);
    return 0;
}
