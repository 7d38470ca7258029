// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// Fault points: where the laboratory's tests end a process, as kill -9 would, or hold it, between two steps. They exist
// only in a build with VIRTRUST_FAULTS; elsewhere the calls are empty.
//
// $VIRTRUST_FAULT_DIR names a directory. What lies in it says what happens at the point NAME:
//   NAME       is removed, and the process gets SIGKILL: each such file kills once, whoever comes by first
//   NAME.hold  is renamed to NAME.held, and the process waits until that is gone: each such file holds one
//   passed     a file, to which NAME is appended
//
//     fault_point("job.resetting");
#pragma once

#include <stddef.h>

#if VIRTRUST_FAULTS
void fault_point(const char *name);
// A file NAME of exactly `len` bytes takes the place of `data`: a secret that the tests can search for afterwards.
void fault_replace(const char *name, void *data, size_t len);
#else
static inline void fault_point(const char *name)
{
    (void)name;
}
static inline void fault_replace(const char *name, void *data, size_t len)
{
    (void)name;
    (void)data;
    (void)len;
}
#endif
