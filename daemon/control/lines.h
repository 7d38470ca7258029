// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// The guests' lines in the store (daemon/store/lines.h), made as `list` tells them. Opened before anything changes the
// store; what was made by another configuration is made anew: of a small ledger at once, of a large one from the loop,
// while there is nothing else to do.
//
//     rc = lines_open(e, &control->lines, &err);
#pragma once

#include "common/cleanup.h"
#include "daemon/engine/engine.h"

struct lines;

int lines_open(struct engine *e, struct lines **ret, struct err *err);
struct lines *lines_close(struct lines *l);
DEFINE_CLEANUP(struct lines *, lines_close);
