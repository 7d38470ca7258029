// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/directory/bind.h"

#include "daemon/directory/net.h"

#include <errno.h>
#include <sasl/sasl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { CONNECT_S = 5, SEARCH_S = 10 };

// OpenLDAP's sentence and the server's or SASL's own, which says more.
int session_failure(struct session *s, int code, const char *what, struct failure *f)
{
    bool silent = code == LDAP_SERVER_DOWN || code == LDAP_TIMEOUT || code == LDAP_CONNECT_ERROR;
    char *detail = NULL;

    ldap_get_option(s->ldap, LDAP_OPT_DIAGNOSTIC_MESSAGE, &detail);
    failure_set(f, 0, silent ? "dc-unreachable" : "dc-refused",
                silent ? "see whether the DC is up and port 389 open"
                       : "see the DC's log and virtrust-directory(8)",
                "%s:%d: %s: %s%s%.200s", s->dc, s->port, what, ldap_err2string(code),
                detail && *detail ? ": " : "", detail ? detail : "");
    if (detail)
        ldap_memfree(detail);
    return silent ? -EHOSTUNREACH : -EIO;
}

// GSSAPI asks nothing; whatever another mechanism would ask gets no answer.
static int no_questions(LDAP *ldap, unsigned flags, void *defaults, void *questions)
{
    (void)ldap;
    (void)flags;
    (void)defaults;
    for (sasl_interact_t *q = questions; q->id != SASL_CB_LIST_END; q++) {
        q->result = "";
        q->len = 0;
    }
    return LDAP_SUCCESS;
}

// Inside TLS there is no second sealing (Windows refuses it): Kerberos says who, TLS keeps it secret, and the
// certificate is tied to the bind.
static int set_tls(LDAP *ldap, const char *ca)
{
    const int demand = LDAP_OPT_X_TLS_DEMAND, least = LDAP_OPT_X_TLS_PROTOCOL_TLS1_2, client = 0;
    const int binding = LDAP_OPT_X_SASL_CBINDING_TLS_ENDPOINT;

    if (ldap_set_option(ldap, LDAP_OPT_X_TLS_CACERTFILE, ca) ||
        ldap_set_option(ldap, LDAP_OPT_X_TLS_REQUIRE_CERT, &demand) ||
        ldap_set_option(ldap, LDAP_OPT_X_TLS_PROTOCOL_MIN, &least) ||
        ldap_set_option(ldap, LDAP_OPT_X_SASL_CBINDING, &binding) ||
        ldap_set_option(ldap, LDAP_OPT_X_TLS_NEWCTX, &client))
        return -EIO;
    return 0;
}

static int set_options(LDAP *ldap, const char *ca)
{
    const struct timeval connect = {.tv_sec = CONNECT_S}, search = {.tv_sec = SEARCH_S};
    const int version = LDAP_VERSION3;
    char properties[64];

    if (ca)
        snprintf(properties, sizeof properties, "noanonymous,noplain,minssf=0,maxssf=0");
    else
        snprintf(properties, sizeof properties, "noanonymous,noplain,minssf=%d", SSF_MIN);
    if (ldap_set_option(ldap, LDAP_OPT_PROTOCOL_VERSION, &version) ||
        ldap_set_option(ldap, LDAP_OPT_REFERRALS, LDAP_OPT_OFF) ||
        ldap_set_option(ldap, LDAP_OPT_NETWORK_TIMEOUT, &connect) ||
        ldap_set_option(ldap, LDAP_OPT_TIMEOUT, &search) ||
        ldap_set_option(ldap, LDAP_OPT_X_SASL_NOCANON, LDAP_OPT_ON) ||
        ldap_set_option(ldap, LDAP_OPT_X_SASL_SECPROPS, properties))
        return -EIO;
    return ca ? set_tls(ldap, ca) : 0;
}

// What the connection is, and not what was asked for.
static int check_sealing(struct session *s, bool tls, struct failure *f)
{
    ber_len_t ssf = 0;

    if (tls && ldap_tls_inplace(s->ldap) == 1)
        return 0;
    if (!tls && ldap_get_option(s->ldap, LDAP_OPT_X_SASL_SSF, &ssf) == LDAP_OPT_SUCCESS && ssf >= SSF_MIN)
        return 0;
    return failure_set(f, -EPERM, "not-sealed", "allow AES for the delegated account and the DC",
                       "%s:%d: the connection is sealed with %lu bits where %d are needed", s->dc, s->port,
                       (unsigned long)ssf, SSF_MIN);
}

int session_bind(struct session *s, const struct config_domain *domain, struct failure *f)
{
    bool tls = domain->ldaps_ca;
    char url[HOST_TEXT + 32];
    int code;

    if (tls && access(domain->ldaps_ca, R_OK) < 0)
        return failure_set(f, -errno, "config",
                           "let virtrust-directory's user read it, or correct `ldaps_ca`", "%s: %s",
                           domain->ldaps_ca, strerror(errno));
    snprintf(url, sizeof url, "%s://%s:%d", tls ? "ldaps" : "ldap", s->dc, s->port);
    if (ldap_initialize(&s->ldap, url) != LDAP_SUCCESS || set_options(s->ldap, domain->ldaps_ca) < 0)
        return failure_set(f, -EIO, "internal", NULL, "OpenLDAP does not start for %s", url);
    code = ldap_sasl_interactive_bind_s(s->ldap, NULL, "GSSAPI", NULL, NULL, LDAP_SASL_QUIET, no_questions,
                                        NULL);
    if (code == LDAP_AUTH_UNKNOWN)
        return failure_set(f, -ENOSYS, "internal", "install libsasl2-modules-gssapi-mit",
                           "this host's SASL has no GSSAPI, and nothing else is spoken");
    if (tls && code == LDAP_STRONG_AUTH_REQUIRED)
        return failure_set(f, -EHOSTUNREACH, "not-sealed",
                           "leave `ldaps_ca` out, or give Samba `ldap server require strong auth = "
                           "allow_sasl_over_tls`",
                           "%s:%d does not take Kerberos inside TLS, and nothing else is spoken", s->dc,
                           s->port);
    if (code != LDAP_SUCCESS)
        return session_failure(s, code, tls ? "the bind inside TLS failed" : "the bind failed", f);
    return check_sealing(s, tls, f);
}
