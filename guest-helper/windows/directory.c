// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest-helper/windows/directory.h"

#include "guest-helper/windows/wide.h"

#include <windows.h>

#include <errno.h>
#include <rpc.h>
#include <rpcdce.h>
#include <stdio.h>
#include <string.h>
#include <winldap.h>

enum { CONNECT_S = 5, ANSWER_S = 15 };

struct directory {
    LDAP *ld;
    wchar_t base[WIDE_NAME]; // of the domain
};

static int failed(struct err *err, int code, const char *what, ULONG rc)
{
    char text[160] = "";
    const wchar_t *words = ldap_err2stringW(rc);

    wide_to_utf8(words, words ? wcslen(words) : 0, text, sizeof text);
    return err_set(err, code, "%s: LDAP result %lu (%s)", what, (unsigned long)rc, text);
}

static void message_freep(LDAPMessage **m)
{
    if (*m)
        ldap_msgfree(*m);
}
#define _cleanup_message_ _cleanup_(message_freep)

static ULONG search(struct directory *d, const wchar_t *base, ULONG scope, const wchar_t *filter,
                    wchar_t **attributes, LDAPMessage **ret)
{
    struct l_timeval limit = {ANSWER_S, 0};

    return ldap_search_stW(d->ld, (PWCHAR)base, scope, (PWCHAR)filter, attributes, 0, &limit, ret);
}

// The first value, as UTF-8; "" where there is none.
static void value_of(struct directory *d, LDAPMessage *entry, const wchar_t *attribute, char *ret,
                     size_t size)
{
    wchar_t **values = ldap_get_valuesW(d->ld, entry, (PWCHAR)attribute);

    ret[0] = '\0';
    if (values && values[0])
        wide_to_utf8(values[0], wcslen(values[0]), ret, size);
    if (values)
        ldap_value_freeW(values);
}

int directory_open(const char *dc, struct directory **ret, struct err *err)
{
    _cleanup_directory_ struct directory *d = calloc(1, sizeof *d);
    struct l_timeval limit = {CONNECT_S, 0};
    ULONG version = LDAP_VERSION3, rc;
    wchar_t name[WIDE_NAME];

    if (!d || wide_of(dc, name, WIDE_NAME) < 0)
        return err_set(err, -EHOSTUNREACH, "%.200s: no name of a domain controller", dc);
    d->ld = ldap_initW(name, LDAP_PORT);
    if (!d->ld)
        return err_set(err, -EHOSTUNREACH, "%.200s: LDAP cannot be begun", dc);
    ldap_set_optionW(d->ld, LDAP_OPT_PROTOCOL_VERSION, &version);
    ldap_set_optionW(d->ld, LDAP_OPT_REFERRALS, LDAP_OPT_OFF);
    rc = ldap_connect(d->ld, &limit);
    if (rc != LDAP_SUCCESS) {
        failed(err, -EHOSTUNREACH, "no connection", rc);
        return err_prefix(err, -EHOSTUNREACH, "%.200s", dc);
    }
    *ret = take(d);
    return 0;
}

struct directory *directory_free(struct directory *d)
{
    if (!d)
        return NULL;
    if (d->ld)
        ldap_unbind(d->ld);
    free(d);
    return NULL;
}

// "20261121083350.0Z"
static int parse_time(const char *text, int64_t *ret_us)
{
    SYSTEMTIME t = {0};
    FILETIME f;
    unsigned n[6];

    if (sscanf(text, "%4u%2u%2u%2u%2u%2u", &n[0], &n[1], &n[2], &n[3], &n[4], &n[5]) != 6)
        return -EIO;
    t.wYear = (WORD)n[0];
    t.wMonth = (WORD)n[1];
    t.wDay = (WORD)n[2];
    t.wHour = (WORD)n[3];
    t.wMinute = (WORD)n[4];
    t.wSecond = (WORD)n[5];
    if (!SystemTimeToFileTime(&t, &f))
        return -EIO;
    *ret_us = (int64_t)(((uint64_t)f.dwHighDateTime << 32 | f.dwLowDateTime) / 10) - 11644473600000000;
    return 0;
}

