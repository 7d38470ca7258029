// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// Samba's trivial database, read from memory: its records, and one by its key. libtdb reads files by name only,
// and where a guest's databases are read there are no files. Pure; either byte order; nothing is copied.
//
// Every offset is checked, every chain ends: at most TDB_RECORDS_MAX records are looked at.
//
//     rc = tdb_find(file.data, file.len, "INFO/version", 12, &value);
#pragma once

#include "common/err.h"

#include <stddef.h>

enum { TDB_RECORDS_MAX = 4096, TDB_HASHES_MAX = 1 << 20 };

struct tdb_bytes {
    const unsigned char *at; // within the file
    size_t len;
};

// In the order in which they lie; a visit that is not 0 ends the walk. 0, or -EBADMSG with a sentence: no such
// database, a damaged one, one left in the middle of a transaction, or one with too many records.
int tdb_each(const void *file, size_t len,
             int (*visit)(struct tdb_bytes key, struct tdb_bytes data, void *arg), void *arg,
             struct err *err);
// 0, or TDB_NO_KEY.
enum { TDB_NO_KEY = 1 };
int tdb_find(const void *file, size_t len, const void *key, size_t key_len, struct tdb_bytes *ret);
