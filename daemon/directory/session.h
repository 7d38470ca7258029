// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// A sealed LDAP connection to one DC, and that DC's Kerberos: what an answer is made of comes from one
// server. A bind that does not end in at least 128 bits of sealing is no bind; there is no other kind. (Samba
// would take a reset over an unsealed connection; Windows would not. We do not depend on their being strict.)
//
//     _cleanup_(session_freep) struct session *s = NULL;
//     rc = session_open(domain, request->dc, &s, &failure);
#pragma once

#include "daemon/directory/krb.h"

#include <ldap.h>

enum { SSF_MIN = 128, DN_TEXT = 2048 };

struct session {
    struct krb *krb;
    LDAP *ldap;
    char dc[HOST_TEXT];
    int port;
    char domain_dn[DN_TEXT];    // the domain's own naming context
    char instance[DN_TEXT];     // objectGUID of the DC's NTDS settings, or its DN where that cannot be read
    char invocation[GUID_TEXT]; // what it signs its own changes with; "" where that cannot be read
    char address[64];           // its own, "" unknown
    int64_t now_us;             // the DC's clock at the bind; 0 when it does not say
    int64_t at_us;              // the host's, then
    uint64_t usn;               // highestCommittedUSN; 0 when it does not say
};

// Tries the DCs in turn (see dcs.h), writable and synchronised ones of this domain only. 0, or negative errno
// with the first DC's sentence.
int session_open(const struct config_domain *domain, const char *wish, struct session **ret,
                 struct failure *f);
// This DC and no other: -EHOSTUNREACH when it does not serve.
int session_open_at(const struct config_domain *domain, const char *dc, struct session **ret,
                    struct failure *f);
// The same, and it may be read-only: nothing is asked of it but what it is (rodc.h).
int session_open_reader(const struct config_domain *domain, const char *dc, struct session **ret,
                        struct failure *f);
// The same as somebody else, by password.
int session_open_as(const struct config_domain *domain, const char *dc, const char *user,
                    const struct secret *password, struct session **ret, struct failure *f);
struct session *session_free(struct session *s);
DEFINE_CLEANUP(struct session *, session_free);

// A DC's NTDS settings as another, or itself, shows them: 0, or negative errno where they cannot be read.
struct settings {
    char instance[GUID_TEXT], invocation[GUID_TEXT]; // "" unknown
    bool read_only;
};
int session_settings(struct session *s, const char *dn, struct settings *ret);

static inline void ldap_msg_freep(LDAPMessage **m)
{
    if (*m)
        ldap_msgfree(*m);
}
#define _cleanup_message_ _cleanup_(ldap_msg_freep)

// A search with a time limit; at most `most` entries are asked for (there being more is no error: *ret then
// holds what came). The filter's values are escaped by filter_value (value.h). 0, -ENOENT (no such base), or
// negative errno with code `dc-unreachable` or `dc-refused`.
int session_search(struct session *s, const char *base, int scope, const char *filter,
                   const char *const *attributes, int most, LDAPMessage **ret, struct failure *f);
