// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// A policy may name a guest's computer: when the directory has told which account that is, it becomes the binding.
//
//     rc = policybind(e, &key, answer, &err);    // 0 also where there is nothing to bind
#pragma once

#include "common/err.h"
#include "common/record.h"
#include "daemon/engine/worker.h"

// The answer of the case that the key names. Negative: it should have become the binding, and could not be stored.
int policybind(struct engine *e, const struct worker_key *key, const struct record *answer, struct err *err);
