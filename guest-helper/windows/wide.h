// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// Text between UTF-8, which the helper speaks, and UTF-16, which Windows speaks. Into fixed room: what does not fit, or
// is no text, is an error, never cut.
//
//     wchar_t name[WIDE_NAME];
//     rc = wide_of("CORP", name, WIDE_NAME);
#pragma once

#include "common/secret.h"

#include <stdbool.h>
#include <wchar.h>

enum { WIDE_NAME = 520 }; // names, paths; UTF-16 units or bytes of UTF-8, NUL included

// 0 or -EINVAL; *ret is "" on failure.
int wide_of(const char *text, wchar_t *ret, size_t size);
int wide_to_utf8(const wchar_t *text, size_t len, char *ret, size_t size); // len: units, without a NUL
bool wide_same(const char *a, const char *b);                              // without case, in ASCII

// A password for calls that want UTF-16: at most SECRET_MAX bytes of ASCII. Wiped on cleanup.
struct wide_secret {
    size_t len; // units, without the NUL
    wchar_t text[SECRET_MAX + 1];
};
void wide_secret_of(const struct secret *s, struct wide_secret *ret);
static inline void wide_secret_done(struct wide_secret *s)
{
    secret_wipe(s, sizeof *s);
}
#define _cleanup_wide_secret_ _cleanup_(wide_secret_done)
