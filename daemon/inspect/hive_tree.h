// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// A hive's keys by their path and its values as what they are meant to be, with caps, on top of regf.h. Names match
// without case, as Windows does it. Pure but for malloc.
//
//     rc = hive_tree_find(&hive.regf, &key, &err, "Policy", "PolPrDmS");
//     rc = hive_tree_raw(&hive.regf, &key, "", 68, &blob, &err);          // the key's unnamed value
#pragma once

#include "daemon/inspect/regf.h"

enum {
    HIVE_STRING_MAX = 2048,      // bytes of a string value that is looked at
    HIVE_SECRET_MAX = 64 * 1024, // bytes of a secret object; a usual one has 332
    HIVE_TEXT_MAX = 512,         // UTF-8 bytes of a string, NUL included
};

// The key at this path below the root. 0, REGF_NO_SUCH, negative errno with a sentence.
#define hive_tree_find(h, ret, err, ...) hive_tree_walk(h, ret, err, (const char *const[]){__VA_ARGS__, NULL})
int hive_tree_walk(const struct regf *h, struct regf_key *ret, struct err *err, const char *const path[]);
// The value's bytes, whatever its type says; name "" is the unnamed value. 0, REGF_NO_SUCH, negative errno (also
// when it is longer than max).
int hive_tree_raw(const struct regf *h, const struct regf_key *key, const char *name, size_t max,
                  struct blob *ret, struct err *err);
// A string up to its first NUL, whatever stands behind it, as UTF-8. 0, REGF_NO_SUCH, negative errno.
int hive_tree_text(const struct regf *h, const struct regf_key *key, const char *name,
                   char ret[static HIVE_TEXT_MAX], struct err *err);
// A number. 0, REGF_NO_SUCH (also when it has not exactly four bytes), negative errno.
int hive_tree_u32(const struct regf *h, const struct regf_key *key, const char *name, uint32_t *ret,
                  struct err *err);

// UTF-16LE to UTF-8 up to the first NUL, half a character at the end and what does not fit left out; lone
// surrogates and control characters become U+FFFD. Pure.
void utf16_text(const unsigned char *data, size_t len, char ret[static HIVE_TEXT_MAX]);
