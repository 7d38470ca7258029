// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// seal.h's hashes, by the crypto library's plain functions. What hashes and never seals (virtrustd until its first
// repair, so at rest) is spared the rest of that library: its first use by name brings two megabytes of it into memory.
#define OPENSSL_SUPPRESS_DEPRECATED
#include "common/os/seal.h"

#include <openssl/sha.h>
#include <string.h>

int seal_sha256(const void *data, size_t len, unsigned char ret[static DIGEST])
{
    SHA256_CTX c;

    SHA256_Init(&c);
    SHA256_Update(&c, data, len);
    SHA256_Final(ret, &c);
    return 0;
}

// A pass of RFC 2104: the hash of the padded key and what follows.
static void keyed_pass(const unsigned char key[static SEAL_KEY], unsigned char pad, const void *data,
                       size_t len, unsigned char ret[static DIGEST])
{
    unsigned char block[SHA256_CBLOCK];
    SHA256_CTX c;

    _Static_assert(SEAL_KEY <= SHA256_CBLOCK && DIGEST == SHA256_DIGEST_LENGTH,
                   "a longer key is hashed first");
    memset(block, pad, sizeof block);
    for (size_t i = 0; i < SEAL_KEY; i++)
        block[i] = key[i] ^ pad;
    SHA256_Init(&c);
    SHA256_Update(&c, block, sizeof block);
    SHA256_Update(&c, data, len);
    SHA256_Final(ret, &c);
    secret_wipe(block, sizeof block);
    secret_wipe(&c, sizeof c);
}

int seal_hmac_sha256(const unsigned char key[static SEAL_KEY], const void *data, size_t len,
                     unsigned char ret[static DIGEST])
{
    unsigned char inner[DIGEST];

    keyed_pass(key, 0x36, data, len, inner);
    keyed_pass(key, 0x5c, inner, sizeof inner, ret);
    return 0;
}
