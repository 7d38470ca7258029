// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// The same question to every writable DC of a domain at once. A password that was changed at one DC is unknown to the
// others for a while, so that only all of them together say what the directory holds.
//
// Each DC is asked by a process of its own, for Kerberos and LDAP wait where they please: a DC that is dead, slow or
// mad costs its own process and no more. Once one has answered, the others get twice the time that it took (two to ten
// seconds); who has not answered then is named in the answer.
//
//     rc = views_answer(domain, &request, &record, &failure);
#pragma once

#include "daemon/config/config.h"
#include "daemon/directory/request.h"

// Answers `account` and `accounts`; *ret may be an `error` record: the sentence of a DC, where none answered.
int views_answer(const struct config_domain *domain, const struct request *q, struct record **ret,
                 struct failure *f);
// How long the others may still take when the first answer took `took_us`. Pure.
int64_t views_grace(int64_t took_us);
