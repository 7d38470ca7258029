// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/directory/power.h"

#include "common/sid.h"
#include "daemon/directory/value.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// By the end of their SIDs, the mightiest first: those of a domain, and those that stand in every one.
static const struct {
    const char *prefix, *rid, *name;
} groups[] = {
    {"S-1-5-21-", "519", "Enterprise Admins"},  {"S-1-5-21-", "518", "Schema Admins"},
    {"S-1-5-21-", "512", "Domain Admins"},      {"S-1-5-32-", "544", "Administrators"},
    {"S-1-5-21-", "516", "Domain Controllers"}, {"S-1-5-32-", "548", "Account Operators"},
    {"S-1-5-32-", "551", "Backup Operators"},   {"S-1-5-32-", "549", "Server Operators"},
    {"S-1-5-21-", "526", "Key Admins"},         {"S-1-5-21-", "527", "Enterprise Key Admins"},
    {"S-1-5-32-", "550", "Print Operators"},    {"S-1-5-21-", "520", "Group Policy Creator Owners"},
};

static int rank_of(const char *sid)
{
    const char *rid = strrchr(sid, '-');

    for (size_t i = 0; rid && i < sizeof groups / sizeof *groups; i++)
        if (strncmp(sid, groups[i].prefix, strlen(groups[i].prefix)) == 0 &&
            strcmp(rid + 1, groups[i].rid) == 0)
            return (int)i;
    return -1;
}

const char *power_group(const char *sid)
{
    int rank = rank_of(sid);

    return rank < 0 ? NULL : groups[rank].name;
}

static void values_freep(struct berval ***values)
{
    if (*values)
        ldap_value_free_len(*values);
}

// The root shows the token of whoever asks.
static void find_group(struct session *s, struct power *ret)
{
    static const char *const attributes[] = {"tokenGroups", NULL};
    _cleanup_message_ LDAPMessage *m = NULL;
    _cleanup_(values_freep) struct berval **values = NULL;
    struct failure ignored = {0};
    int best = -1;

    if (session_search(s, "", LDAP_SCOPE_BASE, "(objectClass=*)", attributes, 1, &m, &ignored) < 0 ||
        !ldap_first_entry(s->ldap, m))
        return;
    values = ldap_get_values_len(s->ldap, ldap_first_entry(s->ldap, m), "tokenGroups");
    for (size_t i = 0; values && values[i]; i++) {
        char sid[SID_TEXT];
        int rank;

        ret->groups_known = true;
        if (sid_text((const unsigned char *)values[i]->bv_val, values[i]->bv_len, sid) < 0)
            continue;
        rank = rank_of(sid);
        if (rank >= 0 && (best < 0 || rank < best))
            best = rank;
    }
    if (best >= 0)
        snprintf(ret->group, sizeof ret->group, "%s", groups[best].name);
}

// allowedAttributesEffective: what the asker may write there. Absent where it is nothing, so the object's class is
// asked for too: without it the object was not seen.
static void find_write(struct session *s, const char *base, int scope, const char *filter, const char *where,
                       struct power *ret)
{
    static const char *const attributes[] = {"objectClass", "allowedAttributesEffective", NULL};
    _cleanup_message_ LDAPMessage *m = NULL;
    struct failure ignored = {0};
    LDAPMessage *e;

    if (ret->writes[0] || session_search(s, base, scope, filter, attributes, 1, &m, &ignored) < 0 ||
        !(e = ldap_first_entry(s->ldap, m)) || !attribute_has(s->ldap, e, "objectClass", NULL))
        return;
    ret->writes_known = true;
    if (attribute_has(s->ldap, e, "allowedAttributesEffective", NULL))
        snprintf(ret->writes, sizeof ret->writes, "%s", where);
}

void power_of(struct session *s, const struct config_domain *domain, struct power *ret)
{
    *ret = (struct power){0};
    find_group(s, ret);
    find_write(s, s->domain_dn, LDAP_SCOPE_BASE, "(objectClass=*)", "the domain itself", ret);
    // primaryGroupID 516: the writable domain controllers
    find_write(s, s->domain_dn, LDAP_SCOPE_SUBTREE, "(&(objectCategory=computer)(primaryGroupID=516))",
               "a domain controller", ret);
    if (domain->base)
        find_write(s, domain->base, LDAP_SCOPE_SUBTREE, "(objectCategory=computer)",
                   "the computers of the base", ret);
}
