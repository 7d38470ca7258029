// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// The keys and values of a hive, found where they lie: what is not asked for is not read. Every offset, length
// and count is the guest's word and is checked before it is followed: a cell has to be in use and within the
// hive and its bin, a key has to say that it belongs to the one which led to it, and the numbers of keys have
// to agree. What does not is -EBADMSG with a sentence, never "not there".
//
// A regf borrows its bytes. Keys and values are plain structs, good while the bytes live. Lists that are
// returned are the caller's to free.
//
//     struct regf hive = {.bytes = bytes, .root = base.root, .minor = base.minor};
//     rc = regf_root(&hive, &root, &err);
//     rc = regf_find(&hive, &root, "Policy", &key, &err);         // 0, REGF_NO_SUCH, negative errno
#pragma once

#include "daemon/inspect/hive_bytes.h"
#include "daemon/inspect/regf_name.h"

enum {
    REGF_NO_SUCH = 1, // a sound hive without that key or value

    // Caps.
    REGF_KEYS_MAX = 1 << 20,   // of one list
    REGF_VALUES_MAX = 1 << 16, // of one key
    REGF_DEPTH_MAX = 512,      // keys within keys
    REGF_SCAN_MAX = 256, // a list up to this long is searched by name where its hashes do not show a name
};

struct regf {
    struct hive_bytes *bytes;
    uint32_t root, minor; // of the base block
};

struct regf_key {
    uint32_t at; // its cell
    uint32_t parent, subkeys, subkey_list, values, value_list;
    uint64_t written; // FILETIME of its last change
    uint16_t name_len;
    bool latin1; // how its name is written
};

struct regf_value {
    uint32_t at, type, len, data_at;
    uint16_t name_len;
    bool latin1, in_place; // up to four bytes stand where the offset of others stands
};

// The bin that begins at this place has a sound header: 0 and its length, or a negative errno with a sentence.
int regf_bin(const struct regf *h, uint32_t at, uint32_t *ret_len, struct err *err);

// 0 or a negative errno with a sentence.
int regf_root(const struct regf *h, struct regf_key *ret, struct err *err);
int regf_key(const struct regf *h, uint32_t at, struct regf_key *ret, struct err *err);
// The subkey of that name, in any case; name is UTF-8. 0, REGF_NO_SUCH, negative errno.
int regf_find(const struct regf *h, const struct regf_key *key, const char *name, struct regf_key *ret,
              struct err *err);
// The cells of all subkeys, for regf_key. 0 or a negative errno.
int regf_subkeys(const struct regf *h, const struct regf_key *key, uint32_t **ret, size_t *ret_count,
                 struct err *err);
// The number of keys in the hive, the root among them.
int regf_count(const struct regf *h, size_t *ret, struct err *err);

// The value of that name; "" is the unnamed one. 0, REGF_NO_SUCH, negative errno.
int regf_value(const struct regf *h, const struct regf_key *key, const char *name, struct regf_value *ret,
               struct err *err);
// All values of a key.
int regf_values(const struct regf *h, const struct regf_key *key, struct regf_value **ret, size_t *ret_count,
                struct err *err);
// A value's bytes: 0, -EBADMSG (also when there are more than max), other negative errno.
int regf_data(const struct regf *h, const struct regf_value *value, size_t max, struct blob *ret,
              struct err *err);

// Names as UTF-8, allocated.
int regf_key_name(const struct regf *h, const struct regf_key *key, char **ret, struct err *err);
int regf_value_name(const struct regf *h, const struct regf_value *value, char **ret, struct err *err);
