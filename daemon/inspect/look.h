// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// One look: a `look` record in, an `evidence` or `error` record out (daemon/PROTOCOL.md, "virtrustd →
// inspect").
//
//     _cleanup_record_ struct record *answer = look(request);
#pragma once

#include "common/record.h"

enum { LOOK_TIMEOUT_S = 120, LOOK_TIMEOUT_MAX_S = 3600 };

// NULL only when out of memory. With format_guessed=1 (the command line's) the evidence carries that doubt.
struct record *look(const struct record *request);
// Builds what libguestfs needs ahead of the first look and launches its machine once: type=prepared engine=,
// or an error.
struct record *look_prepare(unsigned timeout_s);
