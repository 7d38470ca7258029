// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// Names in a hive. They are kept as UTF-16LE or, where every character fits, in one byte each (Latin-1), and
// match without case in every script. Pure.
//
//     regf_name_init(&name, "Policy");
//     if (regf_name_is(&name, bytes, len, latin1)) ...
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { REGF_NAME_CHARS = 255 }; // what Windows allows for a key

// A name that is looked for: its UTF-16 code units in upper case.
struct regf_name {
    uint16_t units[REGF_NAME_CHARS];
    size_t count;
    uint32_t hash; // as in the subkey lists of kind "lh"
};

// From UTF-8: 0, or -EINVAL when it is no UTF-8 or too long.
int regf_name_init(struct regf_name *ret, const char *utf8);
// Bytes of such a name for `count` characters.
static inline size_t regf_name_bytes(const struct regf_name *n, bool latin1)
{
    return latin1 ? n->count : 2 * n->count;
}
bool regf_name_is(const struct regf_name *n, const unsigned char *data, size_t len, bool latin1);
// The hash of a name as it stands in the hive.
uint32_t regf_name_hash(const unsigned char *data, size_t len, bool latin1);
uint16_t regf_upper(uint16_t unit);
// Any name as UTF-8, with a NUL behind it: at most 3 bytes a unit. Lone surrogates become U+FFFD. Returns the
// length.
size_t regf_name_text(const unsigned char *data, size_t len, bool latin1, char *ret);