int directory_time(struct directory *d, int64_t *ret_us)
{
    static wchar_t attribute[] = L"currentTime", *attributes[] = {attribute, NULL};
    _cleanup_message_ LDAPMessage *m = NULL;
    char text[64] = "";

    if (search(d, L"", LDAP_SCOPE_BASE, L"(objectClass=*)", attributes, &m) != LDAP_SUCCESS ||
        !ldap_first_entry(d->ld, m))
        return -EIO;
    value_of(d, ldap_first_entry(d->ld, m), attribute, text, sizeof text);
    return parse_time(text, ret_us);
}

int directory_root(struct directory *d, char ret_service[static DIRECTORY_NAME], uint64_t *ret_usn)
{
    static wchar_t service[] = L"dsServiceName", usn[] = L"highestCommittedUSN",
                   *attributes[] = {service, usn, NULL}, oid[] = L"1.2.840.113556.1.4.529",
                   filter[] = L"(objectClass=*)", root[] = L"";
    // Names with their GUID, as text: SEQUENCE { INTEGER 1 }.
    static char flags[] = "\x30\x03\x02\x01\x01";
    LDAPControlW names = {.ldctl_oid = oid, .ldctl_value = {.bv_len = sizeof flags - 1, .bv_val = flags}},
                 *controls[] = {&names, NULL};
    _cleanup_message_ LDAPMessage *m = NULL;
    struct l_timeval limit = {ANSWER_S, 0};
    char text[32];

    if (ldap_search_ext_sW(d->ld, root, LDAP_SCOPE_BASE, filter, attributes, 0, controls, NULL, &limit, 0,
                           &m) != LDAP_SUCCESS ||
        !ldap_first_entry(d->ld, m))
        return -EIO;
    value_of(d, ldap_first_entry(d->ld, m), service, ret_service, DIRECTORY_NAME);
    value_of(d, ldap_first_entry(d->ld, m), usn, text, sizeof text);
    *ret_usn = strtoull(text, NULL, 10);
    return 0;
}

static int find_base(struct directory *d, struct err *err)
{
    static wchar_t attribute[] = L"defaultNamingContext", *attributes[] = {attribute, NULL};
    _cleanup_message_ LDAPMessage *m = NULL;
    char text[DIRECTORY_NAME] = "";
    ULONG rc = search(d, L"", LDAP_SCOPE_BASE, L"(objectClass=*)", attributes, &m);

    if (rc == LDAP_SUCCESS && ldap_first_entry(d->ld, m))
        value_of(d, ldap_first_entry(d->ld, m), attribute, text, sizeof text);
    if (!*text || wide_of(text, d->base, WIDE_NAME) < 0)
        return failed(err, -EIO, "the DC does not say which domain it holds", rc);
    return 0;
}

// Nothing travels in clear: both must be granted before the bind, which then has to make them true.
static int demand_sealing(struct directory *d, struct err *err)
{
    ULONG rc = ldap_set_optionW(d->ld, LDAP_OPT_SIGN, LDAP_OPT_ON);

    if (rc == LDAP_SUCCESS)
        rc = ldap_set_optionW(d->ld, LDAP_OPT_ENCRYPT, LDAP_OPT_ON);
    return rc == LDAP_SUCCESS ? 0 : failed(err, -ENOTSUP, "signing and sealing cannot be had", rc);
}

int directory_login(struct directory *d, const char *domain, const char *user, const struct secret *password,
                    struct err *err)
{
    _cleanup_wide_secret_ struct wide_secret wide = {0};
    SEC_WINNT_AUTH_IDENTITY_W who = {.Flags = SEC_WINNT_AUTH_IDENTITY_UNICODE};
    wchar_t wide_user[WIDE_NAME], wide_domain[WIDE_NAME];
    ULONG rc;

    if (wide_of(user, wide_user, WIDE_NAME) < 0 || wide_of(domain, wide_domain, WIDE_NAME) < 0)
        return err_set(err, -EACCES, "the name to log in with is no text");
    if (demand_sealing(d, err) < 0)
        return -ENOTSUP;
    wide_secret_of(password, &wide);
    who.User = wide_user;
    who.UserLength = (unsigned long)wcslen(wide_user);
    who.Domain = wide_domain;
    who.DomainLength = (unsigned long)wcslen(wide_domain);
    who.Password = wide.text;
    who.PasswordLength = (unsigned long)wide.len;
    rc = ldap_bind_sW(d->ld, NULL, (PWCHAR)&who, LDAP_AUTH_NEGOTIATE);
    if (rc == LDAP_INVALID_CREDENTIALS)
        return err_set(err, -EACCES, "the DC does not accept this name and password for %.100s", user);
    if (rc != LDAP_SUCCESS)
        return failed(err, -EIO, "the login failed", rc);
    return 0;
}

