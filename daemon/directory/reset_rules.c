// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/directory/reset_rules.h"

// Well-known RIDs of groups (MS-DTYP 2.4.2.4).
enum {
    RID_DOMAIN_COMPUTERS = 515,
    RID_DOMAIN_CONTROLLERS = 516,
    RID_RODCS = 521,
    RID_ENTERPRISE_RODCS = 498
};

// What a plain workstation account may carry besides UAC_WORKSTATION, and nothing else: password not required
// (set by every pre-staged join), password never expires, not delegated, DES only, password expired, no PAC
// wanted, lockout.
enum { UAC_HARMLESS = 0x20 | 0x10000 | 0x100000 | 0x200000 | 0x800000 | 0x2000000 | 0x10 };

static bool not_found(const struct reset_facts *f)
{
    return !f->found;
}

static bool sid_mismatch(const struct reset_facts *f)
{
    return !f->sid_matches;
}

static bool not_computer(const struct reset_facts *f)
{
    return !f->plain_computer;
}

static bool unreadable(const struct reset_facts *f)
{
    return !f->uac_known || !f->group_known || !f->kvno_known;
}

static bool domain_controller(const struct reset_facts *f)
{
    return (f->uac & (UAC_SERVER | UAC_RODC)) || f->group == RID_DOMAIN_CONTROLLERS ||
           f->group == RID_RODCS || f->group == RID_ENTERPRISE_RODCS;
}

static bool not_workstation(const struct reset_facts *f)
{
    uint32_t judged_elsewhere = UAC_DISABLED | UAC_TRUSTED_FOR_DELEGATION | UAC_TRUSTED_TO_AUTH;

    return !(f->uac & UAC_WORKSTATION) || (f->uac & ~(UAC_WORKSTATION | UAC_HARMLESS | judged_elsewhere));
}

static bool disabled(const struct reset_facts *f)
{
    return f->uac & UAC_DISABLED;
}

static bool trusted_for_delegation(const struct reset_facts *f)
{
    return (f->uac & (UAC_TRUSTED_FOR_DELEGATION | UAC_TRUSTED_TO_AUTH)) || f->delegates;
}

static bool primary_group(const struct reset_facts *f)
{
    return f->group != RID_DOMAIN_COMPUTERS;
}

static bool no_base(const struct reset_facts *f)
{
    return !f->base_known;
}

static bool outside_base(const struct reset_facts *f)
{
    return !f->below_base;
}

static bool kvno_moved(const struct reset_facts *f)
{
    return f->kvno != f->kvno_named;
}

static bool secret_length(const struct reset_facts *f)
{
    return f->secret_len < SECRET_CHARS_MIN || f->secret_len > SECRET_CHARS_MAX;
}

static bool secret_characters(const struct reset_facts *f)
{
    return !f->secret_printable;
}

static bool hourly_limit(const struct reset_facts *f)
{
    return f->attempts >= f->limit;
}

static const struct {
    const char *name;
    bool (*fails)(const struct reset_facts *);
    const char *text;
} rules[RULE_COUNT] = {
    [RULE_OK] = {"ok", NULL, "nothing speaks against this reset"},
    [RULE_NOT_FOUND] =
        {"not-found", not_found,
         "no single account of this domain has the binding's GUID; was the computer deleted or "
         "joined anew? Then bind the guest again"},
    [RULE_SID_MISMATCH] =
        {"sid-mismatch", sid_mismatch,
         "the account with this GUID has another SID than the binding; bind the guest again"},
    [RULE_NOT_COMPUTER] = {"not-computer", not_computer,
                           "the object is no plain computer account, and virtrust resets nothing else"},
    [RULE_UNREADABLE] =
        {"unreadable", unreadable,
         "userAccountControl, primaryGroupID or msDS-KeyVersionNumber cannot be read; let the "
         "delegated account read them"},
    [RULE_DOMAIN_CONTROLLER] = {"domain-controller", domain_controller,
                                "the account is a domain controller's, and virtrust never touches one"},
    [RULE_NOT_WORKSTATION] = {"not-workstation", not_workstation,
                              "userAccountControl is not that of a plain workstation account (4096)"},
    [RULE_DISABLED] = {"disabled", disabled,
                       "the account is disabled; enable it first if the guest is to live"},
    [RULE_TRUSTED_FOR_DELEGATION] = {"trusted-for-delegation", trusted_for_delegation,
                                     "the account is trusted for delegation: whoever resets it could act for "
                                     "others; reset it by hand"},
    [RULE_PRIMARY_GROUP] = {"primary-group", primary_group,
                            "the account's primary group is not Domain Computers (515); reset it by hand"},
    [RULE_NO_BASE] =
        {"no-base", no_base,
         "no usable `base` is configured for this domain; name the OU that virtrust may reset in"},
    [RULE_OUTSIDE_BASE] =
        {"outside-base", outside_base,
         "the account lies outside the configured base; move it there, or widen `base` and the "
         "delegation"},
    [RULE_KVNO_MOVED] =
        {"kvno-moved", kvno_moved,
         "the password has changed since the decision: the key version is no longer the one named; "
         "look again"},
    [RULE_SECRET_LENGTH] = {"secret-length", secret_length,
                            "the new password must have 14 to 512 characters; virtrust's own have 120"},
    [RULE_SECRET_CHARACTERS] = {"secret-characters", secret_characters,
                                "the new password may hold printable ASCII characters only"},
    [RULE_HOURLY_LIMIT] =
        {"hourly-limit", hourly_limit,
         "the hour's resets are used up; wait, or raise `resets_per_hour` if so many are meant"},
    [RULE_TOKEN_REUSED] = {"token-reused", NULL,
                           "this token was used for another account; each reset needs a token of its own"},
    [RULE_ACCESS_DENIED] =
        {"access-denied", NULL,
         "the domain controller denies it; give the delegated account Reset Password on the "
         "computers of this OU"},
    [RULE_DC_REFUSED] = {"dc-refused", NULL, "the domain controller refused the new password"},
};

enum reset_rule reset_rules(const struct reset_facts *facts)
{
    for (int i = RULE_OK; i < RULE_COUNT; i++)
        if (rules[i].fails && rules[i].fails(facts))
            return (enum reset_rule)i;
    return RULE_OK;
}

const char *reset_rule_name(enum reset_rule rule)
{
    return rules[rule].name;
}

const char *reset_rule_text(enum reset_rule rule)
{
    return rules[rule].text;
}
