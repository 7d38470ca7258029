// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// The commands that give the delegated account what it needs and no more, with the configured names in them: for Active
// Directory (PowerShell) and for Samba. They are printed, never run.
//
//     return delegation_print(c);
#pragma once

#include "daemon/cli/cli.h"

int delegation_print(const struct cli *c); // the exit code

// A word for PowerShell, and for a shell: in single quotes, whatever stands in it. Pure.
enum { QUOTED_TEXT = 8192 };
void quote_powershell(const char *text, char ret[static QUOTED_TEXT]);
void quote_shell(const char *text, char ret[static QUOTED_TEXT]);
