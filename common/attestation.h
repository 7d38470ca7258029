// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// Proof of possession, as guest and host know it: the guest opens a Kerberos (GSS-API) context of its machine account
// for virtrust's own service principal, and signs with that context's key a statement which says for whom and over
// which nonce. A ticket that was got for something else, the token of another guest and the token of yesterday do not
// sign this statement.
//
// What comes from a guest is measured here before anybody looks into it. A struct attestation owns its bytes. Pure.
//
//     _cleanup_attestation_ struct attestation a = {0};
//     rc = attestation_read(record, &a, &err);              // a.gss, a.mic
//     attestation_statement(&claim, text);                  // what a.mic has to sign
#pragma once

#include "common/err.h"
#include "common/record.h"

#include <stddef.h>
#include <stdlib.h>

enum {
    NONCE = 32,
    NONCE_TEXT = 2 * NONCE + 1,
    // A ticket grows with its owner's groups; Windows itself stops at 48,000 bytes.
    ATTESTATION_GSS_MAX = 64 * 1024,
    ATTESTATION_MIC_MAX = 256,
    ATTESTATION_TARGET = 300,
    ATTESTATION_GUEST = 37,
    STATEMENT_TEXT = 1024,
};

// For whom: the guest (libvirt's UUID), the nonce in hexadecimal digits, the service principal with its realm.
struct attestation_claim {
    char guest[ATTESTATION_GUEST], nonce[NONCE_TEXT], target[ATTESTATION_TARGET];
};

struct attestation {
    unsigned char *gss, *mic;
    size_t gss_len, mic_len;
};

void attestation_done(struct attestation *a);
#define _cleanup_attestation_ _cleanup_(attestation_done)

// guest, nonce and target of a request or a challenge: 0, or -EINVAL with a sentence that names the key.
int attestation_claim_read(const struct record *r, struct attestation_claim *ret, struct err *err);
// gss and mic: 0, -EINVAL (missing, no hexadecimal digits, too long) or -ENOMEM.
int attestation_read(const struct record *r, struct attestation *ret, struct err *err);
void attestation_add(struct record *r, const struct attestation *a);

// The signed text, whose length without its NUL is returned.
size_t attestation_statement(const struct attestation_claim *c, char ret[static STATEMENT_TEXT]);
