// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// May somebody change an object of the directory? An nTSecurityDescriptor (self-relative, MS-DTYP 2.4.6) is evaluated
// for the SIDs of one token, as the directory does it (MS-ADTS 5.1.3): owner first, then the access list in its order,
// the first entry that speaks of a right decides it. Pure; the bytes come from the network, so everything is checked.
//
//     struct secdesc_power p;
//     rc = secdesc_evaluate(bytes, len, &token, false, &p);
//     if (rc == 0 && p.resets) …
#pragma once

#include "common/sid.h"

#include <stdbool.h>
#include <stddef.h>

enum { SECDESC_SIDS_MAX = 1024 };

// The SIDs that somebody is: own, groups, and those that everybody who has logged on is.
struct secdesc_token {
    struct {
        unsigned char bytes[SID_BYTES_MAX];
        size_t len;
    } sids[SECDESC_SIDS_MAX];
    size_t count;
};
// 0, or -E2BIG when there are more than the token holds; -EINVAL: no SID. One that is there already is not added.
int secdesc_token_add(struct secdesc_token *t, const void *sid, size_t len);
int secdesc_token_add_text(struct secdesc_token *t, const char *sid);

// What the token can do with the object itself; with `below` also with what lies, or will lie, below it.
struct secdesc_power {
    bool resets; // the right Reset Password (00299570-…), or all of them
    bool
        writes; // write a property of it: one, a set, or all, validated or not; delete it or children; make one
    bool governs; // change the access list or the owner, or own it: it can give itself everything
    bool copies;  // replicate with secrets (1131f6ad-…), which counts at a domain's head: everybody's keys
};

// 0, or -EBADMSG: no such descriptor. A descriptor without an access list allows everybody everything.
int secdesc_evaluate(const void *bytes, size_t len, const struct secdesc_token *t, bool below,
                     struct secdesc_power *ret);