static int filter_of(const char *sid, wchar_t *ret, size_t size)
{
    unsigned char bytes[SID_BYTES_MAX];
    size_t len = 0, at;

    if (sid_parse(sid, bytes, &len) < 0)
        return -EINVAL;
    at = (size_t)swprintf(ret, size, L"(objectSid=");
    for (size_t i = 0; i < len; i++)
        at += (size_t)swprintf(ret + at, size - at, L"\\%02x", bytes[i]);
    swprintf(ret + at, size - at, L")");
    return 0;
}

int directory_find(struct directory *d, const char *sid, struct directory_account *ret, struct err *err)
{
    static wchar_t name[] = L"sAMAccountName", uac[] = L"userAccountControl",
                   kvno[] = L"msDS-KeyVersionNumber", *attributes[] = {name, uac, kvno, NULL};
    _cleanup_message_ LDAPMessage *m = NULL;
    wchar_t filter[4 * SID_BYTES_MAX];
    LDAPMessage *entry;
    wchar_t *dn;
    char text[32];
    ULONG rc;

    if (filter_of(sid, filter, ARRAY_SIZE(filter)) < 0)
        return err_set(err, -ENOENT, "%.100s: no SID", sid);
    if (find_base(d, err) < 0)
        return -EIO;
    rc = search(d, d->base, LDAP_SCOPE_SUBTREE, filter, attributes, &m);
    if (rc != LDAP_SUCCESS)
        return failed(err, -EIO, "the search for this guest's account failed", rc);
    entry = ldap_first_entry(d->ld, m);
    if (!entry || ldap_count_entries(d->ld, m) != 1)
        return err_set(err, -ENOENT, "%.100s: the DC has no such account, or does not show it", sid);
    dn = ldap_get_dnW(d->ld, entry);
    wide_to_utf8(dn, dn ? wcslen(dn) : 0, ret->dn, sizeof ret->dn);
    ldap_memfreeW(dn);
    value_of(d, entry, name, ret->name, sizeof ret->name);
    value_of(d, entry, uac, text, sizeof text);
    ret->uac = (uint32_t)strtoul(text, NULL, 10);
    value_of(d, entry, kvno, text, sizeof text);
    ret->kvno = (uint32_t)strtoul(text, NULL, 10);
    return *ret->dn ? 0 : err_set(err, -EIO, "the DC gives this guest's account no name");
}

int directory_reset(struct directory *d, const char *dn, const struct secret *password, struct err *err)
{
    static wchar_t attribute[] = L"unicodePwd";
    _cleanup_wide_secret_ struct wide_secret wide = {0}, quoted = {0};
    struct berval value, *values[] = {&value, NULL};
    LDAPModW change = {.mod_op = LDAP_MOD_REPLACE | LDAP_MOD_BVALUES, .mod_type = attribute},
             *changes[] = {&change, NULL};
    wchar_t name[WIDE_NAME];
    ULONG rc;

    if (password->len + 2 > SECRET_MAX || wide_of(dn, name, WIDE_NAME) < 0)
        return err_set(err, -EPERM, "the name or the password is too long");
    wide_secret_of(password, &wide);
    quoted.text[0] = L'"';
    memcpy(quoted.text + 1, wide.text, wide.len * sizeof wide.text[0]);
    quoted.text[wide.len + 1] = L'"';
    value.bv_val = (char *)quoted.text;
    value.bv_len = (ULONG)((wide.len + 2) * sizeof wide.text[0]);
    change.mod_bvalues = values;
    rc = ldap_modify_sW(d->ld, name, changes);
    if (rc == LDAP_SUCCESS)
        return 0;
    if (rc == LDAP_INSUFFICIENT_RIGHTS || rc == LDAP_UNWILLING_TO_PERFORM ||
        rc == LDAP_CONSTRAINT_VIOLATION || rc == LDAP_NO_SUCH_OBJECT)
        return failed(err, -EPERM, "the DC does not let this credential set the password", rc);
    return failed(err, -EIO, "setting the password", rc);
}
