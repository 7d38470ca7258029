// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// A guest that lies at random, and the libvirt before it: an agent that changes its mind from call to call, gives
// truncated, huge or senseless replies, programs that end by a signal, a libvirt that fails in each of its ways, a
// port whose peer sends rubbish, old answers, half answers. This file's functions stand in for libvirt's own. Time is
// played, too, so that nothing is waited for.
//
//     hostile_begin(seed);   // the same seed: the same lies
#pragma once

#include <stdint.h>

enum { HOSTILE_CALLS_MAX = 3000, HOSTILE_RECEIVE_S = 5 };

#define HOSTILE_TOKEN "00112233445566778899aabbccddeeff"

// No more than HOSTILE_CALLS_MAX calls of any kind until the next time.
void hostile_begin(uint32_t seed);
uint32_t hostile_some(uint32_t below); // a number below this one
int64_t hostile_ms(void);              // the time that has passed
