// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// An object's replication metadata (replPropertyMetaData, as MS-DRSR lays it out): how often an attribute was written,
// when and at which DC last. Of all that a DC shows it is the one thing that says *where* a password was changed. Pure;
// the bytes are the DC's and are measured before they are read.
//
//     struct meta m;
//     if (meta_find(blob, len, META_UNICODE_PWD, &m) == 0) ...       // m.version, m.changed_us, m.by
#pragma once

#include <stddef.h>
#include <stdint.h>

enum { META_UNICODE_PWD = 0x9005a, META_PWD_LAST_SET = 0x90060, META_BYTES_MAX = 256 * 1024 };

struct meta {
    uint32_t version;
    int64_t changed_us;
    unsigned char by[16]; // the invocation id of the DC at which it was written, as a GUID's bytes
};

// 0, -ENOENT (it was never written), -EBADMSG.
int meta_find(const unsigned char *blob, size_t len, uint32_t attribute, struct meta *ret);
