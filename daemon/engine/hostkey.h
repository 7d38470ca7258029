// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// The host's own key: 32 random bytes in `<state>/host.key` (0600), made at the first start. It keys the fingerprints
// and seals the journal's secrets. Losing it loses the ledger's meaning and the secrets under way, nothing else; that
// the store and the key belong together is hoststate.h's business.
//
//     rc = hostkey_load("/var/lib/virtrust/host.key", &key, &err);
#pragma once

#include "common/err.h"
#include "common/os/seal.h"
#include "daemon/core/types.h"

struct hostkey {
    unsigned char bytes[SEAL_KEY];
};

enum { HOSTKEY_NONE = 1 };

int hostkey_make(const char *path, struct err *err); // 0 also where there is one
// 0, HOSTKEY_NONE when there is no such file, or a negative errno with a sentence.
int hostkey_load(const char *path, struct hostkey *ret, struct err *err);
void hostkey_done(struct hostkey *k);
// HMAC with the host's key of the SHA-256 of a sealed secret object.
void hostkey_fingerprint(const struct hostkey *k, const unsigned char sha256[static HASH],
                         unsigned char ret[static HASH]);
// A value that tells this key from another one, and nothing about it.
int hostkey_check(const struct hostkey *k, unsigned char ret[static HASH]);
