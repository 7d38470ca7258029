// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// Many accounts of one domain by one search: hundreds of guests that are reverted together ask a DC a handful of times.
// An account that the common answer leaves open (a name that only the DC knows to be the same) is asked for alone.
//
//     rc = accounts_answer(domain, &request, &record, &failure);
#pragma once

#include "daemon/config/config.h"
#include "daemon/directory/request.h"

int accounts_answer(const struct config_domain *domain, const struct request *q, struct record **ret,
                    struct failure *f);
// The filter that finds all that are not wrong; the caller frees. NULL: out of memory, or there is none. Pure.
char *accounts_filter(const struct whose *list, size_t count);
