// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// The probe's look: what the guest holds, which DC it reaches, and whether that DC takes its secret. Writes nothing.
//
//     struct record *a = probe_answer(&member);
#pragma once

#include "common/record.h"
#include "guest-helper/member.h"

struct record *probe_answer(const struct member *m);
