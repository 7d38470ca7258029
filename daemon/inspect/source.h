// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// Bytes that are read where they lie, a few at a time: a file inside a guest's file system, or a blob that is
// in memory already. What reads a hive asks for the pages it needs, for reading a SYSTEM of 200 MB whole to
// learn forty bytes of it is what a look would spend most of its time on.
//
// A source is owned by whoever opened it and is read by one thread.
//
//     _cleanup_source_ struct source *s = NULL;
//     rc = source_of_blob(&blob, &s);               // takes the bytes
//     rc = source_read(s, 4096, page, sizeof(page), &err);
#pragma once

#include "daemon/inspect/blob.h"

#include <stdint.h>

struct source;

struct source_ops {
    // Exactly len bytes at offset, which lie within the source's size: 0 or a negative errno with a sentence.
    int (*read)(struct source *s, uint64_t offset, void *ret, size_t len, struct err *err);
    void (*free)(struct source *s);
};

struct source {
    const struct source_ops *ops;
    uint64_t size;       // bytes
    uint64_t bytes_read; // what was asked for so far; a test counts it
};

// Exactly len bytes at offset: 0, -ERANGE with a sentence when the source ends before that, or what the
// source's own read says.
int source_read(struct source *s, uint64_t offset, void *ret, size_t len, struct err *err);
// Takes the blob's bytes (it is empty afterwards, also on failure): 0 or -ENOMEM.
int source_of_blob(struct blob *bytes, struct source **ret);
// Reads a regular file by its descriptor, which it takes (also on failure): 0 or -ENOMEM.
int source_of_fd(int fd, uint64_t size, struct source **ret);
int source_fd(const struct source *s); // that descriptor, borrowed; -1: it reads none

struct source *source_free(struct source *s); // fine on NULL; returns NULL
DEFINE_CLEANUP(struct source *, source_free);
#define _cleanup_source_ _cleanup_(source_freep)
