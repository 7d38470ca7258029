// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// A command's words as the request that virtrustd takes (daemon/PROTOCOL.md); nothing is read and nobody is asked.
//
//     _cleanup_record_ struct record *request = ask_request(c, "repair");
#pragma once

#include "daemon/cli/cli.h"

// The caller's; NULL when out of memory. The arguments' number was checked before. A credential is not among it.
struct record *ask_request(const struct cli *c, const char *command);
