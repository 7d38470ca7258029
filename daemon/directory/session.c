// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/directory/session.h"

#include "daemon/directory/account.h"
#include "daemon/directory/bind.h"
#include "daemon/directory/dcs.h"
#include "daemon/directory/dn.h"
#include "daemon/directory/journal.h"
#include "daemon/directory/net.h"
#include "daemon/directory/silence.h"
#include "daemon/directory/value.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>

enum { CONNECT_MS = 4000, SEARCH_S = 10 };

#define CAP_RODC "1.2.840.113556.1.4.1920"
#define NEXT_OTHER_DC "name writable DCs of this domain under `dcs`, or mend this one"

int session_search(struct session *s, const char *base, int scope, const char *filter,
                   const char *const *attributes, int most, LDAPMessage **ret, struct failure *f)
{
    struct timeval limit = {.tv_sec = SEARCH_S};
    LDAPMessage *message = NULL;
    int code = ldap_search_ext_s(s->ldap, base, scope, filter, (char **)attributes, 0, NULL, NULL, &limit,
                                 most, &message);

    if (code == LDAP_SUCCESS || code == LDAP_SIZELIMIT_EXCEEDED || code == LDAP_PARTIAL_RESULTS) {
        *ret = message;
        return 0;
    }
    if (message)
        ldap_msgfree(message);
    session_failure(s, code, "a search failed", f);
    if (code == LDAP_NO_SUCH_OBJECT)
        return -ENOENT;
    return code == LDAP_SERVER_DOWN || code == LDAP_TIMEOUT ? -EHOSTUNREACH : -EIO;
}

int session_settings(struct session *s, const char *dn, struct settings *ret)
{
    static const char *const attributes[] = {"objectGUID", "invocationId", "objectClass", "msDS-isRODC",
                                             NULL};
    _cleanup_message_ LDAPMessage *m = NULL;
    struct settings settings = {0};
    unsigned char guid[16];
    struct failure ignored = {0};
    LDAPMessage *e;
    int rc = session_search(s, dn, LDAP_SCOPE_BASE, "(objectClass=*)", attributes, 1, &m, &ignored);

    if (rc < 0)
        return rc;
    e = ldap_first_entry(s->ldap, m);
    if (attribute_bytes(s->ldap, e, "objectGUID", guid, sizeof guid) == (int)sizeof guid)
        guid_text(guid, settings.instance);
    if (attribute_bytes(s->ldap, e, "invocationId", guid, sizeof guid) == (int)sizeof guid)
        guid_text(guid, settings.invocation);
    // Windows gives a read-only DC's settings a class of their own, Samba tells it by this attribute alone.
    settings.read_only = attribute_has(s->ldap, e, "objectClass", "nTDSDSARO") ||
                         attribute_has(s->ldap, e, "msDS-isRODC", "TRUE");
    *ret = settings;
    return 0;
}

// The DC's own name for itself survives renames as an objectGUID; not everybody may read it.
static bool read_instance(struct session *s, const char *dn)
{
    struct settings settings = {0};

    session_settings(s, dn, &settings);
    snprintf(s->instance, sizeof s->instance, "%s", settings.instance[0] ? settings.instance : dn);
    snprintf(s->invocation, sizeof s->invocation, "%s", settings.invocation);
    return !settings.read_only;
}

static void read_address(struct session *s)
{
    struct sockaddr_storage a;
    socklen_t len = sizeof a;
    int fd = -1;

    if (ldap_get_option(s->ldap, LDAP_OPT_DESC, &fd) != LDAP_OPT_SUCCESS || fd < 0 ||
        getpeername(fd, (struct sockaddr *)&a, &len) < 0 ||
        getnameinfo((struct sockaddr *)&a, len, s->address, sizeof s->address, NULL, 0, NI_NUMERICHOST) != 0)
        s->address[0] = '\0';
}

static int read_only(const struct session *s, struct failure *f)
{
    return failure_set(f, -EHOSTUNREACH, "read-only", NEXT_OTHER_DC, "%s:%d is a read-only DC", s->dc,
                       s->port);
}

