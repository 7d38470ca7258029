// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// What a guest needs of seal.h, by Windows' own CNG: the private key is kept as X, Y and scalar together, since
// BCryptImportKeyPair wants the point, too. Sealing and the host's own key are not for guests.
#include "common/os/seal.h"

#include <windows.h>

#include <bcrypt.h>
#include <errno.h>
#include <string.h>

enum { TO_KEY = 0x01, TAG = 16, NONCE = 12, COORDINATE = 32, PAIR = 3 * COORDINATE };

static const char label[] = "virtrust seal 1";

static void algorithm_close(const BCRYPT_ALG_HANDLE *h)
{
    if (*h)
        BCryptCloseAlgorithmProvider(*h, 0);
}
static void key_destroy(const BCRYPT_KEY_HANDLE *h)
{
    if (*h)
        BCryptDestroyKey(*h);
}
static void agreed_destroy(const BCRYPT_SECRET_HANDLE *h)
{
    if (*h)
        BCryptDestroySecret(*h);
}
#define _cleanup_algorithm_ _cleanup_(algorithm_close)
#define _cleanup_key_ _cleanup_(key_destroy)
#define _cleanup_agreed_ _cleanup_(agreed_destroy)

struct pair_blob {
    BCRYPT_ECCKEY_BLOB head;
    unsigned char numbers[PAIR]; // X, Y and, of a private key, the scalar
};

static int broken(struct err *err, const char *what, NTSTATUS status)
{
    return err_set(err, -EIO, "the crypto library failed at %s (0x%08lx)", what, (unsigned long)status);
}

int seal_random(void *ret, size_t len, struct err *err)
{
    NTSTATUS s = BCryptGenRandom(NULL, ret, (ULONG)len, BCRYPT_USE_SYSTEM_PREFERRED_RNG);

    return BCRYPT_SUCCESS(s) ? 0 : broken(err, "random bytes", s);
}

int seal_sha256(const void *data, size_t len, unsigned char ret[static DIGEST])
{
    _cleanup_algorithm_ BCRYPT_ALG_HANDLE algorithm = NULL;
    BCRYPT_HASH_HANDLE hash = NULL;
    NTSTATUS s = BCryptOpenAlgorithmProvider(&algorithm, BCRYPT_SHA256_ALGORITHM, NULL, 0);

    if (BCRYPT_SUCCESS(s))
        s = BCryptCreateHash(algorithm, &hash, NULL, 0, NULL, 0, 0);
    if (!BCRYPT_SUCCESS(s))
        return -EIO;
    s = BCryptHashData(hash, (PUCHAR)data, (ULONG)len, 0);
    if (BCRYPT_SUCCESS(s))
        s = BCryptFinishHash(hash, ret, DIGEST, 0);
    BCryptDestroyHash(hash);
    return BCRYPT_SUCCESS(s) ? 0 : -EIO;
}

int seal_keygen(struct secret *ret_private, unsigned char ret_public[static SEAL_PUBLIC], struct err *err)
{
    _cleanup_algorithm_ BCRYPT_ALG_HANDLE algorithm = NULL;
    _cleanup_key_ BCRYPT_KEY_HANDLE key = NULL;
    struct pair_blob blob = {0};
    ULONG len = 0;
    NTSTATUS s = BCryptOpenAlgorithmProvider(&algorithm, BCRYPT_ECDH_P256_ALGORITHM, NULL, 0);

    if (BCRYPT_SUCCESS(s))
        s = BCryptGenerateKeyPair(algorithm, &key, 8 * COORDINATE, 0);
    if (BCRYPT_SUCCESS(s))
        s = BCryptFinalizeKeyPair(key, 0);
    if (BCRYPT_SUCCESS(s))
        s = BCryptExportKey(key, NULL, BCRYPT_ECCPRIVATE_BLOB, (PUCHAR)&blob, sizeof blob, &len, 0);
    if (!BCRYPT_SUCCESS(s) || len != sizeof blob || blob.head.cbKey != COORDINATE) {
        secret_wipe(&blob, sizeof blob);
        return broken(err, "making a key", s);
    }
    secret_set(ret_private, blob.numbers, PAIR);
    ret_public[0] = 0x04;
    memcpy(ret_public + 1, blob.numbers, SEAL_PUBLIC - 1);
    secret_wipe(&blob, sizeof blob);
    return 0;
}

static NTSTATUS load(BCRYPT_ALG_HANDLE algorithm, const wchar_t *kind, const unsigned char *numbers,
                     size_t len, BCRYPT_KEY_HANDLE *ret)
{
    struct pair_blob blob = {.head = {.cbKey = COORDINATE}};
    NTSTATUS s;

    blob.head.dwMagic = len == PAIR ? BCRYPT_ECDH_PRIVATE_P256_MAGIC : BCRYPT_ECDH_PUBLIC_P256_MAGIC;
    memcpy(blob.numbers, numbers, len);
    s = BCryptImportKeyPair(algorithm, NULL, kind, ret, (PUCHAR)&blob, (ULONG)(sizeof blob.head + len), 0);
    secret_wipe(&blob, sizeof blob);
    return s;
}

