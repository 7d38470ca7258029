// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// The two ways to speak LDAP with a DC: sealed by Kerberos, or, where `ldaps_ca` is set, inside TLS whose certificate
// that file's authorities have signed. Who we are is said by Kerberos (GSSAPI) in both. There is no third way: what
// ends in less is no bind.
//
//     rc = session_bind(session, domain, &failure);      // session: dc, port, a ticket
#pragma once

#include "daemon/directory/session.h"

int session_bind(struct session *s, const struct config_domain *domain, struct failure *f);

// OpenLDAP's sentence and the server's or SASL's own, which says more: -EHOSTUNREACH where the DC is silent, else -EIO.
int session_failure(struct session *s, int code, const char *what, struct failure *f);
