// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/directory/mark.h"

#include "common/os/ownname.h"
#include "daemon/directory/value.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

enum { MODIFY_S = 20 };

static void dn_freep(char **dn)
{
    if (*dn)
        ldap_memfree(*dn);
}
#define _cleanup_dn_ _cleanup_(dn_freep)

// By the names that a Kerberos principal may stand for. NULL where it is not seen, or not alone.
static char *own_dn(struct session *s, const char *principal)
{
    static const char *const attributes[] = {"objectClass", NULL};
    size_t name = strcspn(principal, "@");
    _cleanup_free_ char *sam = filter_value(principal, name),
                        *upn = filter_value(principal, strlen(principal));
    _cleanup_free_ char *filter = malloc(2048);
    _cleanup_message_ LDAPMessage *m = NULL;
    struct failure ignored = {0};

    if (!sam || !upn || !filter ||
        snprintf(filter, 2048, "(&(objectClass=user)(|(sAMAccountName=%s)(userPrincipalName=%s)))", sam,
                 upn) >= 2048 ||
        session_search(s, s->domain_dn, LDAP_SCOPE_SUBTREE, filter, attributes, 2, &m, &ignored) < 0 ||
        ldap_count_entries(s->ldap, m) != 1)
        return NULL;
    return ldap_get_dn(s->ldap, ldap_first_entry(s->ldap, m));
}

bool mark_own(struct session *s, const char *principal, char ret_dn[static DN_TEXT])
{
    _cleanup_dn_ char *dn = principal ? own_dn(s, principal) : NULL;

    if (dn)
        snprintf(ret_dn, DN_TEXT, "%s", dn);
    return dn;
}

void mark_read(struct session *s, const char *dn, char ret[static MARK_TEXT])
{
    static const char *const attributes[] = {"info", NULL};
    _cleanup_message_ LDAPMessage *m = NULL;
    struct failure ignored = {0};
    struct berval **values = NULL;

    ret[0] = '\0';
    if (session_search(s, dn, LDAP_SCOPE_BASE, "(objectClass=*)", attributes, 1, &m, &ignored) < 0 ||
        !ldap_first_entry(s->ldap, m))
        return;
    values = ldap_get_values_len(s->ldap, ldap_first_entry(s->ldap, m), "info");
    if (values && values[0])
        snprintf(ret, MARK_TEXT, "%.*s",
                 (int)(values[0]->bv_len < MARK_TEXT ? values[0]->bv_len : MARK_TEXT - 1), values[0]->bv_val);
    ldap_value_free_len(values);
}

void mark_host(const struct config_domain *domain, char ret[static HOSTNAME_TEXT])
{
    if (!domain->service || !sharing_service(domain->service, "", ret))
        own_host(domain->name, ret);
}

// Another one each time: what stands there already would change nothing.
static void text_of(const char *old, const struct config_domain *domain, char ret[static MARK_TEXT])
{
    unsigned random = 0;
    struct timespec t;
    struct tm tm;
    char when[32], unique[64], host[HOSTNAME_TEXT];

    clock_gettime(CLOCK_REALTIME, &t);
    gmtime_r(&t.tv_sec, &tm);
    strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", &tm);
    (void)!getrandom(&random, sizeof random, GRND_NONBLOCK);
    snprintf(unique, sizeof unique, "(%09ld-%08x)", t.tv_nsec, random);
    mark_host(domain, host);
    sharing_mark(old, host, when, unique, ret);
}

static int write_mark(struct session *s, const char *dn, const struct config_domain *domain)
{
    char old[MARK_TEXT], text[MARK_TEXT], *values[] = {text, NULL};
    LDAPMod replace = {.mod_op = LDAP_MOD_REPLACE, .mod_type = "info", .mod_values = values},
            *changes[] = {&replace, NULL};
    struct timeval limit = {.tv_sec = MODIFY_S};
    int code;

    mark_read(s, dn, old);
    text_of(old, domain, text);
    ldap_set_option(s->ldap, LDAP_OPT_TIMEOUT, &limit);
    code = ldap_modify_ext_s(s->ldap, dn, changes, NULL, NULL);
    return code;
}

uint64_t mark_usn(struct session *s)
{
    static const char *const attributes[] = {"highestCommittedUSN", NULL};
    _cleanup_message_ LDAPMessage *m = NULL;
    struct failure ignored = {0};
    int64_t usn = 0;

    if (session_search(s, "", LDAP_SCOPE_BASE, "(objectClass=*)", attributes, 1, &m, &ignored) == 0 &&
        attribute_number(s->ldap, ldap_first_entry(s->ldap, m), "highestCommittedUSN", &usn) == 0 && usn > 0)
        return (uint64_t)usn;
    return 0;
}

const char *mark_make(struct session *s, const struct config_domain *domain, char ret_dn[static DN_TEXT])
{
    _cleanup_dn_ char *dn = domain->principal ? own_dn(s, domain->principal) : NULL;
    int code = dn ? write_mark(s, dn, domain) : LDAP_NO_SUCH_OBJECT;

    if (code != LDAP_SUCCESS)
        return ldap_err2string(code);
    snprintf(ret_dn, DN_TEXT, "%s", dn);
    return NULL;
}

void mark_add(struct session *s, const struct config_domain *domain, struct record *r)
{
    char dn[DN_TEXT];
    const char *why = mark_make(s, domain, dn);
    uint64_t usn = why ? 0 : mark_usn(s);

    if (usn)
        record_add_u64(r, "dc_usn_marked", usn);
    else
        record_addf(r, "mark_text", "%s:%d: %s could not change its own attribute `info`: %s", s->dc, s->port,
                    domain->principal ? domain->principal : "virtrust's account",
                    why ? why : "its USN is not shown");
}
