// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// The guard sees to it that nothing survives virtrust-spawn, even when that is killed with SIGKILL: a small process
// that knows every process group which was started and ends them all when its pipe is closed. A started program
// itself dies with virtrust-spawn by the kernel's doing; the guard is for what the program started in its turn (an
// appliance, a disk server).
//
//     struct guard guard = GUARD_NONE;
//     guard_start(&guard, &err); guard_add(&guard, pid); guard_drop(&guard, pid);
#pragma once

#include "common/err.h"

#include <sys/types.h>

struct guard {
    int fd;    // -1: none
    pid_t pid; // -1: none
};
#define GUARD_NONE \
    {              \
        -1, -1     \
    }

// Starts one (instead of a former one that died): 0 or a negative errno with a sentence. The groups that live have
// to be told to it again.
int guard_start(struct guard *g, struct err *err);
void guard_add(struct guard *g, pid_t group);
void guard_drop(struct guard *g,
                pid_t group);     // before the leader is reaped, so that the number is not reused
void guard_done(struct guard *g); // ends it; what is still on its list dies
