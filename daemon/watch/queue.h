// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// The signals that virtrustd has not acknowledged yet, in the order in which they happened. They lie encoded in
// memory, with caps. When a cap is reached, signals of scans go first, and all of them at once: a scan with holes
// would tell that guests are gone. Then the oldest go. Either way `overflowed` says that a full scan is owed.
// Pure but for malloc.
//
//     queue_put(q, record, false, NULL);
//     while ((e = queue_next(q))) { send(e); queue_sent(q, e); }
//     queue_ack(q, seq, &spool);
#pragma once

#include "common/record.h"

struct queue;

struct queue_entry {
    uint64_t seq;
    char *data; // the encoded record
    size_t len;
    bool scan;   // part of a scan
    bool sent;   // on this connection
    char *spool; // name of the spool file that goes when this is acknowledged; NULL: none
    struct queue_entry *next;
};

// NULL when out of memory.
struct queue *queue_new(size_t max_count, size_t max_bytes);
struct queue *queue_free(struct queue *q);
DEFINE_CLEANUP(struct queue *, queue_free);

// Numbers the record (adds `seq`) and queues it. 0, -ENOMEM, or record_encode's error: then a scan is owed as well.
int queue_put(struct queue *q, struct record *r, bool scan, const char *spool);
// The oldest that was not sent on this connection, or NULL. Borrowed until the next call that changes the queue.
struct queue_entry *queue_next(struct queue *q);
void queue_sent(struct queue *q, struct queue_entry *e);
// 0, -ENOENT (acknowledged before, or dropped). *ret_spool is the caller's, or NULL.
int queue_ack(struct queue *q, uint64_t seq, char **ret_spool);
// The connection is gone: everything is to be sent again.
void queue_unsend(struct queue *q);
// A new scan makes the signals of an older one worthless.
void queue_drop_scans(struct queue *q);

bool queue_holds_spool(const struct queue *q, const char *spool);
size_t queue_count(const struct queue *q);
size_t queue_in_flight(const struct queue *q);
bool queue_overflowed(const struct queue *q);
void queue_clear_overflow(struct queue *q); // the scan is under way
