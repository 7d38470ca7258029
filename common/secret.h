// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// A secret has its own type: wiped when it goes, and there is no way to print it. It never stands in argv, an
// environment, a log, a database (there only sealed) or a core dump.
//
//     _cleanup_secret_ struct secret s = {0};
//     secret_set(&s, bytes, len);
#pragma once

#include "common/cleanup.h"

#include <stddef.h>

enum { SECRET_MAX = 1024 };

struct secret {
    size_t len;
    unsigned char data[SECRET_MAX + 1]; // a NUL stands behind the last byte, for C interfaces that want one
};

// Overwrites memory in a way that the compiler keeps. NULL is fine.
void secret_wipe(void *data, size_t len);
static inline void secret_done(struct secret *s)
{
    secret_wipe(s, sizeof *s);
}
#define _cleanup_secret_ _cleanup_(secret_done)

// 0, or -E2BIG when len > SECRET_MAX.
int secret_set(struct secret *s, const void *data, size_t len);

// Makes a machine password of `chars` characters (120 is Windows' own length; at most SECRET_MAX) out of random
// bytes that the caller brings (`random_len` >= chars; they are wiped). The alphabet is printable ASCII without
// quote and backslash, 6 bits a character, so that LDAP's quoted form, kpasswd and Samba's tools all take it.
// 0, -EINVAL.
int secret_make_password(struct secret *s, size_t chars, unsigned char *random, size_t random_len);
