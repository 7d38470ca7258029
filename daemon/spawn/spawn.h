// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// The loop of virtrust-spawn: keeps virtrustd and virtrust-watch running, starts a worker for every connection,
// reaps, and ends everything at SIGTERM or SIGINT. It decides nothing.
//
//     return spawn_run(config, "/usr/libexec/virtrust", NULL);
#pragma once

#include "daemon/config/config.h"

// Returns an exit code of common/err.h; what happens is told on stderr, a line each. `config_file` is handed to the
// programs; NULL: they find it themselves.
int spawn_run(const struct config *config, const char *bin_dir, const char *config_file);
