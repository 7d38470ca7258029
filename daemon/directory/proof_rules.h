// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// Does an attestation show that this guest holds that account's password? As with resets (reset_rules.h),
// virtrust-directory does not obey: what the ticket and the directory say is checked here, in one ordered table, and
// the first rule that fails is the answer. Unknown is never "yes". Pure.
//
//     enum proof_rule rule = proof_rules(&facts);
#pragma once

#include <stdbool.h>
#include <stdint.h>

// What the Kerberos library made of the token.
enum ticket_state {
    TICKET_GOOD,
    TICKET_DAMAGED,  // no token, or not Kerberos'
    TICKET_NOT_OURS, // encrypted with another key, or for another service
    TICKET_SKEW,
    TICKET_EXPIRED,
    TICKET_UNSIGNED, // the ticket is good, and the statement is not signed with its key
};

enum proof_rule {
    PROOF_OK,
    PROOF_NONCE_UNKNOWN,
    PROOF_NONCE_OTHERS,
    PROOF_NONCE_LATE,
    PROOF_TARGET,
    PROOF_DAMAGED,
    PROOF_NOT_OURS,
    PROOF_SKEW,
    PROOF_EXPIRED,
    PROOF_UNSIGNED,
    PROOF_REALM,
    PROOF_NOT_COMPUTER,
    PROOF_NO_PAC,
    PROOF_NOT_FOUND,
    PROOF_NAME,
    PROOF_UNREADABLE,
    PROOF_DOMAIN_CONTROLLER,
    PROOF_DISABLED,
    PROOF_OTHER_ACCOUNT,
    PROOF_OLD_TICKET,
    PROOF_COUNT
};

struct proof_facts {
    bool nonce_known, nonce_this_guest, nonce_fresh;
    bool target_ours; // the statement names our own service principal
    enum ticket_state ticket;
    bool realm_matches;
    bool computer_name; // the principal is one name that ends with a dollar
    bool pac;           // and the KDC says which object it is
    bool found;         // one object of the directory is that
    bool name_matches;  // and has the principal's name
    bool plain_computer;
    bool uac_known, group_known;
    uint32_t uac, group;
    // Asked for by who asks, else false.
    bool expects, expected; // a certain account; and it is that one
    bool fresh, newer;      // a ticket got with the password of today; and it is one
};

enum proof_rule proof_rules(const struct proof_facts *facts);
const char *proof_rule_name(enum proof_rule rule); // "other-guest"; "ok"
const char *proof_rule_text(enum proof_rule rule);
