// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// Samba's secrets.tdb, read from a private copy with libtdb, which takes no lock on it. The machine's
// password stands in that file in clear: it is neither asked for nor kept, and the copy is overwritten
// afterwards.
//
//     rc = secrets_tdb_read(&bytes, "HOST", &member, &err);
#pragma once

#include "common/sid.h"
#include "daemon/inspect/blob.h"

#include <stdint.h>

enum { SECRETS_NAME_MAX = 64 };

struct secrets_member {
    char netbios[SECRETS_NAME_MAX];
    uint32_t last_change; // seconds since 1970, by the guest's clock; 0 unknown
    char domain_sid[SID_TEXT];
    char machine_sid[SID_TEXT]; // of `computer`
    unsigned domains;           // how many have a machine password; the one that changed last is told
};

enum { SECRETS_NO_MEMBER = 1 };

// 0, SECRETS_NO_MEMBER (a sound file, no machine password; machine_sid may be known), -EBADMSG with a
// sentence. computer may be "".
int secrets_tdb_read(const struct blob *bytes, const char *computer, struct secrets_member *ret,
                     struct err *err);
