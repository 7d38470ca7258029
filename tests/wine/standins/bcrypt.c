// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// Stands where bcrypt.dll is: Wine makes and exports P-256 keys, but cannot agree on a secret with them. The
// agreement is OpenSSL's (wine-agree, by standin.sh), the hash over it Wine's own.
#include "exchange.h"

#include <windows.h>

#include <bcrypt.h>
#include <stdlib.h>
#include <string.h>

enum { COORDINATE = 32 };

struct agreed {
    unsigned char z[COORDINATE];
};

NTSTATUS WINAPI BCryptSecretAgreement(BCRYPT_KEY_HANDLE own, BCRYPT_KEY_HANDLE peer,
                                      BCRYPT_SECRET_HANDLE *ret, ULONG flags)
{
    struct {
        BCRYPT_ECCKEY_BLOB head;
        unsigned char numbers[3 * COORDINATE];
    } private_key = {0}, public_key = {0};
    unsigned char question[5 * COORDINATE];
    struct agreed *a = calloc(1, sizeof *a);
    ULONG len = 0;

    (void)flags;
    if (BCryptExportKey(own, NULL, BCRYPT_ECCPRIVATE_BLOB, (PUCHAR)&private_key, sizeof private_key, &len,
                        0) ||
        BCryptExportKey(peer, NULL, BCRYPT_ECCPUBLIC_BLOB, (PUCHAR)&public_key, sizeof public_key, &len, 0))
        return (NTSTATUS)0xC000000D;
    memcpy(question, private_key.numbers, sizeof private_key.numbers);
    memcpy(question + sizeof private_key.numbers, public_key.numbers, 2 * COORDINATE);
    len = (ULONG)exchange("agree", question, sizeof question, a->z, sizeof a->z);
    SecureZeroMemory(&private_key, sizeof private_key);
    SecureZeroMemory(question, sizeof question);
    *ret = a;
    return len == sizeof a->z ? 0 : (NTSTATUS)0xC000000D;
}

NTSTATUS WINAPI BCryptDestroySecret(BCRYPT_SECRET_HANDLE h)
{
    SecureZeroMemory(h, sizeof(struct agreed));
    free(h);
    return 0;
}

// BCRYPT_KDF_HASH with SHA-256 and what is appended; nothing else is asked for.
NTSTATUS WINAPI BCryptDeriveKey(BCRYPT_SECRET_HANDLE h, LPCWSTR kdf, BCryptBufferDesc *list, PUCHAR ret,
                                ULONG size, ULONG *ret_len, ULONG flags)
{
    struct agreed *a = h;
    BCRYPT_ALG_HANDLE algorithm = NULL;
    BCRYPT_HASH_HANDLE hash = NULL;
    int good = 0;

    (void)flags;
    if (wcscmp(kdf, BCRYPT_KDF_HASH) != 0 || size != 32)
        return (NTSTATUS)0xC000000D;
    BCryptOpenAlgorithmProvider(&algorithm, BCRYPT_SHA256_ALGORITHM, NULL, 0);
    BCryptCreateHash(algorithm, &hash, NULL, 0, NULL, 0, 0);
    BCryptHashData(hash, a->z, sizeof a->z, 0);
    for (ULONG i = 0; i < list->cBuffers; i++) {
        if (list->pBuffers[i].BufferType == KDF_HASH_ALGORITHM)
            good = wcscmp(list->pBuffers[i].pvBuffer, BCRYPT_SHA256_ALGORITHM) == 0;
        else if (list->pBuffers[i].BufferType == KDF_SECRET_APPEND)
            BCryptHashData(hash, list->pBuffers[i].pvBuffer, list->pBuffers[i].cbBuffer, 0);
    }
    BCryptFinishHash(hash, ret, size, 0);
    BCryptDestroyHash(hash);
    BCryptCloseAlgorithmProvider(algorithm, 0);
    *ret_len = size;
    return good ? 0 : (NTSTATUS)0xC000000D;
}
