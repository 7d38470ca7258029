// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "common/os/seal.h"

#include <errno.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/obj_mac.h>
#include <openssl/param_build.h>
#include <string.h>
#include <sys/random.h>

enum { TO_KEY = 0x01, UNDER_KEY = 0x02, TAG = 16, NONCE = 12, SHARED = 32 };

static const char label[] = "virtrust seal 1";

DEFINE_CLEANUP(EVP_PKEY *, EVP_PKEY_free);
DEFINE_CLEANUP(EVP_PKEY_CTX *, EVP_PKEY_CTX_free);
DEFINE_CLEANUP(EVP_CIPHER_CTX *, EVP_CIPHER_CTX_free);
DEFINE_CLEANUP(EVP_MD_CTX *, EVP_MD_CTX_free);
DEFINE_CLEANUP(EC_GROUP *, EC_GROUP_free);
DEFINE_CLEANUP(EC_POINT *, EC_POINT_free);
DEFINE_CLEANUP(BIGNUM *, BN_clear_free);
DEFINE_CLEANUP(OSSL_PARAM_BLD *, OSSL_PARAM_BLD_free);
DEFINE_CLEANUP(OSSL_PARAM *, OSSL_PARAM_free);

static int broken(struct err *err, const char *what)
{
    return err_set(err, -EIO, "the crypto library failed at %s", what);
}

int seal_random(void *ret, size_t len, struct err *err)
{
    unsigned char *out = ret;

    while (len > 0) {
        ssize_t n = getrandom(out, len, 0);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return err_set(err, -EIO, "the system gives no random bytes: %s", strerror(errno));
        out += n;
        len -= (size_t)n;
    }
    return 0;
}

// The public point of a private scalar: 0, -EINVAL (no scalar of the curve), -EIO.
static int public_of(const struct secret *private_key, unsigned char ret[static SEAL_PUBLIC])
{
    _cleanup_(EC_GROUP_freep) EC_GROUP *group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
    _cleanup_(EC_POINT_freep) EC_POINT *point = group ? EC_POINT_new(group) : NULL;
    _cleanup_(BN_clear_freep) BIGNUM *scalar = BN_secure_new();

    if (!point || !scalar)
        return -EIO;
    if (private_key->len != SEAL_PRIVATE || !BN_bin2bn(private_key->data, SEAL_PRIVATE, scalar) ||
        BN_is_zero(scalar) || BN_cmp(scalar, EC_GROUP_get0_order(group)) >= 0)
        return -EINVAL;
    BN_set_flags(scalar, BN_FLG_CONSTTIME);
    if (EC_POINT_mul(group, point, scalar, NULL, NULL, NULL) != 1 ||
        EC_POINT_point2oct(group, point, POINT_CONVERSION_UNCOMPRESSED, ret, SEAL_PUBLIC, NULL) !=
            SEAL_PUBLIC)
        return -EIO;
    return 0;
}

// A key object of a public point and, when there is one, its scalar. NULL: no point of the curve, or no memory.
static EVP_PKEY *load(const unsigned char public_key[static SEAL_PUBLIC], const struct secret *private_key)
{
    _cleanup_(OSSL_PARAM_BLD_freep) OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    _cleanup_(EVP_PKEY_CTX_freep) EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    _cleanup_(BN_clear_freep) BIGNUM *scalar = private_key ? BN_secure_new() : NULL;
    _cleanup_(OSSL_PARAM_freep) OSSL_PARAM *params = NULL;
    EVP_PKEY *key = NULL;

    if (!build || !ctx ||
        !OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0) ||
        !OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY, public_key, SEAL_PUBLIC))
        return NULL;
    if (private_key && (!scalar || !BN_bin2bn(private_key->data, (int)private_key->len, scalar) ||
                        !OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_PRIV_KEY, scalar)))
        return NULL;
    params = OSSL_PARAM_BLD_to_param(build);
    if (!params || EVP_PKEY_fromdata_init(ctx) != 1 ||
        EVP_PKEY_fromdata(ctx, &key, private_key ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY, params) != 1)
        return NULL;
    return key;
}

