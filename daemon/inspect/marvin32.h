// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// Marvin32 with the seed that Windows' registry uses: the checksum of the entries of a transaction log. No
// protection against anybody. Pure.
//
//     struct marvin32 m = MARVIN32_START;
//     marvin32_add(&m, data, len);                 // len in whole words of four bytes
//     if (marvin32_end(&m) != expected) ...
#pragma once

#include <stddef.h>
#include <stdint.h>

struct marvin32 {
    uint32_t low, high;
};
#define MARVIN32_START ((struct marvin32){0x7a4e55c5, 0x82ef4d88})

void marvin32_add(struct marvin32 *m, const void *data, size_t len);
uint64_t marvin32_end(struct marvin32 *m);
