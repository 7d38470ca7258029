// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/directory/proof_rules.h"

#include "daemon/directory/reset_rules.h"

// Well-known RIDs of groups (MS-DTYP 2.4.2.4).
enum { RID_DOMAIN_CONTROLLERS = 516, RID_RODCS = 521, RID_ENTERPRISE_RODCS = 498 };

static bool nonce_unknown(const struct proof_facts *f)
{
    return !f->nonce_known;
}

static bool nonce_others(const struct proof_facts *f)
{
    return !f->nonce_this_guest;
}

static bool nonce_late(const struct proof_facts *f)
{
    return !f->nonce_fresh;
}

static bool target(const struct proof_facts *f)
{
    return !f->target_ours;
}

static bool damaged(const struct proof_facts *f)
{
    return f->ticket == TICKET_DAMAGED;
}

static bool not_ours(const struct proof_facts *f)
{
    return f->ticket == TICKET_NOT_OURS;
}

static bool skew(const struct proof_facts *f)
{
    return f->ticket == TICKET_SKEW;
}

static bool expired(const struct proof_facts *f)
{
    return f->ticket == TICKET_EXPIRED;
}

static bool not_signed(const struct proof_facts *f)
{
    return f->ticket != TICKET_GOOD;
}

static bool realm(const struct proof_facts *f)
{
    return !f->realm_matches;
}

static bool no_computer(const struct proof_facts *f)
{
    return !f->computer_name;
}

static bool no_pac(const struct proof_facts *f)
{
    return !f->pac;
}

static bool not_found(const struct proof_facts *f)
{
    return !f->found;
}

static bool other_name(const struct proof_facts *f)
{
    return !f->name_matches;
}

static bool no_plain_computer(const struct proof_facts *f)
{
    return !f->plain_computer;
}

static bool unreadable(const struct proof_facts *f)
{
    return !f->uac_known || !f->group_known;
}

static bool domain_controller(const struct proof_facts *f)
{
    return (f->uac & (UAC_SERVER | UAC_RODC)) || f->group == RID_DOMAIN_CONTROLLERS ||
           f->group == RID_RODCS || f->group == RID_ENTERPRISE_RODCS;
}

static bool disabled(const struct proof_facts *f)
{
    return f->uac & UAC_DISABLED;
}

static bool other_account(const struct proof_facts *f)
{
    return f->expects && !f->expected;
}

static bool old_ticket(const struct proof_facts *f)
{
    return f->fresh && !f->newer;
}

static const struct {
    bool (*fails)(const struct proof_facts *);
    enum proof_rule rule;
} order[] = {
    {nonce_unknown, PROOF_NONCE_UNKNOWN},
    {nonce_others, PROOF_NONCE_OTHERS},
    {nonce_late, PROOF_NONCE_LATE},
    {target, PROOF_TARGET},
    {damaged, PROOF_DAMAGED},
    {not_ours, PROOF_NOT_OURS},
    {skew, PROOF_SKEW},
    {expired, PROOF_EXPIRED},
    {not_signed, PROOF_UNSIGNED},
    {realm, PROOF_REALM},
    {no_computer, PROOF_NOT_COMPUTER},
    {no_pac, PROOF_NO_PAC},
    {not_found, PROOF_NOT_FOUND},
    {other_name, PROOF_NAME},
    {no_plain_computer, PROOF_NOT_COMPUTER},
    {unreadable, PROOF_UNREADABLE},
    {domain_controller, PROOF_DOMAIN_CONTROLLER},
    {disabled, PROOF_DISABLED},
    {other_account, PROOF_OTHER_ACCOUNT},
    {old_ticket, PROOF_OLD_TICKET},
};

static const struct {
    const char *name, *text;
} words[PROOF_COUNT] = {
    [PROOF_OK] = {"ok", "the guest holds this account's password"},
    [PROOF_NONCE_UNKNOWN] = {"unknown-nonce",
                             "the nonce was not made here, or it was used before: ask for a new one"},
    [PROOF_NONCE_OTHERS] = {"other-guest", "the nonce was made for another guest"},
    [PROOF_NONCE_LATE] = {"late", "the answer came more than ten minutes after its question"},
    [PROOF_TARGET] = {"other-service", "the statement names another service than this host's virtrust"},
    [PROOF_DAMAGED] = {"bad-token", "the token is none of Kerberos"},
    [PROOF_NOT_OURS] =
        {"not-for-us",
         "the ticket cannot be opened with this host's key: it is for another service or another account, "
         "the delegated account does not use AES (msDS-SupportedEncryptionTypes 24), or the keytab is not "
         "its newest"},
    [PROOF_SKEW] = {"clock-skew", "the guest's clock and this host's are further apart than Kerberos allows"},
    [PROOF_EXPIRED] = {"ticket-expired", "the ticket is no longer, or not yet, valid"},
    [PROOF_UNSIGNED] = {"bad-signature",
                        "the ticket's owner has not signed this guest's name over this nonce"},
    [PROOF_REALM] = {"other-realm", "the ticket's owner belongs to another realm"},
    [PROOF_NOT_COMPUTER] = {"not-computer", "the ticket's owner is no plain computer account"},
    [PROOF_NO_PAC] =
        {"no-pac", "the ticket does not say which object its owner is; see that the delegated account does "
                   "not refuse authorization data (NO_AUTH_DATA_REQUIRED)"},
    [PROOF_NOT_FOUND] = {"not-found", "no single account of this domain has the owner's SID"},
    [PROOF_NAME] = {"name-differs", "the account with the owner's SID has another name by now"},
    [PROOF_UNREADABLE] = {"unreadable",
                          "userAccountControl or primaryGroupID cannot be read; let the delegated account "
                          "read them"},
    [PROOF_DOMAIN_CONTROLLER] = {"domain-controller",
                                 "the account is a domain controller's, and is never bound"},
    [PROOF_DISABLED] = {"disabled", "the account is disabled"},
    [PROOF_OTHER_ACCOUNT] = {"other-account",
                             "the guest holds another account's password than that of its binding"},
    [PROOF_OLD_TICKET] = {"old-ticket", "the ticket was got before the account's password was last set"},
};

enum proof_rule proof_rules(const struct proof_facts *facts)
{
    for (unsigned i = 0; i < sizeof order / sizeof *order; i++)
        if (order[i].fails(facts))
            return order[i].rule;
    return PROOF_OK;
}

const char *proof_rule_name(enum proof_rule rule)
{
    return words[rule].name;
}

const char *proof_rule_text(enum proof_rule rule)
{
    return words[rule].text;
}
