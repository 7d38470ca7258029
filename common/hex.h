// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// Bytes as lower-case hexadecimal text.
//
//     char text[65];
//     hex_encode(hash, 32, text);
#pragma once

#include <stddef.h>

// Writes 2 * len digits and a NUL to ret.
void hex_encode(const void *data, size_t len, char *ret);
// Reads exactly 2 * len digits of either case (what follows is not looked at): 0 or -EINVAL.
int hex_decode(const char *text, void *ret, size_t len);
