// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// The part of `virtrust doctor` that needs no daemon, as `finding` records (daemon/PROTOCOL.md).
//
//     doctor_alone(c, false, take_finding, &answer);
#pragma once

#include "daemon/cli/cli.h"

typedef void doctor_tell(struct record *finding, void *arg); // owns the finding

// asked: virtrustd has told of libvirt; else virtrust-watch is asked, which takes a minute at most.
void doctor_alone(const struct cli *c, bool asked, doctor_tell *tell, void *arg);
