// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/directory/reach.h"

#include "daemon/directory/mark.h"
#include "daemon/directory/vet.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void values_freep(struct berval ***values)
{
    if (*values)
        ldap_value_free_len(*values);
}

// The root shows the token of whoever asks. Everybody's SIDs are in it, also where the DC leaves them out.
static int find_token(struct session *s, struct secdesc_token *token, struct failure *f)
{
    static const char *const attributes[] = {"tokenGroups", NULL};
    static const char *const everybody[] = {"S-1-1-0", "S-1-5-11", "S-1-5-2", "S-1-5-15"};
    _cleanup_message_ LDAPMessage *m = NULL;
    _cleanup_(values_freep) struct berval **values = NULL;
    int rc = session_search(s, "", LDAP_SCOPE_BASE, "(objectClass=*)", attributes, 1, &m, f);

    if (rc < 0)
        return rc;
    values = ldap_get_values_len(s->ldap, ldap_first_entry(s->ldap, m), "tokenGroups");
    for (size_t i = 0; values && values[i] && rc == 0; i++)
        rc = secdesc_token_add(token, values[i]->bv_val, values[i]->bv_len);
    for (size_t i = 0; i < ARRAY_SIZE(everybody) && rc == 0; i++)
        rc = secdesc_token_add_text(token, everybody[i]);
    return rc == 0 && values && values[0]
               ? 0
               : failure_set(f, -EACCES, "unreadable", "see which groups it belongs to",
                             "%s does not show which groups the delegated account belongs to", s->dc);
}

// Its own SID is not in tokenGroups everywhere.
static int add_self(struct session *s, const char *principal, struct secdesc_token *token, struct failure *f)
{
    char dn[DN_TEXT];
    static const char *const attributes[] = {"objectSid", NULL};
    _cleanup_message_ LDAPMessage *m = NULL;
    _cleanup_(values_freep) struct berval **values = NULL;
    int rc = mark_own(s, principal, dn)
                 ? session_search(s, dn, LDAP_SCOPE_BASE, "(objectClass=*)", attributes, 1, &m, f)
                 : -ENOENT;

    if (rc == 0 && ldap_first_entry(s->ldap, m))
        values = ldap_get_values_len(s->ldap, ldap_first_entry(s->ldap, m), "objectSid");
    if (rc == 0 && values && values[0])
        return secdesc_token_add(token, values[0]->bv_val, values[0]->bv_len);
    return failure_set(f, -ENOENT, "unreadable", "let it read its own account",
                       "%s does not show the account %s", s->dc, principal);
}

static int look_inside(struct session *s, const char *base, const struct secdesc_token *token,
                       struct reach *ret, struct failure *f)
{
    static const char *const nothing[] = {LDAP_NO_ATTRS, NULL};
    _cleanup_message_ LDAPMessage *m = NULL;
    int rc = session_search(s, base, LDAP_SCOPE_SUBTREE, "(objectCategory=computer)", nothing, REACH_SAMPLE,
                            &m, f);

    for (LDAPMessage *e = rc == 0 ? ldap_first_entry(s->ldap, m) : NULL; e && ret->computers < REACH_SAMPLE;
         e = ldap_next_entry(s->ldap, e)) {
        char *dn = ldap_get_dn(s->ldap, e);
        struct secdesc_power power = {0};
        struct failure ignored = {0};

        if (dn && vet_power(s, dn, token, &power, &ignored) == 0) {
            ret->computers++;
            ret->resettable += power.resets;
            if (!power.resets && !ret->refused[0])
                snprintf(ret->refused, sizeof ret->refused, "%s", dn);
        }
        ldap_memfree(dn);
    }
    return rc;
}

static int look_outside(struct session *s, const char *base, const struct secdesc_token *token,
                        struct reach *ret, struct failure *f)
{
    static const char heads[] =
        "(|(objectClass=domainDNS)(objectClass=organizationalUnit)(cn=Users)(cn=Computers))";
    static const char rulers[] = "(|(&(objectCategory=computer)(|(primaryGroupID=516)(primaryGroupID=521)))"
                                 "(adminCount=1)(cn=AdminSDHolder)(objectClass=groupPolicyContainer))";
    struct vet_look l = {.token = token, .target = base, .below = true};
    int rc = vet_look(s, s->domain_dn, heads, &l, f);

    if (rc == 0 && !l.power && !l.hidden) {
        l.target = NULL; // a domain controller in the base is too much, too
        l.below = false;
        rc = vet_look(s, s->domain_dn, rulers, &l, f);
    }
    ret->power = l.power;
    ret->hidden = l.hidden && !l.power;
    snprintf(ret->where, sizeof ret->where, "%s", l.first);
    return rc;
}

int reach_of(struct session *s, const struct config_domain *domain, struct reach *ret, struct failure *f)
{
    _cleanup_free_ struct secdesc_token *token = calloc(1, sizeof *token);
    int rc;

    *ret = (struct reach){0};
    if (!token)
        return failure_set(f, -ENOMEM, "internal", NULL, "out of memory");
    rc = find_token(s, token, f);
    if (rc == 0)
        rc = add_self(s, domain->principal, token, f);
    if (rc == 0)
        rc = look_inside(s, domain->base, token, ret, f);
    return rc == 0 ? look_outside(s, domain->base, token, ret, f) : rc;
}
