// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/inspect/hive_log_parts.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const char *const suffixes[HIVE_LOGS] = {".LOG1", ".LOG2", ".LOG"};

struct logs {
    struct log l[HIVE_LOGS];
};

static void logs_done(struct logs *logs)
{
    for (size_t i = 0; i < HIVE_LOGS; i++) {
        for (size_t k = 0; k < logs->l[i].count; k++)
            free(logs->l[i].entries[k].references);
        free(logs->l[i].entries);
    }
}

// Whether a log has the copy of a base block that it should have.
static void read_base(struct log *l)
{
    unsigned char block[HIVE_BASE_USED];
    struct hive_base *base = &l->base;

    if (l->s->size > HIVE_LOG_MAX) {
        err_set(&l->why, 0, "it has %" PRIu64 " bytes", l->s->size);
        return;
    }
    if (l->s->size < sizeof block || source_read(l->s, 0, block, sizeof block, &l->why) < 0 ||
        hive_base_read(block, sizeof block, base, &l->why) < 0) {
        err_set(&l->why, 0, "it does not begin as a log");
        return;
    }
    l->valid = base->checksum_good && base->major == 1 && base->seq1 == base->seq2 &&
               (base->type == HIVE_BASE_LOG || base->type == HIVE_BASE_LOG_ALSO ||
                base->type == HIVE_BASE_LOG_NEW);
    if (!l->valid)
        err_set(&l->why, 0, "its first block is broken");
}

static int read_logs(struct hive_bytes *b, struct log logs[static HIVE_LOGS], struct err *err)
{
    int rc = 0;

    for (unsigned i = 0; i < HIVE_LOGS && rc == 0; i++) {
        struct log *l = &logs[i];

        l->number = i;
        l->s = hive_bytes_log(b, i);
        if (!l->s || l->s->size == 0)
            continue;
        read_base(l);
        if (log_is_new(l))
            rc = log_entries_read(l, err);
    }
    return rc;
}

// The logs of the new format, the one that begins earliest first; returns how many.
static size_t in_order(struct log logs[static HIVE_LOGS], struct log *ret[static HIVE_LOGS])
{
    size_t count = 0;

    for (size_t i = 0; i < HIVE_LOGS; i++) {
        size_t at = count;

        if (!log_is_new(&logs[i]) || (logs[i].count == 0 && !logs[i].broken))
            continue;
        while (at > 0 && logs[i].count > 0 &&
               (ret[at - 1]->count == 0 || seq_before(logs[i].entries[0].seq, ret[at - 1]->entries[0].seq))) {
            ret[at] = ret[at - 1];
            at--;
        }
        ret[at] = &logs[i];
        count++;
    }
    return count;
}

// The base block of a hive whose own is damaged: that of the log from which on the chain is whole.
static bool recover_base(struct log *const order[], size_t count, struct hive_base *base)
{
    const struct log *from = NULL;

    for (size_t i = 0; i < count; i++) {
        if (order[i]->count == 0)
            continue;
        if (!from || order[i]->entries[0].seq != from->entries[from->count - 1].seq + 1)
            from = order[i];
    }
    if (!from)
        return false;
    *base = from->base;
    base->type = HIVE_BASE_FILE;
    return true;
}

// The entries that follow on the hive, out of all logs in order.
static int apply_chain(struct hive_bytes *b, struct log *const order[], size_t count, struct hive_base *base,
                       struct hive_replay *r, struct err *err)
{
    uint32_t next = base->seq2;

