// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// Samba's copy of the machine password, where there is one: secrets.tdb is read with libtdb (loaded only when the file
// is there, so that a guest without Samba needs no part of it) and written by Samba's own `net changesecretpw`.
//
//     struct winbind w;
//     if (winbind_find("/", &w)) rc = winbind_store(&w, &password, &err);
#pragma once

#include "common/err.h"
#include "common/secret.h"

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

struct winbind {
    char secrets[PATH_MAX]; // secrets.tdb
    char net[PATH_MAX];     // Samba's net
    char domain[64];        // the NetBIOS name under which the password is kept
    uint32_t changed;       // seconds since 1970; 0: unknown
};

// Is Samba a keeper of the machine password here? Reads only.
bool winbind_find(const char *root, struct winbind *ret);

// The password that Samba holds: 0 or -EIO.
int winbind_password(const struct winbind *w, struct secret *ret);

// Stores the password, and reads it back. A rotation that Samba began while the trust was broken makes `net` refuse
// ("Pending machine account password change"): then winbind is stopped, the pending change removed, and winbind
// started again. 0 or -EIO with a sentence.
int winbind_store(const struct winbind *w, const struct secret *password, struct err *err);