// The X coordinate of the common point: 0 or -EINVAL (the peer's is no point of the curve).
static int agree(EVP_PKEY *own, EVP_PKEY *peer, unsigned char ret[static SHARED])
{
    _cleanup_(EVP_PKEY_CTX_freep) EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, own, NULL);
    size_t len = SHARED;

    if (!ctx || EVP_PKEY_derive_init(ctx) != 1 || EVP_PKEY_derive_set_peer(ctx, peer) != 1 ||
        EVP_PKEY_derive(ctx, ret, &len) != 1 || len != SHARED)
        return -EINVAL;
    return 0;
}

// SHA-256(Z || label || ephemeral || receiver)
static int derive(const unsigned char z[static SHARED], const unsigned char ephemeral[static SEAL_PUBLIC],
                  const unsigned char receiver[static SEAL_PUBLIC], unsigned char ret[static SEAL_KEY])
{
    _cleanup_(EVP_MD_CTX_freep) EVP_MD_CTX *md = EVP_MD_CTX_new();

    return md && EVP_DigestInit_ex(md, EVP_sha256(), NULL) == 1 && EVP_DigestUpdate(md, z, SHARED) == 1 &&
                   EVP_DigestUpdate(md, label, sizeof label - 1) == 1 &&
                   EVP_DigestUpdate(md, ephemeral, SEAL_PUBLIC) == 1 &&
                   EVP_DigestUpdate(md, receiver, SEAL_PUBLIC) == 1 && EVP_DigestFinal_ex(md, ret, NULL) == 1
               ? 0
               : -EIO;
}

// Writes s->len bytes and the tag to ret: 0 or -EIO.
static int encrypt(const unsigned char key[static SEAL_KEY], const unsigned char nonce[static NONCE],
                   const char *context, const struct secret *s, unsigned char *ret)
{
    _cleanup_(EVP_CIPHER_CTX_freep) EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
    int len = 0, more = 0;

    if (!c || EVP_EncryptInit_ex2(c, EVP_aes_256_gcm(), key, nonce, NULL) != 1 ||
        EVP_EncryptUpdate(c, NULL, &len, (const unsigned char *)context, (int)strlen(context)) != 1 ||
        EVP_EncryptUpdate(c, ret, &len, s->data, (int)s->len) != 1 ||
        EVP_EncryptFinal_ex(c, ret + len, &more) != 1 ||
        EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_GET_TAG, TAG, ret + len + more) != 1)
        return -EIO;
    return 0;
}

// `len` bytes of ciphertext and the tag behind them: 0 or -EBADMSG.
static int decrypt(const unsigned char key[static SEAL_KEY], const unsigned char nonce[static NONCE],
                   const char *context, const unsigned char *data, size_t len, struct secret *ret)
{
    _cleanup_(EVP_CIPHER_CTX_freep) EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
    _cleanup_secret_ struct secret s = {0};
    unsigned char tag[TAG];
    int n = 0, more = 0;

    memcpy(tag, data + len, TAG);
    if (!c || EVP_DecryptInit_ex2(c, EVP_aes_256_gcm(), key, nonce, NULL) != 1 ||
        EVP_DecryptUpdate(c, NULL, &n, (const unsigned char *)context, (int)strlen(context)) != 1 ||
        EVP_DecryptUpdate(c, s.data, &n, data, (int)len) != 1 ||
        EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_SET_TAG, TAG, tag) != 1 ||
        EVP_DecryptFinal_ex(c, s.data + n, &more) != 1)
        return -EBADMSG;
    s.len = len;
    *ret = s;
    return 0;
}

int seal_keygen(struct secret *ret_private, unsigned char ret_public[static SEAL_PUBLIC], struct err *err)
{
    _cleanup_secret_ struct secret s = {0};
    int rc;

    // A random scalar that is zero or beyond the curve's order is refused and drawn again (chance 2^-32).
    do {
        s.len = SEAL_PRIVATE;
        rc = seal_random(s.data, SEAL_PRIVATE, err);
        if (rc < 0)
            return rc;
        rc = public_of(&s, ret_public);
    } while (rc == -EINVAL);
    if (rc < 0)
        return broken(err, "making a key");
    *ret_private = s;
    return 0;
}

