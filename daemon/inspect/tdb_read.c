// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// The file: a header (magic text, version, number of hash chains, recovery area, features), the head of the list of
// free space, the heads of the chains, then records: a header of six numbers, key, data. Numbers are the writer's
// own, of 32 bits.
#include "daemon/inspect/tdb_read.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum {
    AT_VERSION = 32,
    AT_HASHES = 36,
    AT_LOCKS = 40,
    AT_RECOVERY = 44,
    AT_FEATURES = 60,
    HEADER = 168,
    RECORD = 24, // bytes: next, whole length, key's, data's, hash, magic
};

static const char magic[] = "TDB file\n";
static const uint32_t version = 0x2601196d, magic_record = 0x26011999, magic_dead = 0xfee1dead,
                      magic_recovery = 0xf53bc0e7, locks_1 = 0xbad1a51, locks_2 = 0xbad1a52;

struct tdb {
    const unsigned char *file;
    size_t len;
    bool swapped;
    uint32_t hashes;
};

// The caller has checked that it lies within the file.
static uint32_t number(const struct tdb *t, size_t at)
{
    uint32_t value;

    memcpy(&value, t->file + at, sizeof value);
    return t->swapped ? __builtin_bswap32(value) : value;
}

static int open_tdb(struct tdb *t, struct err *err)
{
    uint32_t recovery, locks;

    if (t->len < HEADER || memcmp(t->file, magic, sizeof magic) != 0)
        return err_set(err, -EBADMSG, "not a tdb file");
    t->swapped = number(t, AT_VERSION) != version;
    if (number(t, AT_VERSION) != version)
        return err_set(err, -EBADMSG, "a tdb file of an unknown version");
    t->hashes = number(t, AT_HASHES);
    if (t->hashes == 0 || t->hashes > TDB_HASHES_MAX || (t->len - HEADER) / 4 < (size_t)t->hashes + 1)
        return err_set(err, -EBADMSG, "it says %u hash chains, which it has no room for", t->hashes);
    locks = number(t, AT_LOCKS);
    if ((locks != 0 && locks != locks_1 && locks != locks_2) ||
        (locks == locks_2 && number(t, AT_FEATURES) != 0))
        return err_set(err, -EBADMSG, "a tdb file with features that are not known here");
    recovery = number(t, AT_RECOVERY);
    if (recovery != 0 && recovery <= t->len - RECORD && number(t, recovery + 20) == magic_recovery)
        return err_set(err, -EBADMSG, "it was left in the middle of a transaction");
    return 0;
}

// One record: 0, TDB_NO_KEY for one that was deleted, -EBADMSG.
static int record_at(const struct tdb *t, uint32_t at, struct tdb_bytes *key, struct tdb_bytes *data,
                     struct err *err)
{
    uint64_t key_len, data_len;
    uint32_t kind;

    if (at < HEADER || at > t->len - RECORD)
        return err_set(err, -EBADMSG, "a record lies beyond its end");
    key_len = number(t, at + 8);
    data_len = number(t, at + 12);
    kind = number(t, at + 20);
    if (kind == magic_dead)
        return TDB_NO_KEY;
    if (kind != magic_record)
        return err_set(err, -EBADMSG, "a record is damaged");
    if (key_len + data_len > t->len - RECORD - at)
        return err_set(err, -EBADMSG, "a record is longer than the file");
    *key = (struct tdb_bytes){t->file + at + RECORD, (size_t)key_len};
    *data = (struct tdb_bytes){t->file + at + RECORD + key_len, (size_t)data_len};
    return 0;
}

int tdb_each(const void *file, size_t len,
             int (*visit)(struct tdb_bytes key, struct tdb_bytes data, void *arg), void *arg, struct err *err)
{
    struct tdb t = {.file = file, .len = len};
    unsigned seen = 0;
    int rc = open_tdb(&t, err);

    for (uint32_t i = 0; rc == 0 && i < t.hashes; i++) {
        // Behind the head of the list of free space.
        for (uint32_t at = number(&t, HEADER + 4 + 4 * (size_t)i); at != 0; at = number(&t, at)) {
            struct tdb_bytes key, data;

            if (++seen > TDB_RECORDS_MAX)
                return err_set(err, -EBADMSG, "it has more than %d records, or a chain that never ends",
                               TDB_RECORDS_MAX);
            rc = record_at(&t, at, &key, &data, err);
            if (rc < 0)
                return rc;
            if (rc == 0 && visit(key, data, arg) != 0)
                return 0;
            rc = 0;
        }
    }
    return rc;
}

struct wish {
    struct tdb_bytes key, found;
};

static int compare(struct tdb_bytes key, struct tdb_bytes data, void *arg)
{
    struct wish *w = arg;

    if (key.len != w->key.len || memcmp(key.at, w->key.at, key.len) != 0)
        return 0;
    w->found = data;
    return 1;
}

int tdb_find(const void *file, size_t len, const void *key, size_t key_len, struct tdb_bytes *ret)
{
    struct wish w = {.key = {key, key_len}};

    if (tdb_each(file, len, compare, &w, NULL) < 0 || !w.found.at)
        return TDB_NO_KEY;
    *ret = w.found;
    return 0;
}
