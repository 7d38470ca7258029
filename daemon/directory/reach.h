// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// How far does the delegated account reach? By the access lists that the DC shows, weighed for the account's own token
// (common/secdesc.h): may it reset the computers of the base, and may it change anything outside? Delegations are made
// at the domain's head, at OUs and containers, and the objects through which the domain is ruled have lists of their
// own: those are looked at. A right that somebody gave on one single other object is not searched for.
//
//     rc = reach_of(session, domain, &reach, &failure);
#pragma once

#include "daemon/directory/session.h"

enum { REACH_SAMPLE = 50 };

struct reach {
    unsigned computers, resettable; // of the base, at most REACH_SAMPLE of them
    char refused[DN_TEXT];          // one that it may not reset; "" none
    const char *power;              // what it may do outside the base ("reset", "write" …); NULL nothing
    char where[DN_TEXT];            // and where first
    bool hidden;                    // an object outside did not show who may do what: where[] names it
};

// 0, or negative errno with why the DC could not be asked.
int reach_of(struct session *s, const struct config_domain *domain, struct reach *ret, struct failure *f);
