// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// A mark: one change of virtrust's own account at one DC, so that the DC's highest committed USN moves. A copy of that
// DC elsewhere does not take it, which is how a guest beside such a copy is told from one in production. The attribute
// is `info` (Personal Information), which every account may write of itself unless somebody took that right away.
//
// The mark names this host, and the other one that wrote there last (sharing.h).
//
//     mark_add(session, domain, record);    // dc_usn_marked=, or mark_text= with the reason why there is none
#pragma once

#include "common/record.h"
#include "daemon/directory/session.h"
#include "daemon/directory/sharing.h"

void mark_add(struct session *s, const struct config_domain *domain, struct record *r);

// Its parts. mark_make: NULL when it was made, with the DN of what was changed; else why it was not. mark_usn: the DC's
// highest committed USN as it is now; 0 when it does not say.
const char *mark_make(struct session *s, const struct config_domain *domain, char ret_dn[static DN_TEXT]);
uint64_t mark_usn(struct session *s);
// The delegated account's own DN. False where it is not seen, or not alone.
// This host as its marks name it: as its service principal does. "" where it has no name.
void mark_host(const struct config_domain *domain, char ret[static HOSTNAME_TEXT]);
void mark_read(struct session *s, const char *dn, char ret[static MARK_TEXT]); // "" none
bool mark_own(struct session *s, const char *principal, char ret_dn[static DN_TEXT]);
