// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// Where the cage of a sanitized build is wider than the shipped one: one of two files, chosen by CMake.
#pragma once

#include <stdint.h>

extern const uint64_t cage_memory; // bytes of address space

enum { CAGE_CALLS_END = ~0 };
extern const unsigned cage_more_calls[]; // system calls; CAGE_CALLS_END at the end
