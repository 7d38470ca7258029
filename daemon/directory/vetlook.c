// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// Who may do what, of many objects: a search in pages, each object's descriptor weighed as it comes.
#include "daemon/directory/bind.h"
#include "daemon/directory/dn.h"
#include "daemon/directory/vet.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/time.h>

enum { PAGE = 500, PAGE_S = 20, OBJECTS_MAX = 200000 };

#define CONTROL_SD_FLAGS "1.2.840.113556.1.4.801"

static void control_freep(LDAPControl **c)
{
    if (*c)
        ldap_control_free(*c);
}

static void controls_freep(LDAPControl ***c)
{
    if (*c)
        ldap_controls_free(*c);
}

static void values_freep(struct berval ***v)
{
    if (*v)
        ldap_value_free_len(*v);
}

static void name_freep(char **name)
{
    if (*name)
        ldap_memfree(*name);
}

// Owner, group and access list; without this control the audit list is wanted, too, which nobody here may read.
static LDAPControl sd_flags(void)
{
    static char flags[] = {0x30, 0x03, 0x02, 0x01, 0x07}; // SEQUENCE { INTEGER 7 }

    return (LDAPControl){.ldctl_oid = CONTROL_SD_FLAGS,
                         .ldctl_value = {.bv_len = sizeof flags, .bv_val = flags},
                         .ldctl_iscritical = 1};
}

static int evaluate(struct session *s, LDAPMessage *e, const struct secdesc_token *token, bool below,
                    struct secdesc_power *ret)
{
    _cleanup_(values_freep) struct berval **values = ldap_get_values_len(s->ldap, e, "nTSecurityDescriptor");

    if (!values || !values[0])
        return -ENOENT;
    return secdesc_evaluate(values[0]->bv_val, values[0]->bv_len, token, below, ret);
}

static const char *power_name(const struct secdesc_power *p)
{
    return p->resets    ? "reset"
           : p->governs ? "govern"
           : p->writes  ? "write"
           : p->copies  ? "copy the secrets of"
                        : NULL;
}

static bool is_target(const char *dn, const char *target)
{
    bool same = false, below = false;

    return target &&
           ((dn_equal(dn, target, &same) == 0 && same) || (dn_below(dn, target, &below) == 0 && below));
}

static void look_at(struct session *s, LDAPMessage *e, struct vet_look *look)
{
    _cleanup_(name_freep) char *dn = ldap_get_dn(s->ldap, e);
    struct secdesc_power power;
    const char *name;

    if (!dn || is_target(dn, look->target))
        return;
    look->seen++;
    if (evaluate(s, e, look->token, look->below, &power) < 0) {
        look->hidden = true;
        if (!look->first[0])
            snprintf(look->first, sizeof look->first, "%s", dn);
        return;
    }
    name = power_name(&power);
    if (!name || look->power)
        return;
    look->power = name;
    snprintf(look->first, sizeof look->first, "%s", dn);
}

// One page: 0 with the cookie of the next ("" none).
static int page(struct session *s, const char *base, int scope, const char *filter, struct berval *cookie,
                struct vet_look *look, struct failure *f)
{
    static const char *const attributes[] = {"nTSecurityDescriptor", NULL};
    _cleanup_(control_freep) LDAPControl *paging = NULL;
    _cleanup_(controls_freep) LDAPControl **answered = NULL;
    _cleanup_message_ LDAPMessage *m = NULL;
    LDAPControl flags = sd_flags(), *controls[3] = {&flags, NULL, NULL}, *found;
    struct timeval limit = {.tv_sec = PAGE_S};
    ber_int_t estimate = 0;
    int code = ldap_create_page_control(s->ldap, PAGE, cookie, 1, &paging), result = LDAP_OTHER;

    controls[1] = paging;
    if (code == LDAP_SUCCESS)
        code = ldap_search_ext_s(s->ldap, base, scope, filter, (char **)attributes, 0, controls, NULL, &limit,
                                 0, &m);
    if (code == LDAP_SUCCESS)
        code = ldap_parse_result(s->ldap, m, &result, NULL, NULL, NULL, &answered, 0);
    if (code != LDAP_SUCCESS || result != LDAP_SUCCESS)
        return session_failure(s, code != LDAP_SUCCESS ? code : result, "a search failed", f);
    for (LDAPMessage *e = ldap_first_entry(s->ldap, m); e; e = ldap_next_entry(s->ldap, e))
        look_at(s, e, look);
    ber_memfree(cookie->bv_val);
    *cookie = (struct berval){0};
    found = ldap_control_find(LDAP_CONTROL_PAGEDRESULTS, answered, NULL);
    if (found)
        ldap_parse_pageresponse_control(s->ldap, found, &estimate, cookie);
    return 0;
}

int vet_look(struct session *s, const char *base, const char *filter, struct vet_look *look,
             struct failure *f)
{
    struct berval cookie = {0};
    int rc;

    do {
        rc = page(s, base, LDAP_SCOPE_SUBTREE, filter, &cookie, look, f);
        if (rc == 0 && look->seen > OBJECTS_MAX)
            rc = failure_set(f, -E2BIG, "too-many", "make the base smaller",
                             "%s holds more than %d objects: not all were looked at", base, OBJECTS_MAX);
    } while (rc == 0 && cookie.bv_len > 0 && !look->power && !look->hidden);
    ber_memfree(cookie.bv_val);
    return rc;
}

int vet_power(struct session *s, const char *dn, const struct secdesc_token *token, struct secdesc_power *ret,
              struct failure *f)
{
    static const char *const attributes[] = {"nTSecurityDescriptor", NULL};
    LDAPControl flags = sd_flags(), *controls[2] = {&flags, NULL};
    _cleanup_message_ LDAPMessage *m = NULL;
    struct timeval limit = {.tv_sec = PAGE_S};
    LDAPMessage *e;
    int code = ldap_search_ext_s(s->ldap, dn, LDAP_SCOPE_BASE, "(objectClass=*)", (char **)attributes, 0,
                                 controls, NULL, &limit, 1, &m);

    if (code != LDAP_SUCCESS)
        return session_failure(s, code, "the account's access list cannot be read", f);
    e = ldap_first_entry(s->ldap, m);
    return e ? evaluate(s, e, token, false, ret) : -ENOENT;
}