    for (size_t i = 0; i < count; i++) {
        const struct log *l = order[i];

        for (size_t k = 0; k < l->count; k++) {
            const struct log_entry *e = &l->entries[k];
            int rc;

            if (seq_before(e->seq, next))
                continue;
            if (e->seq != next) {
                r->gap = true;
                err_set(&r->why, 0,
                        "entry %" PRIu32 " of its logs should be the next, and the next there is %" PRIu32,
                        next, e->seq);
                // Some writers of hives count on without writing the hive: the first one may be any.
                if (r->applied > 0)
                    return 0;
            }
            rc = log_entry_apply(b, l, e, err);
            if (rc < 0)
                return rc;
            r->applied++;
            base->data_size = e->data_size;
            next = e->seq + 1;
        }
        if (l->broken && (l->count == 0 || l->entries[l->count - 1].seq + 1 == next)) {
            r->gap = true;
            err_set(&r->why, 0, "%s breaks off: %.300s", suffixes[l->number], l->why.text);
        }
    }
    return 0;
}

// When the hive was written, as its first bin tells where the base block is damaged.
static uint64_t written_by_bin(struct hive_bytes *b)
{
    unsigned char head[28];
    struct err err = {0};
    uint64_t written = 0;

    if (source_read(hive_bytes_file(b), HIVE_BASE_BLOCK, head, sizeof head, &err) < 0 ||
        memcmp(head, "hbin", 4) != 0)
        return 0;
    for (size_t i = 0; i < 8; i++)
        written |= (uint64_t)head[20 + i] << 8 * i;
    return written;
}

// Does a log of the old format belong to the hive as it is?
static bool old_fits(const struct log *l, const struct hive_base *base, bool base_good, uint64_t written)
{
    if (!l->valid || log_is_new(l) || l->base.written != written)
        return false;
    // Without a time the numbers have to tell.
    return written || (base_good && !seq_before(l->base.seq1, base->seq2));
}

static int apply_old(struct hive_bytes *b, struct log logs[static HIVE_LOGS], struct hive_base *base,
                     struct hive_replay *r, struct err *err)
{
    bool good = base->checksum_good;
    uint64_t written = good ? base->written : written_by_bin(b);
    struct log *best = NULL;
    int rc;

    for (size_t i = 0; i < HIVE_LOGS; i++) {
        if (old_fits(&logs[i], base, good, written) &&
            (!best || seq_before(best->base.seq1, logs[i].base.seq1)))
            best = &logs[i];
    }
    if (!best)
        return 0;
    rc = log_dirt_apply(b, best, &best->why);
    if (rc == -ENOMEM)
        return err_set(err, rc, "out of memory");
    if (rc < 0)
        return 0;
    *base = best->base;
    base->type = HIVE_BASE_FILE;
    r->base_recovered = !good;
    r->applied = 1;
    return 0;
}

// Why nothing was applied.
static void say_why(const struct log logs[static HIVE_LOGS], struct hive_replay *r)
{
    bool any = false;

    for (size_t i = 0; i < HIVE_LOGS; i++)
        any |= logs[i].s && logs[i].s->size > 0;
    if (r->why.text[0])
        return;
    for (size_t i = 0; i < HIVE_LOGS; i++) {
        if (logs[i].s && logs[i].s->size > 0 && logs[i].why.text[0]) {
            err_set(&r->why, 0, "%s is broken: %.300s", suffixes[i], logs[i].why.text);
            return;
        }
    }
    err_set(&r->why, 0, "%s", any ? "its logs hold older changes only" : "its logs are not there");
}

int hive_replay(struct hive_bytes *b, struct hive_base *base, struct hive_replay *ret, struct err *err)
{
    _cleanup_(logs_done) struct logs logs = {0};
    struct hive_replay r = {0};
    struct hive_base now = *base;
    struct log *order[HIVE_LOGS];
    size_t count;
    int rc = read_logs(b, logs.l, err);

    if (rc < 0)
        return rc;
    count = in_order(logs.l, order);
    if (!base->checksum_good)
        r.base_recovered = recover_base(order, count, &now);
    if (base->checksum_good || r.base_recovered)
        rc = apply_chain(b, order, count, &now, &r, err);
    if (rc == 0 && r.applied == 0)
        rc = apply_old(b, logs.l, &now, &r, err);
    if (rc < 0)
        return rc;
    if (r.applied == 0)
        say_why(logs.l, &r);
    else
        *base = now;
    *ret = r;
    return 0;
}
