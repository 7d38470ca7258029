// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/directory/dn.h"

#include "common/cleanup.h"

#include <errno.h>
#include <ldap.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static void dn_freep(LDAPDN *dn)
{
    if (*dn)
        ldap_dnfree(*dn);
}

static int parse(const char *text, LDAPDN *ret)
{
    LDAPDN dn = NULL;

    if (!text || ldap_str2dn(text, &dn, LDAP_DN_FORMAT_LDAPV3) != LDAP_SUCCESS || !dn)
        return -EINVAL;
    if (!dn[0]) { // the empty DN is above everything: as a base it would allow everything
        ldap_dnfree(dn);
        return -EINVAL;
    }
    *ret = dn;
    return 0;
}

static size_t depth(LDAPDN dn)
{
    size_t n = 0;

    while (dn[n])
        n++;
    return n;
}

static bool bytes_equal(const struct berval *a, const struct berval *b)
{
    if (a->bv_len != b->bv_len)
        return false;
    for (size_t i = 0; i < a->bv_len; i++) {
        unsigned char x = (unsigned char)a->bv_val[i], y = (unsigned char)b->bv_val[i];

        if (x >= 'A' && x <= 'Z')
            x |= 0x20;
        if (y >= 'A' && y <= 'Z')
            y |= 0x20;
        if (x != y)
            return false;
    }
    return true;
}

static bool ava_equal(const LDAPAVA *a, const LDAPAVA *b)
{
    return (a->la_flags & LDAP_AVA_BINARY) == (b->la_flags & LDAP_AVA_BINARY) &&
           bytes_equal(&a->la_attr, &b->la_attr) && bytes_equal(&a->la_value, &b->la_value);
}

// The pairs of one RDN stand in any order.
static bool rdn_equal(LDAPRDN a, LDAPRDN b)
{
    size_t in_a = 0, in_b = 0;

    while (a[in_a])
        in_a++;
    while (b[in_b])
        in_b++;
    if (in_a != in_b)
        return false;
    for (size_t i = 0; i < in_a; i++) {
        size_t j = 0;

        while (j < in_b && !ava_equal(a[i], b[j]))
            j++;
        if (j == in_b)
            return false;
    }
    return true;
}

// Do the last `count` RDNs agree?
static bool tail_equal(LDAPDN a, size_t in_a, LDAPDN b, size_t in_b, size_t count)
{
    for (size_t i = 1; i <= count; i++)
        if (!rdn_equal(a[in_a - i], b[in_b - i]))
            return false;
    return true;
}

int dn_below(const char *dn, const char *base, bool *ret)
{
    _cleanup_(dn_freep) LDAPDN d = NULL, b = NULL;

    if (parse(dn, &d) < 0 || parse(base, &b) < 0)
        return -EINVAL;
    *ret = depth(d) > depth(b) && tail_equal(d, depth(d), b, depth(b), depth(b));
    return 0;
}

int dn_equal(const char *a, const char *b, bool *ret)
{
    _cleanup_(dn_freep) LDAPDN x = NULL, y = NULL;

    if (parse(a, &x) < 0 || parse(b, &y) < 0)
        return -EINVAL;
    *ret = depth(x) == depth(y) && tail_equal(x, depth(x), y, depth(y), depth(x));
    return 0;
}

bool dn_is_domain(const char *dn, const char *domain)
{
    _cleanup_(dn_freep) LDAPDN d = NULL;
    _cleanup_free_ char *made = NULL;

    // The DN is turned into a domain, not the domain into a DN: so nothing has to be escaped here.
    if (parse(dn, &d) < 0 || ldap_dn2domain(dn, &made) != 0 || !made)
        return false;
    for (size_t i = 0; d[i]; i++)
        if (strcasecmp(d[i][0]->la_attr.bv_val, "DC") != 0)
            return false;
    return strcasecmp(made, domain) == 0;
}
