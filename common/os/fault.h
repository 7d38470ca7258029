// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// Fault points: where the kill tests end a process, as kill -9 would, between two steps. They exist only in a build
// with VIRTRUST_FAULTS; elsewhere the call is empty.
//
// $VIRTRUST_FAULT_DIR names a directory. If it holds a file of the point's name, the point removes the file and
// raises SIGKILL: each such file kills once, whichever process comes by first.
//
//     fault_point("job.resetting");
#pragma once

#if VIRTRUST_FAULTS
void fault_point(const char *name);
#else
static inline void fault_point(const char *name)
{
    (void)name;
}
#endif
