// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// One character as UTF-8. Which characters a text may hold is its reader's to say; what is none at all is refused here.
//
//     char out[UTF8_MAX];
//     size_t n = utf8_put(0xfc, out);    // 2
#pragma once

#include <stddef.h>
#include <stdint.h>

enum { UTF8_MAX = 4 };

// The bytes that were written, 1 to 4; 0 for a surrogate and for what lies beyond Unicode.
size_t utf8_put(uint32_t c, char ret[static UTF8_MAX]);
