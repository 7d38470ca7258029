// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// Sealing: what goes in comes out, only for the right key and context; and the bytes on the wire are those that the
// header describes (the vectors were made with another implementation of ECDH and GCM).
#include "common/os/seal.h"
#include "common/hex.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const char vector_private[] = "81bae876b70513c9decc608eed549977a81afa1c2b6b4080aec256339e792e0f";
static const char vector_to[] =
    "01049a781ca6d055a7f30d0c9ff87936c739f6816ef5f5e72b4b946404b0a1a83b2ac19f842945ea2bf65aa1649b2b02ff79854c"
    "8d5ecf"
    "cd403862e8a97ea66c71c10c8af45e707f124c937ad29936118d554ebb816d193f23b4d13e4373bb";
static const char vector_under[] =
    "02000102030405060708090a0b246da469a086b63be52ee5f8d4d583cdb906d2d7158dfe0f879f8355d9";

static size_t unhex(const char *text, unsigned char *ret)
{
    size_t len = strlen(text) / 2;

    assert_int_equal(hex_decode(text, ret, len), 0);
    return len;
}

static void host_key(unsigned char ret[static SEAL_KEY])
{
    for (int i = 0; i < SEAL_KEY; i++)
        ret[i] = (unsigned char)i;
}

static void opens_the_vectors(void **state)
{
    _cleanup_secret_ struct secret private_key = {.len = SEAL_PRIVATE}, out = {0};
    unsigned char blob[SEAL_BLOB_MAX], key[SEAL_KEY];
    size_t len;

    (void)state;
    host_key(key);
    unhex(vector_private, private_key.data);
    len = unhex(vector_to, blob);
    assert_int_equal(seal_open(&private_key, "token-1", blob, len, &out, NULL), 0);
    assert_string_equal((char *)out.data, "correct horse");
    len = unhex(vector_under, blob);
    assert_int_equal(seal_open_under(key, "token-1", blob, len, &out, NULL), 0);
    assert_int_equal(out.len, 13);
    assert_string_equal((char *)out.data, "correct horse");
}

static void to_a_key_and_back(void **state)
{
    static const size_t sizes[] = {0, 1, 120, SECRET_MAX};
    _cleanup_secret_ struct secret private_key = {0};
    unsigned char public_key[SEAL_PUBLIC], blob[SEAL_BLOB_MAX], again[SEAL_BLOB_MAX];
    size_t len, again_len;

    (void)state;
    assert_int_equal(seal_keygen(&private_key, public_key, NULL), 0);
    for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
        _cleanup_secret_ struct secret in = {0}, out = {0};

        in.len = sizes[i];
        assert_int_equal(seal_random(in.data, in.len, NULL), 0);
        assert_int_equal(seal_to(public_key, "t", &in, blob, &len, NULL), 0);
        assert_true(len <= SEAL_BLOB_MAX);
        assert_int_equal(seal_open(&private_key, "t", blob, len, &out, NULL), 0);
        assert_int_equal(out.len, in.len);
        assert_memory_equal(out.data, in.data, in.len);
        assert_int_equal(seal_to(public_key, "t", &in, again, &again_len, NULL), 0);
        assert_memory_not_equal(blob, again, len); // a fresh ephemeral key each time
    }
}

static void refuses_what_is_not_its_own(void **state)
{
    _cleanup_secret_ struct secret private_key = {0}, other = {0}, in = {0}, out = {0};
    unsigned char public_key[SEAL_PUBLIC], other_public[SEAL_PUBLIC], blob[SEAL_BLOB_MAX];
    struct err err = {0};
    size_t len;

    (void)state;
    secret_set(&in, "secret", 6);
    secret_set(&out, "untouched", 9);
    assert_int_equal(seal_keygen(&private_key, public_key, NULL), 0);
    assert_int_equal(seal_keygen(&other, other_public, NULL), 0);
    assert_int_equal(seal_to(public_key, "right", &in, blob, &len, NULL), 0);
    assert_int_equal(seal_open(&private_key, "wrong", blob, len, &out, &err), -EBADMSG);
    assert_int_equal(seal_open(&other, "right", blob, len, &out, NULL), -EBADMSG);
    assert_true(strlen(err.text) > 0);
    for (size_t i = 0; i < len; i++) { // every byte counts
        blob[i] ^= 0x10;
        assert_int_equal(seal_open(&private_key, "right", blob, len, &out, NULL), -EBADMSG);
        blob[i] ^= 0x10;
    }
    for (size_t cut = 0; cut < len; cut++)
        assert_int_equal(seal_open(&private_key, "right", blob, cut, &out, NULL), -EBADMSG);
    assert_string_equal((char *)out.data, "untouched");
    assert_int_equal(seal_open(&private_key, "right", blob, len, &out, NULL), 0);
}

static void refuses_a_point_off_the_curve(void **state)
{
    unsigned char public_key[SEAL_PUBLIC] = {0x04, 1, 2, 3}, blob[SEAL_BLOB_MAX];
    _cleanup_secret_ struct secret in = {0};
    size_t len = 7;

    (void)state;
    assert_int_equal(seal_to(public_key, "t", &in, blob, &len, NULL), -EINVAL);
    assert_int_equal(len, 7);
}

static void under_a_key(void **state)
{
    unsigned char key[SEAL_KEY], blob[SEAL_BLOB_MAX];
    _cleanup_secret_ struct secret in = {0}, out = {0};
    size_t len;

    (void)state;
    host_key(key);
    in.len = SECRET_MAX;
    memset(in.data, 'x', in.len);
    assert_int_equal(seal_under(key, "account", &in, blob, &len, NULL), 0);
    assert_int_equal(seal_open_under(key, "account", blob, len, &out, NULL), 0);
    assert_memory_equal(in.data, out.data, in.len);
    assert_int_equal(seal_open_under(key, "other", blob, len, &out, NULL), -EBADMSG);
    blob[len - 1] ^= 1;
    assert_int_equal(seal_open_under(key, "account", blob, len, &out, NULL), -EBADMSG);
    blob[len - 1] ^= 1;
    key[0] ^= 1;
    assert_int_equal(seal_open_under(key, "account", blob, len, &out, NULL), -EBADMSG);
    assert_int_equal(seal_open_under(key, "account", blob, 3, &out, NULL), -EBADMSG);
}

static void digests(void **state)
{
    unsigned char sum[DIGEST], key[SEAL_KEY];
    char text[2 * DIGEST + 1];

    (void)state;
    assert_int_equal(seal_sha256("abc", 3, sum), 0);
    hex_encode(sum, DIGEST, text);
    assert_string_equal(text, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    memset(key, 0x0b, sizeof key); // RFC 4231's first key is 20 bytes of 0x0b; HMAC pads with zeros
    memset(key + 20, 0, sizeof key - 20);
    assert_int_equal(seal_hmac_sha256(key, "Hi There", 8, sum), 0);
    hex_encode(sum, DIGEST, text);
    assert_string_equal(text, "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(opens_the_vectors),
        cmocka_unit_test(to_a_key_and_back),
        cmocka_unit_test(refuses_what_is_not_its_own),
        cmocka_unit_test(refuses_a_point_off_the_curve),
        cmocka_unit_test(under_a_key),
        cmocka_unit_test(digests),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
