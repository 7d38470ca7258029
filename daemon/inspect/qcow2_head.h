// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// The head of a qcow2 image (big-endian): does it lead to other files, is it encrypted? Pure.
//
//     rc = qcow2_head_read(bytes, len, &head, &err);
#pragma once

#include "common/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { QCOW2_HEAD = 104, QCOW2_NAME_MAX = 1023 };

struct qcow2_head {
    uint32_t version;
    uint64_t backing_offset; // 0: no backing file
    uint32_t backing_len;
    uint32_t crypt_method; // 0 none, 1 AES, 2 LUKS
    bool external_data;
};

// len may be less than QCOW2_HEAD for a version 2 image of that size. 0, or -EBADMSG with a sentence.
int qcow2_head_read(const void *data, size_t len, struct qcow2_head *ret, struct err *err);
bool qcow2_magic(const void *data, size_t len);
