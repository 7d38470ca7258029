// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// seal.h's hash for virtrust-inspect alone: by the crypto library's plain function, linked statically. The whole
// library costs a process 0.7 ms when it is loaded, and reads its configuration when it is first asked, which
// the cage forbids.
#define OPENSSL_SUPPRESS_DEPRECATED
#include "common/os/seal.h"

#include <openssl/sha.h>

int seal_sha256(const void *data, size_t len, unsigned char ret[static DIGEST])
{
    SHA256_CTX c;

    SHA256_Init(&c);
    SHA256_Update(&c, data, len);
    SHA256_Final(ret, &c);
    return 0;
}
