// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// The machine's keytab as a file: read whole, and replaced whole (written beside, synced, renamed) with the old one's
// owner, mode and security labels.
//
// A struct ktfile owns its bytes, which are keys: ktfile_done wipes them.
//
//     _cleanup_ktfile_ struct ktfile kt = {0};
//     rc = ktfile_read("/etc/krb5.keytab", &kt, &err);     // kt.machine, kt.sha256
#pragma once

#include "common/keytab.h"
#include "common/os/seal.h"

#include <limits.h>

struct ktfile {
    char path[PATH_MAX]; // symbolic links resolved: what a rename replaces
    unsigned char *data;
    size_t len;
    struct keytab_machine machine;
    unsigned char sha256[DIGEST]; // of the machine's newest, strongest key: the live fingerprint
};

void ktfile_done(struct ktfile *kt);
#define _cleanup_ktfile_ _cleanup_(ktfile_done)

// The keytab that the guest's Kerberos uses, below root. 0, or -ENOTSUP (no file: a keyring, memory).
int ktfile_path(const char *root, char ret[static PATH_MAX], struct err *err);

// 0; -ENOENT (no such file); -ENOKEY (no machine principal in it); -EBADMSG; other -errno. A sentence with each.
int ktfile_read(const char *path, struct ktfile *ret, struct err *err);
bool ktfile_writable(const struct ktfile *kt);
int ktfile_replace(const struct ktfile *kt, const void *data, size_t len, struct err *err);
