// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// Sealing secrets: to a one-use public key of the helper (for the way), and under the host's own key (for the
// journal). Behind this header: seal_openssl.c with seal_hash.c, or seal_bcrypt.c (in guests; chosen by CMake).
// The form of a private key is each platform's own.
//
// To a key: ECDH on P-256 with a fresh ephemeral key; AES-256 key = SHA-256(Z || label || ephemeral public ||
// receiver
// public), Z the 32-byte X coordinate, label "virtrust seal 1" (what BCRYPT_KDF_HASH with a BCRYPT append buffer
// computes, so that Windows 7 and later can open it); AES-256-GCM, 12-byte zero nonce (a key seals once), the
// context as additional data. Blob: 0x01, ephemeral public key (65 bytes, uncompressed), ciphertext, 16-byte tag.
//
// Under a key: 0x02, 12-byte random nonce, ciphertext, tag; AES-256-GCM with the 32-byte host key, context as above.
//
// `context` binds the blob to its purpose (for example the token): opening with another context fails.
//
//     seal_to(pub, "token", &secret, blob, sizeof blob, &blob_len, &err);
#pragma once

#include "common/err.h"
#include "common/secret.h"

#include <stddef.h>

enum {
    SEAL_PUBLIC = 65,  // uncompressed P-256 point: 0x04, X, Y
    SEAL_PRIVATE = 32, // P-256 scalar, big-endian
    SEAL_KEY = 32,
    SEAL_BLOB_MAX = 1 + SEAL_PUBLIC + SECRET_MAX + 16,
    DIGEST = 32,
};

// A fresh one-use pair. 0 or -EIO with a sentence.
int seal_keygen(struct secret *ret_private, unsigned char ret_public[static SEAL_PUBLIC], struct err *err);
// 0, -EINVAL (not a point of the curve), -E2BIG, -EIO.
int seal_to(const unsigned char public_key[static SEAL_PUBLIC], const char *context, const struct secret *s,
            unsigned char ret[static SEAL_BLOB_MAX], size_t *ret_len, struct err *err);
// 0, -EBADMSG (another key or context, or altered), -EIO.
int seal_open(const struct secret *private_key, const char *context, const void *blob, size_t len,
              struct secret *ret, struct err *err);

int seal_under(const unsigned char key[static SEAL_KEY], const char *context, const struct secret *s,
               unsigned char ret[static SEAL_BLOB_MAX], size_t *ret_len, struct err *err);
int seal_open_under(const unsigned char key[static SEAL_KEY], const char *context, const void *blob,
                    size_t len, struct secret *ret, struct err *err);

// Random bytes from the system; never fails softly: 0 or -EIO.
int seal_random(void *ret, size_t len, struct err *err);
int seal_sha256(const void *data, size_t len, unsigned char ret[static DIGEST]);
int seal_hmac_sha256(const unsigned char key[static SEAL_KEY], const void *data, size_t len,
                     unsigned char ret[static DIGEST]);
