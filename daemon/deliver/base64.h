// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// Base64 (RFC 4648, with padding), as the guest agent uses it. Pure.
//
//     char *text = base64_encode("abc", 3);        // "YWJj", malloc'd
//     rc = base64_decode(text, 1024, &bytes, &len);
#pragma once

#include <stddef.h>

char *base64_encode(const void *data, size_t len); // NULL: no memory
// *ret: malloc'd, NUL-terminated besides. 0, -EBADMSG (not base64), -E2BIG (more than max bytes), -ENOMEM.
int base64_decode(const char *text, size_t max, char **ret, size_t *ret_len);
