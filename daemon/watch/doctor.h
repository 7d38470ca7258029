// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// The watcher's two one-shot answers: `--describe GUEST` and `--doctor`. Both print records on standard output.
//
//     return doctor_describe("qemu:///system", "win10", &err);
#pragma once

#include "common/err.h"

// The guest's `described` record. An exit code; a sentence where it is not 0.
int doctor_describe(const char *uri, const char *guest, struct err *err);

// A `check` record with the items `libvirt`, `hook`, `agent`, `genid` (item.N.id, .result, .text, .next), then one
// `check` record a guest (guest, name, and its items `agent` and `genid`). An exit code: bad news when libvirt cannot
// be reached, else 0.
int doctor_check(const char *uri, struct err *err);
