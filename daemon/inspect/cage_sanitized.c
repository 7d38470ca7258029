// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// What the cage grants besides in a build with AddressSanitizer, which reserves terabytes of addresses, and looks
// after threads and signals.
#include "daemon/inspect/cage_grants.h"

#include <sys/resource.h>
#include <sys/syscall.h>

const uint64_t cage_memory = RLIM_INFINITY;
const unsigned cage_more_calls[] = {SYS_getpid,      SYS_gettid, SYS_sched_yield, SYS_rt_sigprocmask,
                                    SYS_sigaltstack, SYS_prctl,  CAGE_CALLS_END};