int seal_to(const unsigned char public_key[static SEAL_PUBLIC], const char *context, const struct secret *s,
            unsigned char ret[static SEAL_BLOB_MAX], size_t *ret_len, struct err *err)
{
    static const unsigned char nonce[NONCE]; // zero: the derived key seals once
    _cleanup_(EVP_PKEY_freep) EVP_PKEY *peer = load(public_key, NULL);
    _cleanup_(EVP_PKEY_freep) EVP_PKEY *own = NULL;
    _cleanup_secret_ struct secret ephemeral = {0};
    unsigned char z[SHARED], key[SEAL_KEY];
    int rc;

    if (!peer)
        return err_set(err, -EINVAL, "the receiver's public key is no point of P-256");
    if (s->len > SECRET_MAX)
        return err_set(err, -E2BIG, "a secret is longer than %d bytes", SECRET_MAX);
    rc = seal_keygen(&ephemeral, ret + 1, err);
    if (rc < 0)
        return rc;
    own = load(ret + 1, &ephemeral);
    rc = own && agree(own, peer, z) == 0 && derive(z, ret + 1, public_key, key) == 0 ? 0 : -EIO;
    if (rc == 0)
        rc = encrypt(key, nonce, context, s, ret + 1 + SEAL_PUBLIC);
    secret_wipe(z, sizeof z);
    secret_wipe(key, sizeof key);
    if (rc < 0)
        return broken(err, "sealing");
    ret[0] = TO_KEY;
    *ret_len = 1 + SEAL_PUBLIC + s->len + TAG;
    return 0;
}

int seal_open(const struct secret *private_key, const char *context, const void *blob, size_t len,
              struct secret *ret, struct err *err)
{
    static const unsigned char nonce[NONCE];
    const unsigned char *b = blob;
    unsigned char z[SHARED], key[SEAL_KEY], public_key[SEAL_PUBLIC];
    _cleanup_(EVP_PKEY_freep) EVP_PKEY *peer = NULL, *own = NULL;
    int rc;

    if (len < 1 + SEAL_PUBLIC + TAG || len > SEAL_BLOB_MAX || b[0] != TO_KEY)
        return err_set(err, -EBADMSG, "this is no blob sealed to a key");
    if (public_of(private_key, public_key) < 0 || !(own = load(public_key, private_key)))
        return broken(err, "loading the private key");
    peer = load(b + 1, NULL);
    if (!peer)
        return err_set(err, -EBADMSG, "the sealed blob's public key is no point of P-256");
    rc = agree(own, peer, z) == 0 && derive(z, b + 1, public_key, key) == 0 ? 0 : -EIO;
    if (rc == 0)
        rc = decrypt(key, nonce, context, b + 1 + SEAL_PUBLIC, len - 1 - SEAL_PUBLIC - TAG, ret);
    secret_wipe(z, sizeof z);
    secret_wipe(key, sizeof key);
    if (rc == -EBADMSG)
        return err_set(err, rc,
                       "the sealed blob does not open: altered, or meant for another key or purpose");
    return rc < 0 ? broken(err, "opening a sealed blob") : 0;
}

int seal_under(const unsigned char key[static SEAL_KEY], const char *context, const struct secret *s,
               unsigned char ret[static SEAL_BLOB_MAX], size_t *ret_len, struct err *err)
{
    int rc;

    if (s->len > SECRET_MAX)
        return err_set(err, -E2BIG, "a secret is longer than %d bytes", SECRET_MAX);
    rc = seal_random(ret + 1, NONCE, err);
    if (rc < 0)
        return rc;
    if (encrypt(key, ret + 1, context, s, ret + 1 + NONCE) < 0)
        return broken(err, "sealing");
    ret[0] = UNDER_KEY;
    *ret_len = 1 + NONCE + s->len + TAG;
    return 0;
}

int seal_open_under(const unsigned char key[static SEAL_KEY], const char *context, const void *blob,
                    size_t len, struct secret *ret, struct err *err)
{
    const unsigned char *b = blob;

    if (len < 1 + NONCE + TAG || len > 1 + NONCE + SECRET_MAX + TAG || b[0] != UNDER_KEY)
        return err_set(err, -EBADMSG, "this is no blob sealed under the host's key");
    if (decrypt(key, b + 1, context, b + 1 + NONCE, len - 1 - NONCE - TAG, ret) < 0)
        return err_set(err, -EBADMSG,
                       "the sealed blob does not open: altered, or sealed under another key or purpose");
    return 0;
}
