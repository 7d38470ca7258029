// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/directory/account.h"

#include "daemon/directory/journal.h"
#include "daemon/directory/value.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

const char *const account_attributes[] = {
    "objectClass",
    "objectGUID",
    "objectSid",
    "sAMAccountName",
    "dNSHostName",
    "pwdLastSet",
    "msDS-KeyVersionNumber",
    "userAccountControl",
    "whenCreated",
    "primaryGroupID",
    "msDS-AllowedToDelegateTo",
    NULL,
};

// AD keeps 32-bit numbers signed: userAccountControl's top bit makes one negative.
static void number32(struct session *s, LDAPMessage *e, const char *name, uint32_t *ret, bool *ret_known)
{
    int64_t value;

    *ret_known = attribute_number(s->ldap, e, name, &value) == 0 && value >= INT32_MIN && value <= UINT32_MAX;
    if (*ret_known)
        *ret = (uint32_t)value;
}

static bool is_plain_computer(struct session *s, LDAPMessage *e)
{
    return attribute_has(s->ldap, e, "objectClass", "computer") &&
           !attribute_has(s->ldap, e, "objectClass", "msDS-ManagedServiceAccount") &&
           !attribute_has(s->ldap, e, "objectClass", "msDS-GroupManagedServiceAccount") &&
           !attribute_has(s->ldap, e, "objectClass", "msDS-DelegatedManagedServiceAccount");
}

static int read_identity(struct session *s, LDAPMessage *e, struct account *a)
{
    unsigned char guid[16], sid[SID_BYTES_MAX];
    int len = attribute_bytes(s->ldap, e, "objectSid", sid, sizeof sid);
    char *dn;

    if (attribute_bytes(s->ldap, e, "objectGUID", guid, sizeof guid) != (int)sizeof guid || len < 0 ||
        sid_text(sid, (size_t)len, a->sid) < 0)
        return -EBADMSG;
    guid_text(guid, a->guid);
    dn = ldap_get_dn(s->ldap, e);
    if (!dn || snprintf(a->dn, sizeof a->dn, "%s", dn) >= (int)sizeof a->dn) {
        ldap_memfree(dn);
        return -EBADMSG;
    }
    ldap_memfree(dn);
    return attribute_text(s->ldap, e, "sAMAccountName", a->name, sizeof a->name) < 0 ? -EBADMSG : 0;
}

static int read_entry(struct session *s, LDAPMessage *e, struct account *a)
{
    char text[64];

    a->plain_computer = is_plain_computer(s, e);
    a->delegates = attribute_has(s->ldap, e, "msDS-AllowedToDelegateTo", NULL);
    a->pwd_last_set_known = attribute_number(s->ldap, e, "pwdLastSet", &a->pwd_last_set) == 0;
    number32(s, e, "msDS-KeyVersionNumber", &a->kvno, &a->kvno_known);
    number32(s, e, "userAccountControl", &a->uac, &a->uac_known);
    number32(s, e, "primaryGroupID", &a->group, &a->group_known);
    if (attribute_text(s->ldap, e, "dNSHostName", a->dns_host_name, sizeof a->dns_host_name) < 0)
        a->dns_host_name[0] = '\0';
    a->created_known = attribute_text(s->ldap, e, "whenCreated", text, sizeof text) == 0 &&
                       generalized_time(text, &a->created_us) == 0;
    return read_identity(s, e, a);
}

int account_of_entry(struct session *s, LDAPMessage *entry, struct account *ret, struct failure *f)
{
    struct account a = {.matches = 1};

    if (read_entry(s, entry, &a) < 0)
        return failure_set(
            f, -EACCES, "unreadable", "let the delegated account read computers (Authenticated Users may)",
            "%s:%d: the account is there, but its objectGUID, objectSid or sAMAccountName is not shown",
            s->dc, s->port);
    *ret = a;
    return 0;
}

static int find(struct session *s, const char *filter, struct account *ret, struct failure *f)
{
    _cleanup_message_ LDAPMessage *m = NULL;
    struct account a = {0};
    int rc = session_search(s, s->domain_dn, LDAP_SCOPE_SUBTREE, filter, account_attributes, 2, &m, f);

    if (rc < 0)
        return rc;
    a.matches = (unsigned)ldap_count_entries(s->ldap, m);
    if (a.matches == 1)
        return account_of_entry(s, ldap_first_entry(s->ldap, m), ret, f);
    *ret = a;
    return 0;
}

enum kind { ANY_OBJECT, COMPUTERS };

static int find_by(struct session *s, enum kind kind, const char *attribute, const void *value, size_t len,
                   struct account *ret, struct failure *f)
{
    _cleanup_free_ char *escaped = filter_value(value, len);
    char filter[NAME_TEXT * 3 + 128];
    bool computers = kind == COMPUTERS;
    int n = escaped ? snprintf(filter, sizeof filter, "%s(%s=%s)%s",
                               computers ? "(&(objectCategory=computer)" : "", attribute, escaped,
                               computers ? ")" : "")
                    : -1;

