// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// wine-agree < QUESTION: a P-256 agreement, for the stand-in of Wine's missing one. The question is X, Y and scalar
// of the own key, X and Y of the other's; the answer is the shared X.
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/obj_mac.h>

#include <stdio.h>

enum { COORDINATE = 32 };

int main(void)
{
    unsigned char question[5 * COORDINATE], z[COORDINATE];
    EC_GROUP *group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
    EC_POINT *peer = EC_POINT_new(group), *shared = EC_POINT_new(group);
    BIGNUM *x, *y, *scalar;
    int good;

    if (fread(question, 1, sizeof question, stdin) != sizeof question)
        return 1;
    scalar = BN_bin2bn(question + 2 * COORDINATE, COORDINATE, NULL);
    x = BN_bin2bn(question + 3 * COORDINATE, COORDINATE, NULL);
    y = BN_bin2bn(question + 4 * COORDINATE, COORDINATE, NULL);
    good = EC_POINT_set_affine_coordinates(group, peer, x, y, NULL) == 1 &&
           EC_POINT_mul(group, shared, NULL, peer, scalar, NULL) == 1 &&
           EC_POINT_get_affine_coordinates(group, shared, x, NULL, NULL) == 1 &&
           BN_bn2binpad(x, z, COORDINATE) == COORDINATE && fwrite(z, 1, sizeof z, stdout) == sizeof z;
    BN_free(scalar);
    BN_free(x);
    BN_free(y);
    EC_POINT_free(peer);
    EC_POINT_free(shared);
    EC_GROUP_free(group);
    return good ? 0 : 1;
}