// SHA-256(Z || label || ephemeral || receiver), which is BCRYPT_KDF_HASH with what follows Z appended.
static NTSTATUS derive(BCRYPT_SECRET_HANDLE agreed, const unsigned char ephemeral[static SEAL_PUBLIC],
                       const unsigned char receiver[static SEAL_PUBLIC - 1],
                       unsigned char ret[static SEAL_KEY])
{
    unsigned char append[sizeof label - 1 + 2 * SEAL_PUBLIC];
    BCryptBuffer buffers[] = {
        {sizeof BCRYPT_SHA256_ALGORITHM, KDF_HASH_ALGORITHM, (void *)BCRYPT_SHA256_ALGORITHM},
        {sizeof append, KDF_SECRET_APPEND, append},
    };
    BCryptBufferDesc parameters = {BCRYPTBUFFER_VERSION, ARRAY_SIZE(buffers), buffers};
    unsigned char *at = append;
    ULONG len = 0;

    memcpy(at, label, sizeof label - 1);
    at += sizeof label - 1;
    memcpy(at, ephemeral, SEAL_PUBLIC);
    at += SEAL_PUBLIC;
    *at++ = 0x04;
    memcpy(at, receiver, SEAL_PUBLIC - 1);
    return BCryptDeriveKey(agreed, BCRYPT_KDF_HASH, &parameters, ret, SEAL_KEY, &len, 0);
}

static NTSTATUS agree(const struct secret *private_key, const unsigned char ephemeral[static SEAL_PUBLIC],
                      unsigned char ret[static SEAL_KEY])
{
    _cleanup_algorithm_ BCRYPT_ALG_HANDLE algorithm = NULL;
    _cleanup_key_ BCRYPT_KEY_HANDLE own = NULL, peer = NULL;
    _cleanup_agreed_ BCRYPT_SECRET_HANDLE agreed = NULL;
    NTSTATUS s = BCryptOpenAlgorithmProvider(&algorithm, BCRYPT_ECDH_P256_ALGORITHM, NULL, 0);

    if (BCRYPT_SUCCESS(s))
        s = load(algorithm, BCRYPT_ECCPRIVATE_BLOB, private_key->data, PAIR, &own);
    if (BCRYPT_SUCCESS(s))
        s = load(algorithm, BCRYPT_ECCPUBLIC_BLOB, ephemeral + 1, SEAL_PUBLIC - 1, &peer);
    if (BCRYPT_SUCCESS(s))
        s = BCryptSecretAgreement(own, peer, &agreed, 0);
    return BCRYPT_SUCCESS(s) ? derive(agreed, ephemeral, private_key->data, ret) : s;
}

static NTSTATUS decrypt(const unsigned char key_bytes[static SEAL_KEY], const char *context,
                        const unsigned char *data, size_t len, struct secret *ret)
{
    static unsigned char nonce[NONCE];
    _cleanup_algorithm_ BCRYPT_ALG_HANDLE algorithm = NULL;
    _cleanup_key_ BCRYPT_KEY_HANDLE key = NULL;
    BCRYPT_AUTHENTICATED_CIPHER_MODE_INFO mode;
    ULONG done = 0;
    NTSTATUS s = BCryptOpenAlgorithmProvider(&algorithm, BCRYPT_AES_ALGORITHM, NULL, 0);

    BCRYPT_INIT_AUTH_MODE_INFO(mode);
    mode.pbNonce = nonce;
    mode.cbNonce = NONCE;
    mode.pbAuthData = (PUCHAR)context;
    mode.cbAuthData = (ULONG)strlen(context);
    mode.pbTag = (PUCHAR)data + len;
    mode.cbTag = TAG;
    if (BCRYPT_SUCCESS(s))
        s = BCryptSetProperty(algorithm, BCRYPT_CHAINING_MODE, (PUCHAR)BCRYPT_CHAIN_MODE_GCM,
                              sizeof BCRYPT_CHAIN_MODE_GCM, 0);
    if (BCRYPT_SUCCESS(s))
        s = BCryptGenerateSymmetricKey(algorithm, &key, NULL, 0, (PUCHAR)key_bytes, SEAL_KEY, 0);
    if (BCRYPT_SUCCESS(s))
        s = BCryptDecrypt(key, (PUCHAR)data, (ULONG)len, &mode, NULL, 0, ret->data, SECRET_MAX, &done, 0);
    if (BCRYPT_SUCCESS(s))
        ret->len = done;
    return s;
}

int seal_open(const struct secret *private_key, const char *context, const void *blob, size_t len,
              struct secret *ret, struct err *err)
{
    const unsigned char *b = blob;
    unsigned char key[SEAL_KEY];
    _cleanup_secret_ struct secret opened = {0};
    NTSTATUS s;

    if (len < 1 + SEAL_PUBLIC + TAG || len > SEAL_BLOB_MAX || b[0] != TO_KEY || b[1] != 0x04)
        return err_set(err, -EBADMSG, "this is no blob sealed to a key");
    if (private_key->len != PAIR)
        return err_set(err, -EBADMSG, "the private key is damaged");
    s = agree(private_key, b + 1, key);
    if (!BCRYPT_SUCCESS(s))
        return broken(err, "agreeing on a key", s);
    s = decrypt(key, context, b + 1 + SEAL_PUBLIC, len - 1 - SEAL_PUBLIC - TAG, &opened);
    secret_wipe(key, sizeof key);
    if (!BCRYPT_SUCCESS(s))
        return err_set(err, -EBADMSG,
                       "the sealed blob does not open: altered, or meant for another key or purpose");
    *ret = opened;
    return 0;
}
