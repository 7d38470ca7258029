// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// Nonces for attestations: made here, not by who asks, for one guest each; good once and for ten minutes. Each is a
// file below the state directory (journal.h), and taking it is removing that file: of two who try, one succeeds, also
// across processes.
//
//     rc = nonce_make(dir, "corp.test", guest, text, &failure);
//     enum nonce_state s = nonce_take(dir, "corp.test", guest, text);
#pragma once

#include "common/attestation.h"
#include "daemon/directory/failure.h"

enum { NONCE_S = 600, NONCES_MAX = 1024 };

// Forgets those that are too old. 0, -EBUSY (NONCES_MAX are out) or another negative errno, code `state` or `busy`.
int nonce_make(int dir, const char *domain, const char *guest, char ret[static NONCE_TEXT],
               struct failure *f);

enum nonce_state {
    NONCE_GOOD,
    NONCE_UNKNOWN, // never made here, or taken already
    NONCE_OTHERS,  // made for another guest or another domain; it stays
    NONCE_LATE,
};
// `text` is well-formed (attestation_claim_read).
enum nonce_state nonce_take(int dir, const char *domain, const char *guest, const char *text);
