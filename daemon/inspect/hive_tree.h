// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// Reading keys and values of a hive through libhivex, with caps and with libhivex's refusals told apart from
// "not there". The tree reads a private copy in memory and never writes.
//
// Names match without case, as Windows does it. Handles of keys are plain numbers, good while the tree lives.
//
//     rc = hive_tree_open(&hive.bytes, &tree, &err);
//     rc = hive_tree_find(tree, &key, &err, "Policy", "PolPrDmS");
//     rc = hive_tree_raw(tree, key, "", 68, &blob, &err);          // the key's unnamed value
#pragma once

#include "daemon/inspect/blob.h"

#include <stdint.h>

enum { HIVE_NO_SUCH = 1 }; // a sound hive without that key or value

enum {
    HIVE_STRING_MAX = 2048,      // bytes of a string value that is looked at
    HIVE_SECRET_MAX = 64 * 1024, // bytes of a secret object; a usual one has 332
    HIVE_TEXT_MAX = 512,         // UTF-8 bytes of a string, NUL included
};

struct hive_tree;

// Copies the bytes. 0, -EBADMSG with a sentence when libhivex refuses the hive, other negative errno.
int hive_tree_open(const struct blob *bytes, struct hive_tree **ret, struct err *err);
struct hive_tree *hive_tree_free(struct hive_tree *t);
DEFINE_CLEANUP(struct hive_tree *, hive_tree_free);
#define _cleanup_hive_tree_ _cleanup_(hive_tree_freep)

typedef uint64_t hive_key;

// The key at this path below the root. 0, HIVE_NO_SUCH, -EBADMSG with a sentence.
#define hive_tree_find(t, ret, err, ...) hive_tree_walk(t, ret, err, (const char *const[]){__VA_ARGS__, NULL})
int hive_tree_walk(struct hive_tree *t, hive_key *ret, struct err *err, const char *const path[]);
// The value's bytes, whatever its type says; name "" is the unnamed value. 0, HIVE_NO_SUCH, -EBADMSG (also
// when it is longer than max).
int hive_tree_raw(struct hive_tree *t, hive_key key, const char *name, size_t max, struct blob *ret,
                  struct err *err);
// A string up to its first NUL, whatever stands behind it, as UTF-8. 0, HIVE_NO_SUCH, -EBADMSG.
int hive_tree_text(struct hive_tree *t, hive_key key, const char *name, char ret[static HIVE_TEXT_MAX],
                   struct err *err);
// A number. 0, HIVE_NO_SUCH (also when it has not exactly four bytes), -EBADMSG.
int hive_tree_u32(struct hive_tree *t, hive_key key, const char *name, uint32_t *ret, struct err *err);

// UTF-16LE to UTF-8 up to the first NUL, half a character at the end and what does not fit left out; lone
// surrogates and control characters become U+FFFD. Pure.
void utf16_text(const unsigned char *data, size_t len, char ret[static HIVE_TEXT_MAX]);
