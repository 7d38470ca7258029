// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// `check`, for `virtrust doctor`: is everything there that a reset would need? It writes nothing in the
// directory.
//
//     rc = check_answer(domain, "/var/lib/virtrust", &record, &failure);
#pragma once

#include "daemon/config/config.h"
#include "daemon/directory/failure.h"

// *ret is a `check` record with item.N.{id,result,text,next}, the caller's. 0, or -ENOMEM.
int check_answer(const struct config_domain *domain, const char *state_dir, struct record **ret,
                 struct failure *f);
