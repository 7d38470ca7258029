// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// The bytes of a hive behind its base block (the "hive bins data"), a page at a time: each sector comes from the
// hive's own file or, where a transaction log holds a newer one, from that log. Nothing is copied but a few
// pages, so a hive of 200 MB and its logs cost the memory of their map: 8 bytes for each 512 of the hive, and
// only where there is something to replay.
//
// Owns the files that it is given. Offsets are those of the format: from the end of the base block. Pure but
// for malloc; read by one thread.
//
//     rc = hive_bytes_new(&files, base.data_size, &bytes, &err);    // takes the files
//     rc = hive_bytes_read(bytes, 32, cell, sizeof cell, &err);
#pragma once

#include "daemon/inspect/source.h"

#include <stdbool.h>

enum {
    HIVE_FILE_MAX = 256 * 1024 * 1024, // bytes; Windows itself stops far below this for the hives read here
    HIVE_BASE_BLOCK = 4096,
    HIVE_PAGE = 4096,
    HIVE_SECTOR = 512,
    HIVE_LOGS = 3, // .LOG1, .LOG2, .LOG, in this order
};

// A hive and the logs beside it; NULL where there is none.
struct hive_files {
    struct source *file;
    struct source *logs[HIVE_LOGS];
};
void hive_files_done(struct hive_files *f); // fine on {0}, and twice
#define _cleanup_hive_files_ _cleanup_(hive_files_done)

struct hive_bytes;

// Takes the files (they are {0} afterwards, also on failure). 0, -ENOMEM, -EBADMSG with a sentence when size is
// larger than HIVE_FILE_MAX.
int hive_bytes_new(struct hive_files *files, uint32_t size, struct hive_bytes **ret, struct err *err);
struct hive_bytes *hive_bytes_free(struct hive_bytes *b); // fine on NULL; returns NULL
DEFINE_CLEANUP(struct hive_bytes *, hive_bytes_free);
#define _cleanup_hive_bytes_ _cleanup_(hive_bytes_freep)

uint32_t hive_bytes_size(const struct hive_bytes *b);
// Exactly len bytes: 0, -EBADMSG with a sentence when the hive ends before, or what reading the file said.
int hive_bytes_read(struct hive_bytes *b, uint64_t offset, void *ret, size_t len, struct err *err);
// Fetches the first len bytes, as far as there are some, at once; what fails is told when it is read.
void hive_bytes_ahead(struct hive_bytes *b, size_t len);

// For the replay. The file and the logs, still owned by b; and how many bytes of all of them were read.
struct source *hive_bytes_file(struct hive_bytes *b);
struct source *hive_bytes_log(struct hive_bytes *b, unsigned log);
uint64_t hive_bytes_spent(const struct hive_bytes *b);
// The hive is from now on so large: 0, -ENOMEM, -EBADMSG (too large, or cut off so often that it costs too much).
int hive_bytes_resize(struct hive_bytes *b, uint32_t size, struct err *err);
// From now on these bytes come from a log. 0, -ENOMEM, -EBADMSG when they are not whole sectors within the hive.
int hive_bytes_patch(struct hive_bytes *b, uint32_t offset, uint32_t len, unsigned log, uint64_t log_offset);
