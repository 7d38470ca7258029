// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// One log of a hive, for hive_log.c: reading its entries (hive_entries.c) or its bitmap (hive_dirt.c).
#pragma once

#include "daemon/inspect/hive_log.h"

// An entry of a chain, checked as far as it can be without the hive.
struct log_entry {
    uint64_t at; // in its log
    uint32_t seq, data_size, pages;
    unsigned char *references; // 8 bytes a page: where it goes, how long it is; owned
};

struct log {
    unsigned number;
    struct source *s;      // the hive's bytes own it
    struct hive_base base; // its copy
    bool valid;            // base is a log's base block
    struct err why;        // why it is not, or why its chain ends
    struct log_entry *entries;
    size_t count;
    bool broken; // the chain ends with an entry that should have been the next
};

// The chain of entries with which the log begins. 0 or -ENOMEM; a broken log is a short chain.
int log_entries_read(struct log *l, struct err *err);
// Puts an entry's pages into the hive: 0, -EBADMSG or -ENOMEM.
int log_entry_apply(struct hive_bytes *b, const struct log *l, const struct log_entry *e, struct err *err);
// Puts the sectors of a log of the old format into the hive: 0, -EBADMSG with a sentence, -ENOMEM.
int log_dirt_apply(struct hive_bytes *b, const struct log *l, struct err *err);

static inline bool log_is_new(const struct log *l)
{
    return l->valid && l->base.type == HIVE_BASE_LOG_NEW;
}

// Is sequence number a before b? They may run over.
static inline bool seq_before(uint32_t a, uint32_t b)
{
    return (int32_t)(a - b) < 0;
}
