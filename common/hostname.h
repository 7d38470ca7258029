// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// Names of hosts and domains that came from somewhere else: may this one stand in an URI, in DNS and in a krb5.conf?
//
//     if (!hostname_valid(dc)) …    // refused before it is used for anything
#pragma once

#include <stdbool.h>

enum { HOSTNAME_TEXT = 256 }; // with the NUL

// Letters, digits, '-', '_' and '.', 1 to 255 of them, the first neither '.' nor '-'. NULL is none.
bool hostname_valid(const char *text);
