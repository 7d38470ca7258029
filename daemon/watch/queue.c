// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/watch/queue.h"

#include <errno.h>
#include <string.h>

struct queue {
    struct queue_entry *first, **last;
    struct queue_entry *unsent; // where queue_next begins to look; NULL: at `first`
    size_t count, bytes, in_flight;
    size_t max_count, max_bytes;
    uint64_t seq;
    bool overflowed;
};

struct queue *queue_new(size_t max_count, size_t max_bytes)
{
    struct queue *q = calloc(1, sizeof *q);

    if (!q)
        return NULL;
    q->last = &q->first;
    q->max_count = max_count;
    q->max_bytes = max_bytes;
    return q;
}

static void entry_free(struct queue_entry *e)
{
    free(e->data);
    free(e->spool);
    free(e);
}

struct queue *queue_free(struct queue *q)
{
    if (!q)
        return NULL;
    while (q->first) {
        struct queue_entry *e = q->first;

        q->first = e->next;
        entry_free(e);
    }
    free(q);
    return NULL;
}

// Takes the entry that *link points to out of the list.
static struct queue_entry *unlink_entry(struct queue *q, struct queue_entry **link)
{
    struct queue_entry *e = *link;

    *link = e->next;
    if (q->last == &e->next)
        q->last = link;
    if (q->unsent == e)
        q->unsent = NULL;
    q->count--;
    q->bytes -= e->len;
    q->in_flight -= e->sent;
    return e;
}

void queue_drop_scans(struct queue *q)
{
    for (struct queue_entry **link = &q->first; *link;)
        if ((*link)->scan)
            entry_free(unlink_entry(q, link));
        else
            link = &(*link)->next;
}

static bool is_full(const struct queue *q)
{
    return q->count > q->max_count || q->bytes > q->max_bytes;
}

static void make_room(struct queue *q)
{
    if (!is_full(q))
        return;
    q->overflowed = true;
    queue_drop_scans(q);
    // One is always kept: a queue that holds nothing could not tell of anything.
    while (is_full(q) && q->count > 1)
        entry_free(unlink_entry(q, &q->first));
}

int queue_put(struct queue *q, struct record *r, bool scan, const char *spool)
{
    struct queue_entry *e = calloc(1, sizeof *e);
    int rc;

    if (!e)
        return -ENOMEM;
    record_add_u64(r, "seq", ++q->seq);
    rc = record_encode(r, &e->data, &e->len);
    if (rc == 0 && spool && !(e->spool = strdup(spool)))
        rc = -ENOMEM;
    if (rc < 0) {
        entry_free(e);
        q->overflowed = true;
        return rc;
    }
    e->seq = q->seq;
    e->scan = scan;
    *q->last = e;
    q->last = &e->next;
    q->count++;
    q->bytes += e->len;
    make_room(q);
    return 0;
}

struct queue_entry *queue_next(struct queue *q)
{
    struct queue_entry *e = q->unsent ? q->unsent : q->first;

    while (e && e->sent)
        e = e->next;
    q->unsent = e;
    return e;
}

void queue_sent(struct queue *q, struct queue_entry *e)
{
    q->in_flight += !e->sent;
    e->sent = true;
}

int queue_ack(struct queue *q, uint64_t seq, char **ret_spool)
{
    for (struct queue_entry **link = &q->first; *link; link = &(*link)->next)
        if ((*link)->seq == seq) {
            struct queue_entry *e = unlink_entry(q, link);

            *ret_spool = take(e->spool);
            entry_free(e);
            return 0;
        }
    return -ENOENT;
}

void queue_unsend(struct queue *q)
{
    for (struct queue_entry *e = q->first; e; e = e->next)
        e->sent = false;
    q->in_flight = 0;
    q->unsent = NULL;
}

bool queue_holds_spool(const struct queue *q, const char *spool)
{
    for (const struct queue_entry *e = q->first; e; e = e->next)
        if (e->spool && strcmp(e->spool, spool) == 0)
            return true;
    return false;
}

size_t queue_count(const struct queue *q)
{
    return q->count;
}

size_t queue_in_flight(const struct queue *q)
{
    return q->in_flight;
}

bool queue_overflowed(const struct queue *q)
{
    return q->overflowed;
}

void queue_clear_overflow(struct queue *q)
{
    q->overflowed = false;
}
