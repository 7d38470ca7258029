// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// Many accounts of one domain by one search: hundreds of guests that are reverted together ask a DC a handful of times.
// An account that the common answer leaves open (a name that only the DC knows to be the same) is asked for alone.
//
//     rc = accounts_answer(session, &request, &record, &failure);
#pragma once

#include "daemon/directory/session.h"

// What one DC says of them all.
int accounts_answer(struct session *s, const struct request *q, struct record **ret, struct failure *f);
// The filter that finds all that are not wrong; the caller frees. NULL: out of memory, or there is none. Pure.
char *accounts_filter(const struct whose *list, size_t count);
