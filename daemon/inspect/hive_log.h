// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// Transaction logs of a dirty hive, replayed in memory as Windows would do it at its next start.
//
// A log begins with a copy of the hive's base block. Since Windows 8.1 entries follow ("HvLE"): each has a sequence
// number, two checksums, the size that the hive has from then on, and pages to be put into it. What counts is the
// chain of entries, each one higher than the one before, that begins at the hive's second sequence number or above
// and may run from one log into the other; what follows the chain is left from earlier times. Before that a log held
// one change: a bitmap of sectors ("DIRT") and those sectors; it belongs to the hive when both were written at the
// same time.
//
// A base block whose checksum is wrong is taken from a log.
//
//     rc = hive_replay(bytes, &base, &replay, &err);
//     // replay.applied entries are in the bytes now, base tells the hive's new size
#pragma once

#include "daemon/inspect/hive_base.h"
#include "daemon/inspect/hive_bytes.h"

enum { HIVE_LOG_MAX = 128 * 1024 * 1024 }; // bytes of a log that is looked at

struct hive_replay {
    uint32_t applied;    // entries; a log of the old format counts as one
    bool base_recovered; // the base block came from a log
    bool gap;            // entries before the first, or behind the last, are missing or broken
    struct err why;      // of a gap; or why nothing was applied
};

// The base block may be damaged (checksum_good false), the hive dirty; *base is changed to what it is after the
// replay. 0, also when nothing could be applied; -ENOMEM.
int hive_replay(struct hive_bytes *b, struct hive_base *base, struct hive_replay *ret, struct err *err);