    if (n < 0 || n >= (int)sizeof filter)
        return failure_set(f, -ENOMEM, "internal", NULL, "out of memory");
    return find(s, filter, ret, f);
}

int account_by_guid(struct session *s, const char *guid, struct account *ret, struct failure *f)
{
    unsigned char bytes[16];

    if (guid_parse(guid, bytes) < 0)
        return failure_set(f, -EINVAL, "internal", NULL, "%s is no GUID", guid);
    return find_by(s, ANY_OBJECT, "objectGUID", bytes, sizeof bytes, ret, f);
}

int account_by_sid(struct session *s, const char *sid, struct account *ret, struct failure *f)
{
    unsigned char bytes[SID_BYTES_MAX];
    size_t len = 0;

    if (sid_parse(sid, bytes, &len) < 0)
        return failure_set(f, -EINVAL, "internal", NULL, "%s is no SID", sid);
    return find_by(s, ANY_OBJECT, "objectSid", bytes, len, ret, f);
}

int account_domain_sid(struct session *s, uint32_t rid, char ret[static SID_TEXT], struct failure *f)
{
    static const char *const attributes[] = {"objectSid", NULL};
    _cleanup_message_ LDAPMessage *m = NULL;
    unsigned char bytes[SID_BYTES_MAX];
    char domain[SID_TEXT];
    int len, n,
        rc = session_search(s, s->domain_dn, LDAP_SCOPE_BASE, "(objectClass=*)", attributes, 1, &m, f);

    if (rc < 0)
        return rc;
    len = attribute_bytes(s->ldap, ldap_first_entry(s->ldap, m), "objectSid", bytes, sizeof bytes);
    n = len > 0 && sid_text(bytes, (size_t)len, domain) == 0 ? snprintf(ret, SID_TEXT, "%s-%u", domain, rid)
                                                             : -1;
    return n > 0 && n < SID_TEXT ? 0
                                 : failure_set(f, -EACCES, "unreadable", "let the delegated account read it",
                                               "%s:%d: the domain's own SID is not shown", s->dc, s->port);
}

int account_by_request(struct session *s, const struct request *q, struct account *ret, struct failure *f)
{
    unsigned char bytes[SID_BYTES_MAX];
    size_t len = 0;

    if (q->guid[0] && guid_parse(q->guid, bytes) == 0)
        return find_by(s, COMPUTERS, "objectGUID", bytes, 16, ret, f);
    if (q->sid[0] && sid_parse(q->sid, bytes, &len) == 0)
        return find_by(s, COMPUTERS, "objectSid", bytes, len, ret, f);
    return find_by(s, COMPUTERS, "sAMAccountName", q->name, strlen(q->name), ret, f);
}

static void add(struct record *r, const char *prefix, const char *key, const char *value)
{
    char name[RECORD_KEY_MAX];

    snprintf(name, sizeof name, "%s%s", prefix, key);
    record_add(r, name, value);
}

static void add_number(struct record *r, const char *prefix, const char *key, bool known, int64_t value)
{
    char text[32];

    snprintf(text, sizeof text, "%lld", (long long)value);
    add(r, prefix, key, known ? text : NULL);
}

void account_add(struct record *r, const struct account *a, const char *prefix)
{
    add(r, prefix, "found", a->matches == 1 ? "1" : "0");
    if (a->matches != 1)
        return;
    add(r, prefix, "guid", a->guid);
    add(r, prefix, "sid", a->sid);
    add(r, prefix, "name", a->name);
    add(r, prefix, "dn", a->dn);
    add(r, prefix, "dns_host_name", a->dns_host_name[0] ? a->dns_host_name : NULL);
    add_number(r, prefix, "pwd_last_set", a->pwd_last_set_known, a->pwd_last_set);
    add_number(r, prefix, "kvno", a->kvno_known, a->kvno);
    add_number(r, prefix, "uac", a->uac_known, a->uac);
    add_number(r, prefix, "when_created_us", a->created_known, a->created_us);
}

void account_add_dc(struct record *r, const struct session *s)
{
    record_add(r, "dc", s->dc);
    record_add(r, "dc_instance", s->instance[0] ? s->instance : NULL);
    if (s->usn)
        record_add_u64(r, "dc_usn", s->usn);
    record_add(r, "dc_invocation", s->invocation[0] ? s->invocation : NULL);
    record_add(r, "address", s->address[0] ? s->address : NULL);
    if (s->now_us) // as it will be when the answer is sent
        record_add_i64(r, "dc_now_us", s->now_us + (now_us() - s->at_us));
}

struct record *account_record(const struct session *s, const struct account *a)
{
    struct record *r = record_new("account");

    account_add(r, a, "");
    account_add_dc(r, s);
    return r;
}
