// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// Brings the helper into a guest that lacks it, where policy allows: below a 0700 directory of its own, under a name
// that carries its checksum, so that another version lies beside it and never over it. It is written in pieces beside
// its place, its checksum is taken in the guest, and only then it is renamed; a file that lies there already must have
// the very same checksum.
//
//     char path[PUSH_PATH];
//     if (push_helper(g, "/usr/libexec/virtrust/virtrust-helper", path, &fail) == 0) …   // path in the guest
//
// In a Windows guest it is the directory `pushed` beside the place of the installed helper: below Program Files, where
// administrators alone may write. The agent's own commands write it and read it back.
#pragma once

#include "daemon/deliver/guest.h"

enum { PUSH_PATH = 320 };

// 0, or -1 with the fail (push-refused, or what the agent did).
int push_helper(struct guest *g, const char *source, char ret_path[static PUSH_PATH], struct fail *fail);
// helper: where the installed one would be (helper.windows_path).
int push_helper_windows(struct guest *g, const char *source, const char *helper,
                        char ret_path[static PUSH_PATH], struct fail *fail);
// Pure: where a helper of this checksum goes. 0 or -1.
int push_windows_path(const char *helper, const char *sum, char ret[static PUSH_PATH]);
