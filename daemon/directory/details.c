// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/directory/details.h"

#include "daemon/directory/dn.h"
#include "daemon/directory/meta.h"
#include "daemon/directory/value.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { SPN_TEXT = 300, SPNS_TEXT = SPNS_MAX * SPN_TEXT };

static void add_filetime(struct record *r, const char *key, struct session *s, LDAPMessage *e,
                         const char *attribute)
{
    int64_t value;

    if (attribute_number(s->ldap, e, attribute, &value) == 0 && value > 0)
        record_add_i64(r, key, value);
}

static void values_freep(struct berval ***values)
{
    if (*values)
        ldap_value_free_len(*values);
}

static bool is_word(const struct berval *value)
{
    for (size_t i = 0; i < value->bv_len; i++)
        if ((unsigned char)value->bv_val[i] <= 0x20 || value->bv_val[i] == 0x7f)
            return false;
    return value->bv_len > 0 && value->bv_len < SPN_TEXT;
}

// `want`: the name that every member has, HOST/ and its DNS name.
static void add_spns(struct session *s, LDAPMessage *e, const char *want, struct record *r)
{
    _cleanup_(values_freep) struct berval **values = ldap_get_values_len(s->ldap, e, "servicePrincipalName");
    _cleanup_free_ char *list = calloc(1, SPNS_TEXT);
    size_t used = 0, n = 0, left = 0;
    bool has = false;

    for (size_t i = 0; list && values && values[i]; i++) {
        const struct berval *v = values[i];

        has |= v->bv_len == strlen(want) && strncasecmp(v->bv_val, want, v->bv_len) == 0;
        if (n == SPNS_MAX || !is_word(v)) {
            left++;
            continue;
        }
        used += (size_t)snprintf(list + used, SPNS_TEXT - used, "%s%.*s", n ? " " : "", (int)v->bv_len,
                                 v->bv_val);
        n++;
    }
    record_add(r, "spns", n ? list : NULL);
    if (left)
        record_add_u64(r, "spns_left", left);
    if (want[0])
        record_add_bool(r, "spn_host", has);
}

// Another account with the same name makes every ticket for it a riddle to the KDC.
static void add_other(struct session *s, const struct account *a, const char *want, struct record *r)
{
    static const char *const attributes[] = {"sAMAccountName", "objectGUID", NULL};
    _cleanup_free_ char *escaped = filter_value(want, strlen(want));
    _cleanup_message_ LDAPMessage *m = NULL;
    char filter[3 * SPN_TEXT + 64], guid[GUID_TEXT], name[NAME_TEXT];
    struct failure ignored = {0};

    if (!want[0] || !escaped ||
        snprintf(filter, sizeof filter, "(servicePrincipalName=%s)", escaped) >= (int)sizeof filter ||
        session_search(s, s->domain_dn, LDAP_SCOPE_SUBTREE, filter, attributes, 2, &m, &ignored) < 0)
        return;
    for (LDAPMessage *e = ldap_first_entry(s->ldap, m); e; e = ldap_next_entry(s->ldap, e)) {
        unsigned char bytes[16];

        if (attribute_bytes(s->ldap, e, "objectGUID", bytes, sizeof bytes) != (int)sizeof bytes)
            continue;
        guid_text(bytes, guid);
        if (strcmp(guid, a->guid) != 0 &&
            attribute_text(s->ldap, e, "sAMAccountName", name, sizeof name) == 0) {
            record_add(r, "spn_other", name);
            return;
        }
    }
}

static void add_password(struct session *s, LDAPMessage *e, struct record *r)
{
    _cleanup_free_ unsigned char *blob = malloc(META_BYTES_MAX);
    char by[GUID_TEXT];
    struct meta m;
    int len = blob ? attribute_bytes(s->ldap, e, "replPropertyMetaData", blob, META_BYTES_MAX) : -1;

    if (len < 0 || meta_find(blob, (size_t)len, META_UNICODE_PWD, &m) < 0)
        return;
    guid_text(m.by, by);
    record_add_u64(r, "password_version", m.version);
    record_add_i64(r, "password_changed_us", m.changed_us);
    record_add(r, "password_changed_at", by);
}

void details_add(struct session *s, const struct config_domain *domain, const struct account *a,
                 struct record *r)
{
    // Windows LAPS and its forerunner; a directory without them knows no such names and leaves them out.
    static const char *const attributes[] = {"whenChanged",
                                             "lastLogonTimestamp",
                                             "servicePrincipalName",
                                             "replPropertyMetaData",
                                             "msLAPS-PasswordExpirationTime",
                                             "ms-Mcs-AdmPwdExpirationTime",
                                             NULL};
    _cleanup_message_ LDAPMessage *m = NULL;
    char text[64], want[SPN_TEXT] = "";
    struct failure ignored = {0};
    bool below = false;
    int64_t us;
    LDAPMessage *e;

    if (a->matches != 1)
        return;
    if (domain->base && dn_below(a->dn, domain->base, &below) == 0)
        record_add_bool(r, "in_base", below);
    if (session_search(s, a->dn, LDAP_SCOPE_BASE, "(objectClass=*)", attributes, 1, &m, &ignored) < 0 ||
        !(e = ldap_first_entry(s->ldap, m)))
        return;
    if (a->dns_host_name[0])
        snprintf(want, sizeof want, "HOST/%s", a->dns_host_name);
    if (attribute_text(s->ldap, e, "whenChanged", text, sizeof text) == 0 && generalized_time(text, &us) == 0)
        record_add_i64(r, "when_changed_us", us);
    add_filetime(r, "last_logon", s, e, "lastLogonTimestamp");
    add_filetime(r, "laps_expires", s, e, "msLAPS-PasswordExpirationTime");
    if (!record_get(r, "laps_expires"))
        add_filetime(r, "laps_expires", s, e, "ms-Mcs-AdmPwdExpirationTime");
    add_spns(s, e, want, r);
    add_other(s, a, want, r);
    add_password(s, e, r);
}
