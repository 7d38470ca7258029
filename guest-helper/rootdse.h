// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// The one LDAP question of the helper as bytes: a search for the directory's root, and its answer. Pure. The answer
// comes from the network: lengths are capped and checked before anything behind them is read.
//
//     n = rootdse_request(bytes, sizeof bytes);
//     rc = rootdse_answer(bytes, len, &root);    // 0, -EAGAIN: more bytes are needed, -EBADMSG
#pragma once

#include <stddef.h>
#include <stdint.h>

enum { ROOTDSE_REQUEST = 160, ROOTDSE_ANSWER_MAX = 65536, ROOTDSE_GUID = 37 };

struct rootdse {
    char instance[ROOTDSE_GUID]; // objectGUID of the DC's NTDS settings, lower case; "" where it does not say
    uint64_t usn;                // highestCommittedUSN; 0 where it does not say
};

// The number of bytes, at most ROOTDSE_REQUEST.
size_t rootdse_request(unsigned char ret[static ROOTDSE_REQUEST]);

// The first message of an answer. *ret is untouched unless 0 is returned.
int rootdse_answer(const unsigned char *data, size_t len, struct rootdse *ret);

// The GUID of "<GUID=…>;CN=NTDS Settings,…", as a DC writes a name when it is asked for its GUID too: 0 or -EBADMSG.
int rootdse_guid(const char *text, size_t len, char ret[static ROOTDSE_GUID]);
