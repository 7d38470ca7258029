// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// What this guest holds as a member of a domain: the machine's keytab, and Samba's secrets beside it. Reading only.
//
//     _cleanup_member_ struct member m = {0};
//     member_look("/", &m);
//     if (m.state == MEMBER_JOINED) puts(m.kt.machine.entry.realm);
#pragma once

#include "guest-helper/linux/ktfile.h"
#include "guest-helper/linux/winbind.h"

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

void member_look(const char *root, struct member *ret);
void member_done(struct member *m);
#define _cleanup_member_ _cleanup_(member_done)

// The account's sAMAccountName, as the keytab has it ("HOST$"), and when its secret was set.
static inline const char *member_account(const struct member *m)
{
    return m->kt.machine.entry.principal;
}
