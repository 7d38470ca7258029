// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// Windows security identifiers: binary (MS-DTYP 2.4.2.2: revision, count, 48-bit big-endian authority, u32
// little-endian sub-authorities) to text and back. Pure; hostile bytes are the normal case.
//
//     char text[SID_TEXT];
//     if (sid_text(bytes, len, text) == 0) puts(text);   // S-1-5-21-226059406-2984137831-1201299043
#pragma once

#include <stddef.h>

enum { SID_TEXT = 192, SID_BYTES_MAX = 8 + 15 * 4 };

// Bytes behind the SID are an error, as is a truncated one: 0 or -EINVAL.
int sid_text(const void *bytes, size_t len, char ret[static SID_TEXT]);
// The other way; *ret_len <= SID_BYTES_MAX: 0 or -EINVAL.
int sid_parse(const char *text, unsigned char ret[static SID_BYTES_MAX], size_t *ret_len);
// AD's objectGUID (16 bytes, mixed-endian) as 8-4-4-4-12 lower-case text, and back (0 or -EINVAL).
enum { GUID_TEXT = 37 };
void guid_text(const unsigned char bytes[static 16], char ret[static GUID_TEXT]);
int guid_parse(const char *text, unsigned char ret[static 16]);
