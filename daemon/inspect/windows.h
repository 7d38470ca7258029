// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// A Windows guest's evidence from its hives, wherever they lie: on a disk or in a directory. They are read where
// they lie, and only as far as is needed.
//
// The set owns its files; hive_set_done({0}) is fine.
//
//     _cleanup_hive_set_ struct hive_set set = {0};
//     hives_dir_read("/tmp/config", &set, &failure);
//     windows_evidence(&set, &e, &failure);
#pragma once

#include "daemon/inspect/evidence.h"

struct hive_set {
    struct hive_files in[HIVE_NAMES]; // .file NULL: missing
};

void hive_set_done(struct hive_set *set);
#define _cleanup_hive_set_ _cleanup_(hive_set_done)

// What stands behind a hive's name in the names of its logs, in the order of struct hive_files.
extern const char *const hive_log_suffixes[HIVE_LOGS]; // ".LOG1" …
// Are the logs of this hive wanted, or is the hive clean?
bool hive_wants_logs(struct source *file);

// Takes the set's files. 0, or -1 with *f: not-a-hive, damaged-hive, no-os (neither SECURITY nor SYSTEM).
int windows_evidence(struct hive_set *set, struct evidence *e, struct failure *f);

// SECURITY, SYSTEM, SOFTWARE, SAM and their logs in a directory, in any case, any of them missing.
// 0, or -1 with *f: no-such-disk, permission, no-os (none of them there).
int hives_dir_read(const char *path, struct hive_set *ret, struct failure *f);
