// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// One question to virtrustd for commands that do more with the answer than print it.
//
//     rc = talk(c, request, take_one, &gathered);    // the answer's exit code, or that of the error it has told
#pragma once

#include "daemon/cli/cli.h"

// Calls told for each record before the end (borrowed); frees nothing.
int talk(const struct cli *c, const struct record *request, void (*told)(const struct record *r, void *arg),
         void *arg);
