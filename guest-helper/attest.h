// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// `attest`: shows the host, over its nonce, that this guest holds the machine account's password
// (common/attestation.h). It changes nothing and keeps nothing; where the domain controller does not take the password,
// it says so.
//
//     request: token  guest  nonce  target  dc  fresh=0|1
//     answer:  type=attestation  token  result=done|refused|failed  reason  text  dc  gss  mic
#pragma once

#include "common/attestation.h"
#include "guest-helper/member.h"

// 0 with an answer, -EINVAL with a sentence (the request), other -errno.
int attest_run(const char *root, const struct record *request, struct record **ret, struct err *err);

// ---- the system's, in its own attest.c ----
struct attest_request {
    const struct attestation_claim *claim;
    const char *dc; // NULL: any
    bool fresh;     // a ticket that is got now, not one that lies ready
};

// "done" with *ret, which is then the caller's; else "refused" (what only an administrator changes) or "failed" (it may
// work another time) with a reason and a sentence.
struct attest_end {
    const char *result, *reason;
    char dc[256];
    struct err text;
};
void attest_make(const struct member *m, const struct attest_request *q, struct attestation *ret,
                 struct attest_end *end);
