// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// A registry hive with its transaction logs, made ready for reading: the base block, the replay of what stands in
// the logs only, and the state that tells what the bytes are worth. Pure but for malloc; nothing is written.
//
// A hive is dirty when the two sequence numbers of its base block differ or the block is damaged: newer data then
// stands in the logs beside it, and Windows would apply them when it starts. hive_settle() does the same in memory
// (hive_bytes.h).
//
// The bins with which a hive begins are checked one by one, a small hive's all of them; those of a large hive when
// something in them is read. That would be a reason to call a hive damaged of which the rest is sound, but what
// overwrote one bin has seldom stopped there.
//
//     _cleanup_hive_ struct hive hive = {0};
//     rc = hive_settle(&files, &hive, &err);       // takes the files
//     if (hive_readable(&hive)) rc = regf_root(&hive.regf, &root, &err);
#pragma once

#include "daemon/inspect/hive_log.h"
#include "daemon/inspect/regf.h"

enum { HIVE_BINS_CHECKED = 128 * 1024 }; // bytes

enum hive_state {
    HIVE_UNKNOWN, // nobody looked
    HIVE_CLEAN,
    HIVE_DIRTY,    // its logs should hold newer data, and could not be used: `reason`
    HIVE_REPLAYED, // the logs' data is in the bytes
    HIVE_DAMAGED,  // `reason`
    HIVE_MISSING,
};
const char *hive_state_name(enum hive_state state); // NULL for HIVE_UNKNOWN

struct hive {
    struct regf regf; // .bytes is owned; NULL where nothing can be read
    enum hive_state state;
    bool has_base; // seq1, seq2 are known
    uint32_t seq1, seq2;
    uint32_t entries_replayed; // of HIVE_REPLAYED; a log of the old format counts as one
    bool log_gap;              // of HIVE_REPLAYED: `reason`: what was applied may not be all there was
    struct err reason;
};
void hive_done(struct hive *h);
#define _cleanup_hive_ _cleanup_(hive_done)

// Takes the files (they are {0} afterwards). Fills *ret, which has to be {0}. 0, -EBADMSG with a sentence when the
// file is no hive at all, -ENOMEM. A damaged hive is a state, no error.
int hive_settle(struct hive_files *files, struct hive *ret, struct err *err);
// Marks the hive damaged (what reading it said).
void hive_damaged(struct hive *h, const char *format, ...) __attribute__((format(printf, 2, 3)));

static inline bool hive_readable(const struct hive *h)
{
    return h->state == HIVE_CLEAN || h->state == HIVE_DIRTY || h->state == HIVE_REPLAYED;
}
