// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// Is the delegated account more powerful than virtrust needs? Whoever takes this host takes that account with it. Two
// things that the DC says of the account itself are looked at: the groups in its token, and which attributes it may
// write at the domain's head, at a DC's computer object, and at a computer of the base (where it needs none: Reset
// Password is a right of its own).
//
//     power_of(session, domain, &power);
#pragma once

#include "daemon/directory/session.h"

struct power {
    bool groups_known, writes_known;
    char group[64];   // "" or the mightiest group that it is in
    char writes[128]; // "" or where it may write attributes
};

void power_of(struct session *s, const struct config_domain *domain, struct power *ret);

// The name of a group that is too much for this account, by its SID; NULL for any other. Pure.
const char *power_group(const char *sid);
