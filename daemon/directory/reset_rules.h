// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// May this account's password be reset? virtrust-directory holds a right that is worth stealing, so it does
// not obey: whatever virtrustd asks for, these rules are checked against what *the directory* says about the
// account. One ordered table, facts in, the first rule that fails out. Pure.
//
// Unknown is never "yes": an attribute that could not be read fails its rule.
//
//     enum reset_rule rule = reset_rules(&facts);
//     if (rule != RULE_OK) answer(reset_rule_name(rule), reset_rule_text(rule));
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Bits of userAccountControl (MS-ADTS 2.2.16) that virtrust looks at.
enum {
    UAC_DISABLED = 0x2,
    UAC_NORMAL_ACCOUNT = 0x200,
    UAC_INTERDOMAIN = 0x800,
    UAC_WORKSTATION = 0x1000,
    UAC_SERVER = 0x2000, // a domain controller
    UAC_TRUSTED_FOR_DELEGATION = 0x80000,
    UAC_TRUSTED_TO_AUTH = 0x1000000,
    UAC_RODC = 0x4000000,
};

enum { SECRET_CHARS_MIN = 14, SECRET_CHARS_MAX = 512 };

// In the order in which they are checked.
enum reset_rule {
    RULE_OK,
    RULE_NOT_FOUND,
    RULE_SID_MISMATCH,
    RULE_NOT_COMPUTER,
    RULE_UNREADABLE,
    RULE_DOMAIN_CONTROLLER,
    RULE_NOT_WORKSTATION,
    RULE_DISABLED,
    RULE_TRUSTED_FOR_DELEGATION,
    RULE_PRIMARY_GROUP,
    RULE_NO_BASE,
    RULE_OUTSIDE_BASE,
    RULE_KVNO_MOVED,
    RULE_SECRET_LENGTH,
    RULE_SECRET_CHARACTERS,
    RULE_HOURLY_LIMIT,
    RULE_TOKEN_REUSED,  // known before the account is looked at: no fact of the table's
    RULE_ACCESS_DENIED, // the DC's own word, after it was asked; so is the next
    RULE_DC_REFUSED,
    RULE_COUNT
};

struct reset_facts {
    bool found;          // one object has the GUID
    bool sid_matches;    // and its SID is the binding's
    bool plain_computer; // its most specific class is `computer`
    bool uac_known;
    uint32_t uac;
    bool group_known;
    uint32_t group;  // primaryGroupID
    bool delegates;  // msDS-AllowedToDelegateTo is there
    bool base_known; // a base is configured and is a DN
    bool below_base;
    bool kvno_known;
    uint32_t kvno, kvno_named;
    size_t secret_len;
    bool secret_printable;    // 0x20..0x7e only
    unsigned attempts, limit; // in the last hour; per hour
};

enum reset_rule reset_rules(const struct reset_facts *facts);

const char *reset_rule_name(enum reset_rule rule); // "outside-base"; "ok"
const char *reset_rule_text(enum reset_rule rule); // one sentence: what, and what would be right
