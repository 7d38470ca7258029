// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// A Windows member: the machine's secret at the LSA, what the registry says about role, identity and policy.
//
//     _cleanup_member_ struct member *m = member_look("/");
//     if (m && m->state == MEMBER_JOINED) puts(m->domain.dns);
#pragma once

#include "guest-helper/member.h"
#include "guest-helper/windows/lsa.h"

enum member_state {
    MEMBER_JOINED,
    MEMBER_NOT_JOINED,
    MEMBER_UNREADABLE, // why tells
};

enum member_role { ROLE_UNKNOWN, ROLE_WORKSTATION, ROLE_SERVER, ROLE_DC };

struct member {
    enum member_state state;
    enum member_role role;
    char computer[LSA_NAME];    // NetBIOS
    char account[LSA_NAME];     // COMPUTER$
    char account_sid[SID_TEXT]; // "": this build of Windows does not keep it
    struct lsa_domain domain;
    struct lsa_secret secret;
    bool isolated;
    bool rotation_forbidden;   // DisablePasswordChange, by policy or by the registry
    uint32_t maximum_age_days; // 0: not set
    struct err why;
};

const char *member_role_name(
    enum member_role role); // "workstation", "server", "domain-controller", "unknown"
