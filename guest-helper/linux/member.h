// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// A Linux member: the machine's keytab, and Samba's secrets beside it.
//
//     _cleanup_member_ struct member *m = member_look("/");
//     if (m && m->state == MEMBER_JOINED) puts(m->kt.machine.entry.realm);
#pragma once

#include "guest-helper/linux/ktfile.h"
#include "guest-helper/linux/winbind.h"
#include "guest-helper/member.h"

enum member_state {
    MEMBER_JOINED,
    MEMBER_NOT_JOINED, // neither a keytab with a machine's key nor Samba's secrets
    MEMBER_NO_KEYTAB,  // joined by Samba's secrets alone
    MEMBER_UNREADABLE, // why tells
};

struct member {
    enum member_state state;
    struct ktfile kt; // only when joined
    bool has_winbind;
    struct winbind winbind;
    struct err why;
};

// The account's sAMAccountName, as the keytab has it ("HOST$").
static inline const char *member_account(const struct member *m)
{
    return m->kt.machine.entry.principal;
}
