// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// The base block with which a hive begins, and of which each of its logs holds a copy. Pure.
//
//     rc = hive_base_read(bytes, len, &base, &err);
//     if (base.checksum_good && base.seq1 == base.seq2) ...
#pragma once

#include "common/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { HIVE_BASE_USED = 512 }; // bytes of the block that say something

enum hive_base_type { HIVE_BASE_FILE = 0, HIVE_BASE_LOG = 1, HIVE_BASE_LOG_ALSO = 2, HIVE_BASE_LOG_NEW = 6 };

struct hive_base {
    uint32_t seq1, seq2;
    uint64_t written; // FILETIME; newer versions of Windows leave it 0
    uint32_t major, minor;
    uint32_t type;
    uint32_t root;      // the root key's cell
    uint32_t data_size; // of the hive bins behind the base block
    uint32_t sector;    // bytes
    bool checksum_good;
};

// 0, or -EBADMSG with a sentence when this is no base block (too short, no "regf").
int hive_base_read(const void *data, size_t len, struct hive_base *ret, struct err *err);
