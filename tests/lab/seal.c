// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// lab-seal PUBLIC-KEY CONTEXT < SECRET: prints the blob that carries the secret to the holder of the key. The
// laboratory's scripts play the host with it.
#include "common/os/seal.h"
#include "common/hex.h"

#include <stdio.h>
#include <string.h>

int main(int argc, char **argv)
{
    unsigned char key[SEAL_PUBLIC], blob[SEAL_BLOB_MAX];
    _cleanup_secret_ struct secret s = {0};
    char text[2 * SEAL_BLOB_MAX + 1];
    struct err err = {0};
    size_t len = 0;

    if (argc != 3 || strlen(argv[1]) != 2 * SEAL_PUBLIC || hex_decode(argv[1], key, SEAL_PUBLIC) < 0)
        return EXIT_USAGE;
    s.len = fread(s.data, 1, SECRET_MAX, stdin);
    if (seal_to(key, argv[2], &s, blob, &len, &err) < 0) {
        fprintf(stderr, "lab-seal: %s\n", err.text);
        return EXIT_NO_WORK;
    }
    hex_encode(blob, len, text);
    puts(text);
    return 0;
}
