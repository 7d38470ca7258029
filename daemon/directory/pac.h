// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// What a ticket says about its owner beside the name: the "logon information" of the PAC that the KDC has put into it
// (MS-PAC 2.5, KERB_VALIDATION_INFO, laid out as NDR lays it out). A name can be given to another object; the RID
// cannot. Pure; the bytes are the KDC's, and are measured all the same.
//
//     struct pac pac;
//     if (pac_read(bytes, len, &pac) == 0) ...        // pac.rid
#pragma once

#include <stddef.h>
#include <stdint.h>

enum { PAC_BYTES_MAX = 64 * 1024 };

struct pac {
    uint32_t rid, primary_group;
    uint64_t password_last_set; // FILETIME: the owner's pwdLastSet when the first ticket was given
};

// 0 or -EBADMSG.
int pac_read(const unsigned char *bytes, size_t len, struct pac *ret);