// Who answered? A DC of another domain, a read-only one, or one that is still catching up must not be taken.
static int read_root(struct session *s, const struct config_domain *domain, bool reader, struct failure *f)
{
    static const char *const attributes[] = {"defaultNamingContext",
                                             "dsServiceName",
                                             "highestCommittedUSN",
                                             "currentTime",
                                             "supportedCapabilities",
                                             "isSynchronized",
                                             NULL};
    _cleanup_message_ LDAPMessage *m = NULL;
    char text[DN_TEXT] = "";
    int64_t usn = 0;
    LDAPMessage *e;
    int rc = session_search(s, "", LDAP_SCOPE_BASE, "(objectClass=*)", attributes, 1, &m, f);

    if (rc < 0)
        return rc;
    e = ldap_first_entry(s->ldap, m);
    if (attribute_text(s->ldap, e, "defaultNamingContext", s->domain_dn, sizeof s->domain_dn) < 0 ||
        !dn_is_domain(s->domain_dn, domain->name))
        return failure_set(f, -EHOSTUNREACH, "wrong-domain", NEXT_OTHER_DC, "%s:%d serves %s and not %s",
                           s->dc, s->port, s->domain_dn[0] ? s->domain_dn : "no domain", domain->name);
    if (!reader && attribute_has(s->ldap, e, "supportedCapabilities", CAP_RODC))
        return read_only(s, f);
    if (attribute_has(s->ldap, e, "isSynchronized", "FALSE"))
        return failure_set(f, -EHOSTUNREACH, "dc-unsuitable", NEXT_OTHER_DC,
                           "%s:%d has not finished its first synchronisation", s->dc, s->port);
    if (attribute_number(s->ldap, e, "highestCommittedUSN", &usn) == 0)
        s->usn = (uint64_t)usn;
    if (attribute_text(s->ldap, e, "currentTime", text, sizeof text) == 0)
        generalized_time(text, &s->now_us);
    s->at_us = now_us();
    read_address(s);
    if (attribute_text(s->ldap, e, "dsServiceName", text, sizeof text) == 0 && !read_instance(s, text) &&
        !reader)
        return read_only(s, f);
    return 0;
}

static int probe(const char *dc, int port, struct failure *f)
{
    const int ports[] = {port, PORT_KERBEROS};
    struct err err = {0};

    for (size_t i = 0; i < ARRAY_SIZE(ports); i++)
        if (net_probe(dc, ports[i], CONNECT_MS, &err) < 0)
            return failure_set(f, -EHOSTUNREACH, "dc-unreachable",
                               "see whether the DC is up and whether this host reaches its ports 88 and 389 "
                               "(636 with ldaps_ca)",
                               "%s", err.text);
    return 0;
}

struct who {
    const char *user; // NULL: the delegated account, by its keytab
    const struct secret *password;
    bool reader; // a read-only DC will do
};

static int open_at(const struct config_domain *domain, const char *dc, const struct who *who,
                   struct session **ret, struct failure *f)
{
    _cleanup_(session_freep) struct session *s = NULL;
    int port = domain->ldaps_ca ? PORT_LDAPS : PORT_LDAP, rc = probe(dc, port, f);

    if (rc < 0)
        return rc;
    s = calloc(1, sizeof *s);
    if (!s)
        return failure_set(f, -ENOMEM, "internal", NULL, "out of memory");
    snprintf(s->dc, sizeof s->dc, "%s", dc);
    s->port = port;
    rc = who->user ? krb_open_as(domain, dc, who->user, who->password, &s->krb, f)
                   : krb_open(domain, dc, &s->krb, f);
    if (rc == 0)
        rc = session_bind(s, domain, f);
    if (rc == 0)
        rc = read_root(s, domain, who->reader, f);
    if (rc == 0)
        *ret = take(s);
    return rc;
}

int session_open_at(const struct config_domain *domain, const char *dc, struct session **ret,
                    struct failure *f)
{
    return open_at(domain, dc, &(struct who){0}, ret, f);
}

int session_open_reader(const struct config_domain *domain, const char *dc, struct session **ret,
                        struct failure *f)
{
    return open_at(domain, dc, &(struct who){.reader = true}, ret, f);
}

int session_open_as(const struct config_domain *domain, const char *dc, const char *user,
                    const struct secret *password, struct session **ret, struct failure *f)
{
    return open_at(domain, dc, &(struct who){.user = user, .password = password}, ret, f);
}

int session_open(const struct config_domain *domain, const char *wish, struct session **ret,
                 struct failure *f)
{
    struct failure first = {0};
    struct dc_list list;
    int rc = dcs_find(domain, wish, &list, f);

    if (rc < 0)
        return rc;
    for (size_t i = 0; i < list.n; i++) {
        rc = session_open_at(domain, list.hosts[i], ret, f);
        silence_learn(domain->name, list.hosts[i],
                      rc == 0 || strcmp(f->code ? f->code : "", "dc-unreachable") != 0);
        if (rc == 0) {
            f->code = NULL;
            return 0;
        }
        if (i == 0)
            first = *f;
        if (rc != -EHOSTUNREACH)
            return rc;
    }
    *f = first;
    if (list.n > 1)
        err_prefix(&f->err, rc, "none of %zu domain controllers serves; the first", list.n);
    return rc;
}

struct session *session_free(struct session *s)
{
    if (!s)
        return NULL;
    if (s->ldap)
        ldap_unbind_ext_s(s->ldap, NULL, NULL);
    krb_free(s->krb);
    free(s);
    return NULL;
}
