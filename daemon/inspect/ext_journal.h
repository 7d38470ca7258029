// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// The journal of an ext3 or ext4 file system that was not unmounted, which is the normal case for a guest that
// runs or was reverted with its memory: what was committed to it, as a map from block to block. libext2fs does
// not know journals: without this, a keytab written a moment before would be seen as it was before.
//
// Nothing is replayed onto the disk: whoever reads a block asks here first where its newest committed content
// lies. Transactions without their commit block are left out, as the kernel leaves them out. Every block of the
// journal is looked at once at most.
//
//     rc = ext_journal_read(fs, &journal, &err);        // fs: opened without it
//     if (ext_journal_find(journal, block, &copy)) …    // read copy.at instead
#pragma once

#include "common/cleanup.h"
#include "common/err.h"

#include <stdbool.h>
#include <stdint.h>

#include <et/com_err.h>
#include <ext2fs/ext2fs.h>

enum { EXT_JOURNAL_OTHER = 1 }; // a journal of a kind that is not read here: err says which

struct ext_copy {
    uint64_t block; // whose content it is
    uint64_t at;    // the block where that lies
    uint32_t sequence, checksum, order;
    uint32_t flags;
};

struct ext_journal;

// 0, EXT_JOURNAL_OTHER, or a negative errno; with a sentence.
int ext_journal_read(ext2_filsys fs, struct ext_journal **ret, struct err *err);
bool ext_journal_find(const struct ext_journal *j, uint64_t block, struct ext_copy *ret);
// Makes the bytes read at copy->at those of copy->block: false when they are not what was committed.
bool ext_journal_restore(const struct ext_journal *j, const struct ext_copy *copy, void *data);
struct ext_journal *ext_journal_free(struct ext_journal *j); // fine on NULL; returns NULL
DEFINE_CLEANUP(struct ext_journal *, ext_journal_free);
#define _cleanup_ext_journal_ _cleanup_(ext_journal_freep)
