// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// Bytes read from a guest: owned, capped by whoever read them, wiped when they go, for some of them are
// secrets.
//
//     _cleanup_blob_ struct blob b = {0};
//     rc = blob_read_fd(fd, HIVE_FILE_MAX, &b, &err);
#pragma once

#include "common/cleanup.h"
#include "common/err.h"

#include <stddef.h>

struct blob {
    unsigned char *data; // NULL when empty
    size_t len;
};

void blob_done(struct blob *b); // wipes and frees; fine on {0}, and twice
#define _cleanup_blob_ _cleanup_(blob_done)

// 0 or -ENOMEM; a copy.
int blob_copy(struct blob *ret, const void *data, size_t len);
// Reads from the descriptor's present place to its end: 0, -EFBIG with a sentence when there is more than
// max, other negative errno.
int blob_read_fd(int fd, size_t max, struct blob *ret, struct err *err);
// A private copy in memory that libraries can open by name (blob_fd_path): a descriptor, or a negative errno.
// blob_fd_close overwrites the copy before it goes.
int blob_fd(const struct blob *b, const char *name, struct err *err);
void blob_fd_close(int fd, size_t len);
enum { BLOB_FD_PATH = 32 };
void blob_fd_path(int fd, char ret[static BLOB_FD_PATH]);
