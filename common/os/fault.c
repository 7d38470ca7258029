// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "common/os/fault.h"

#if VIRTRUST_FAULTS
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

void fault_point(const char *name)
{
    const char *dir = getenv("VIRTRUST_FAULT_DIR");
    char path[4096];

    if (!dir || snprintf(path, sizeof path, "%s/%s", dir, name) >= (int)sizeof path)
        return;
    if (unlink(path) == 0)
        kill(getpid(), SIGKILL);
}
#else
// An empty translation unit is no ISO C.
typedef int fault_points_are_compiled_out;
#endif
