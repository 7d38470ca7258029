// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// What a DC shows of an account besides its password: nothing is decided by it, it names causes. Each part that is not
// shown is left out of the record.
//
//     details_add(session, domain, &account, record);
#pragma once

#include "daemon/directory/account.h"

enum { SPNS_MAX = 32 };

void details_add(struct session *s, const struct config_domain *domain, const struct account *a,
                 struct record *r);
