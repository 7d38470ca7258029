// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// lab-seek NEEDLE-FILE PATH...: searches all files below the paths for what NEEDLE-FILE holds (16 to 1024 bytes), or
// for any 24 bytes of it that begin at a multiple of 12 (so a piece of 36 is found wherever it was cut): raw, in
// UTF-16LE, in hexadecimal, and in base64 of the raw and the UTF-16LE form, at each of the three alignments. Other file
// systems mounted below a path are left out. Prints one line a find, "PATH: FORM", and at the end how much was read.
//
// Exit: 0 found nowhere, 1 found, 2 usage or nothing to search (which would be no proof).
#include "common/cleanup.h"

#include <ctype.h>
#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SHORTEST = 16, PIECE = 24, STEP = 12, FORM_MAX = 8 * PIECE, FORMS_MAX = 1024, NEEDLE_MAX = 1024 };

static struct form {
    const char *name;
    size_t len;
    char bytes[FORM_MAX];
} forms[FORMS_MAX];
static size_t n_forms, n_files, n_found;
static unsigned long long n_bytes;

static struct form *form(const char *name)
{
    if (n_forms == FORMS_MAX) {
        fputs("lab-seek: the needle is too long\n", stderr);
        exit(2);
    }
    forms[n_forms].name = name;
    return &forms[n_forms++];
}

static void add_raw(const char *name, const char *data, size_t len)
{
    struct form *f = form(name);

    memcpy(f->bytes, data, len);
    f->len = len;
}

static void add_hex(const char *data, size_t len)
{
    struct form *lower = form("hex"), *upper = form("HEX");

    for (size_t i = 0; i < len; i++)
        snprintf(lower->bytes + 2 * i, 3, "%02x", (unsigned char)data[i]);
    lower->len = upper->len = 2 * len;
    for (size_t i = 0; i < lower->len; i++)
        upper->bytes[i] = (char)toupper((unsigned char)lower->bytes[i]);
}

// The characters that stand for the data alone when `before` bytes precede it: those at its ends depend on what stands
// beside it.
static void add_base64(const char *name, const char *data, size_t len, size_t before)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    struct form *f = form(name);

    for (size_t bit = before * 8; bit < (before + len) * 8; bit++) {
        size_t digit = 0;

        if (bit % 6 || bit + 6 > (before + len) * 8)
            continue;
        for (size_t i = bit - before * 8; i < bit - before * 8 + 6; i++)
            digit = digit << 1 | ((unsigned char)data[i / 8] >> (7 - i % 8) & 1);
        f->bytes[f->len++] = digits[digit];
    }
}

static void add_forms(const char *data, size_t len)
{
    char wide[2 * PIECE] = {0};

    for (size_t i = 0; i < len; i++)
        wide[2 * i] = data[i];
    add_raw("raw", data, len);
    add_raw("UTF-16LE", wide, 2 * len);
    add_hex(data, len);
    for (size_t before = 0; before < 3; before++) {
        add_base64("base64", data, len, before);
        add_base64("base64 of UTF-16LE", wide, 2 * len, before);
    }
}

static void seek_in(const char *path, const char *data, size_t len)
{
    for (size_t i = 0; i < n_forms; i++) {
        if (!memmem(data, len, forms[i].bytes, forms[i].len))
            continue;
        printf("%s: %s\n", path, forms[i].name);
        n_found++;
        return;
    }
}

// Files below /proc tell no size: read until there is no more.
static char *read_whole(const char *path, size_t *ret_len)
{
    FILE *file = fopen(path, "re");
    size_t room = 1 << 16, len = 0;
    char *data = file ? malloc(room) : NULL;

    while (data) {
        size_t n = fread(data + len, 1, room - len, file);
        char *grown = NULL;

        len += n;
        if (n == 0)
            break;
        grown = len == room ? realloc(data, room *= 2) : data;
        if (!grown)
            free(data);
        data = grown;
    }
    if (file)
        fclose(file);
    *ret_len = len;
    return data;
}

static int visit(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    _cleanup_free_ char *data = NULL;
    size_t len = 0;

    (void)ftw;
    if (type != FTW_F || !S_ISREG(st->st_mode))
        return 0;
    data = read_whole(path, &len);
    if (!data) {
        fprintf(stderr, "lab-seek: %s: %s\n", path, strerror(errno));
        exit(2);
    }
    n_files++;
    n_bytes += len;
    seek_in(path, data, len);
    return 0;
}

int main(int argc, char **argv)
{
    _cleanup_free_ char *needle = NULL;
    size_t len = 0, piece;

    needle = argc > 2 ? read_whole(argv[1], &len) : NULL;
    if (!needle || len < SHORTEST || len > NEEDLE_MAX) {
        fputs("usage: lab-seek NEEDLE-FILE PATH..., the needle 16 to 1024 bytes long\n", stderr);
        return 2;
    }
    piece = len < PIECE ? len : PIECE;
    for (size_t at = 0; at + piece <= len; at += STEP)
        add_forms(needle + at, piece);
    for (int i = 2; i < argc; i++) {
        if (nftw(argv[i], visit, 16, FTW_PHYS | FTW_MOUNT) < 0) {
            fprintf(stderr, "lab-seek: %s: %s\n", argv[i], strerror(errno));
            return 2;
        }
    }
    fprintf(stderr, "lab-seek: %zu files, %llu bytes, found in %zu\n", n_files, n_bytes, n_found);
    return n_files == 0 ? 2 : n_found != 0;
}
