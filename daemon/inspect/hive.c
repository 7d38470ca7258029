// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/inspect/hive.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

const char *hive_state_name(enum hive_state state)
{
    switch (state) {
    case HIVE_UNKNOWN:
        return NULL;
    case HIVE_CLEAN:
        return "clean";
    case HIVE_DIRTY:
        return "dirty";
    case HIVE_REPLAYED:
        return "replayed";
    case HIVE_DAMAGED:
        return "damaged";
    case HIVE_MISSING:
        return "missing";
    }
    return NULL;
}

void hive_done(struct hive *h)
{
    h->regf.bytes = hive_bytes_free(h->regf.bytes);
}

void hive_damaged(struct hive *h, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    err_setv(&h->reason, 0, format, args);
    va_end(args);
    h->state = HIVE_DAMAGED;
}

// What the base block says of the hive's state, the logs not yet looked at; a block that cannot be believed
// (another format, no hive) is *damaged.
static int read_base(struct source *file, struct hive *ret, struct hive_base *base, struct err *err)
{
    unsigned char block[HIVE_BASE_USED];
    int rc;

    if (file->size < HIVE_BASE_BLOCK)
        return err_set(err, -EBADMSG, "not a registry hive: it has only %" PRIu64 " bytes", file->size);
    rc = source_read(file, 0, block, sizeof block, err);
    if (rc == 0)
        rc = hive_base_read(block, sizeof block, base, err);
    if (rc < 0)
        return rc == -ENOMEM ? rc : -EBADMSG;
    ret->has_base = true;
    ret->seq1 = base->seq1;
    ret->seq2 = base->seq2;
    return 0;
}

// Windows refuses such a hive, or there is more of it than there can be.
static bool is_unreadable(struct hive *h, const struct hive_base *base)
{
    if (base->major != 1)
        hive_damaged(h, "its format is version %" PRIu32 ".%" PRIu32 "; version 1 is understood", base->major,
                     base->minor);
    else if (base->type != HIVE_BASE_FILE)
        hive_damaged(h, "it is the log of a hive, or no hive that lies in a file (type %" PRIu32 ")",
                     base->type);
    else if (base->data_size > HIVE_FILE_MAX - HIVE_BASE_BLOCK)
        hive_damaged(h, "it says it has %" PRIu32 " bytes; at most %d are looked at", base->data_size,
                     HIVE_FILE_MAX);
    return h->state == HIVE_DAMAGED;
}

// The hive is dirty, or its base block is damaged.
static int replay(struct hive *h, struct hive_base *base, struct err *err)
{
    struct hive_replay r = {0};
    bool good = base->checksum_good;
    int rc = hive_replay(h->regf.bytes, base, &r, err);

    if (rc == -ENOMEM)
        return rc;
    if (rc < 0) {
        hive_damaged(h, "%s", err->text);
        return 0;
    }
    h->reason = r.why;
    if (r.applied > 0) {
        h->state = HIVE_REPLAYED;
        h->entries_replayed = r.applied;
        h->log_gap = r.gap;
        is_unreadable(h, base);
    } else if (good) {
        h->state = HIVE_DIRTY;
    } else {
        hive_damaged(h, "the checksum of its base block is wrong, and no log can mend it: %.300s",
                     r.why.text);
    }
    return 0;
}

static void check_bins(struct hive *h)
{
    uint32_t size = hive_bytes_size(h->regf.bytes);
    struct err err = {0};

    hive_bytes_ahead(h->regf.bytes, HIVE_BINS_CHECKED);
    for (uint32_t at = 0; at < size && at < HIVE_BINS_CHECKED;) {
        uint32_t len = 0;
        int rc = regf_bin(&h->regf, at, &len, &err);

        if (rc < 0) {
            hive_damaged(h, "%s", err.text);
            return;
        }
        at += len;
    }
}

int hive_settle(struct hive_files *files, struct hive *ret, struct err *err)
{
    uint64_t size = files->file->size;
    struct hive_base base = {0};
    int rc = read_base(files->file, ret, &base, err);

    if (rc == 0 && base.checksum_good && is_unreadable(ret, &base)) {
        hive_files_done(files);
        return 0;
    }
    if (rc < 0) {
        hive_files_done(files);
        return rc;
    }
    // The size in a damaged base block says nothing; the log's will.
    rc = hive_bytes_new(files, base.checksum_good ? base.data_size : 0, &ret->regf.bytes, err);
    if (rc < 0)
        return rc;
    if (base.checksum_good && base.seq1 == base.seq2)
        ret->state = HIVE_CLEAN;
    else
        rc = replay(ret, &base, err);
    if (ret->state == HIVE_CLEAN && size - HIVE_BASE_BLOCK < base.data_size)
        hive_damaged(ret, "it is cut short: of its %" PRIu64 " bytes only %" PRIu64 " are there",
                     (uint64_t)base.data_size + HIVE_BASE_BLOCK, size);
    ret->regf.root = base.root;
    ret->regf.minor = base.minor;
    if (rc == 0 && hive_readable(ret))
        check_bins(ret);
    return rc;
}
