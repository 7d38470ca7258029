// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "common/hostname.h"

#include <string.h>

bool hostname_valid(const char *text)
{
    size_t len = text ? strlen(text) : 0;

    if (len == 0 || len >= HOSTNAME_TEXT || text[0] == '.' || text[0] == '-')
        return false;
    return strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") == len;
}
