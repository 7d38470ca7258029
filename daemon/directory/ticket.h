// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// A guest's token, opened with virtrust's own key: the keys of the configured keytab are taken into memory under the
// service principal's name. (The same keys open a ticket for another of the account's services; but the statement that
// its owner signs names ours.) Kerberos' replay cache is not used, it would be a file of its own: the nonce that the
// token signs is good once (nonce.h).
//
// After session_open (session.h), which gives the library its configuration.
//
//     struct ticket t;
//     rc = ticket_open(keytab, principal, target, &attestation, statement, len, &t, &failure);     // t.state
#pragma once

#include "common/attestation.h"
#include "common/hostname.h"
#include "daemon/directory/failure.h"
#include "daemon/directory/pac.h"
#include "daemon/directory/proof_rules.h"

struct ticket {
    enum ticket_state state; // the rest counts only with TICKET_GOOD
    char text[ERR_TEXT_MAX]; // the library's word when it is not
    char name[HOSTNAME_TEXT + 2], realm[HOSTNAME_TEXT];
    bool computer_name; // one component, ending with a dollar
    bool pac_known;
    struct pac pac;
    int64_t authtime_us; // when its owner showed the password (the KDC's clock, full seconds)
};

// 0 whatever the ticket is; negative errno (codes `keytab`, `internal`) when it cannot be looked at.
int ticket_open(const char *keytab, const char *principal, const char *target, const struct attestation *a,
                const char *statement, size_t len, struct ticket *ret, struct failure *f);
