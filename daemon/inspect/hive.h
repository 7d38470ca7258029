// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// Registry hives as bytes: the base block read by code of our own, and the one place where a hive and its
// logs become the bytes that are read on. Pure.
//
// A hive is dirty when the two sequence numbers of its base block differ: newer data then stands in the .LOG1
// and .LOG2 files beside it. hive_settle() is given those too; while logs are not replayed the state stays
// HIVE_DIRTY and the bytes are the file's own.
//
//     struct hive hive = {0};
//     hive_settle(&file, &log1, &log2, &hive);    // takes file's bytes; hive.state says what they are worth
#pragma once

#include "daemon/inspect/blob.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    HIVE_FILE_MAX = 256 * 1024 * 1024, // bytes; Windows itself stops far below this for the hives read here
    HIVE_BASE_BLOCK = 4096,
};

enum hive_state {
    HIVE_UNKNOWN, // nobody looked
    HIVE_CLEAN,
    HIVE_DIRTY,    // its logs hold newer data
    HIVE_REPLAYED, // the logs' data is in the bytes
    HIVE_DAMAGED,
    HIVE_MISSING,
};
const char *hive_state_name(enum hive_state state); // NULL for HIVE_UNKNOWN

struct hive_base {
    uint32_t seq1, seq2;
    uint32_t major, minor;
    uint32_t data_size; // of the hive bins behind the base block
    bool checksum_good;
};

// The base block: 0, or -EBADMSG with a sentence when this is no hive (too short, no "regf").
int hive_base_read(const void *data, size_t len, struct hive_base *ret, struct err *err);

struct hive {
    struct blob bytes;
    enum hive_state state;
    bool has_base; // seq1, seq2 are known
    uint32_t seq1, seq2;
    uint32_t entries_replayed; // counts in HIVE_REPLAYED
    bool has_logs;             // a log with content lay beside it
    struct err reason;         // of HIVE_DAMAGED
};
void hive_done(struct hive *h);
#define _cleanup_hive_ _cleanup_(hive_done)

// Takes the file's bytes (it is empty afterwards); logs may be empty and are only looked at. Fills *ret,
// which has to be {0}. 0, or -EBADMSG with a sentence when the bytes are no hive at all. A damaged hive is a
// state, no error.
int hive_settle(struct blob *file, const struct blob *log1, const struct blob *log2, struct hive *ret,
                struct err *err);
// Marks the hive damaged (what libhivex said).
void hive_damaged(struct hive *h, const char *format, ...) __attribute__((format(printf, 2, 3)));
