// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// A Windows guest's evidence from its hives, wherever they were read: from a disk or from a directory.
//
// The set owns its bytes; hive_set_done({0}) is fine. SECURITY and SYSTEM are held whole; of SOFTWARE and SAM
// the base block is enough, for only their state is told.
//
//     _cleanup_hive_set_ struct hive_set set = {0};
//     hives_dir_read("/tmp/config", &set, &failure);
//     windows_evidence(&set, &e, &failure);
#pragma once

#include "daemon/inspect/evidence.h"

struct hive_input {
    bool present;
    struct blob file, log1, log2;
};

struct hive_set {
    struct hive_input in[HIVE_NAMES];
};

void hive_set_done(struct hive_set *set);
#define _cleanup_hive_set_ _cleanup_(hive_set_done)

// Is the whole file wanted, or only its base block?
static inline bool hive_wanted_whole(enum hive_name name)
{
    return name == HIVE_SECURITY || name == HIVE_SYSTEM;
}

// Takes the set's bytes. 0, or -1 with *f: not-a-hive, damaged-hive, no-os (neither SECURITY nor SYSTEM).
int windows_evidence(struct hive_set *set, struct evidence *e, struct failure *f);

// SECURITY, SYSTEM, SOFTWARE, SAM and their .LOG1 and .LOG2 in a directory, in any case, any of them missing.
// 0, or -1 with *f: no-such-disk, permission, no-os (none of them there).
int hives_dir_read(const char *path, struct hive_set *ret, struct failure *f);
