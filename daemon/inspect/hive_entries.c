// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/inspect/hive_log_parts.h"
#include "daemon/inspect/marvin32.h"
#include "daemon/inspect/regf_cell.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { ENTRY_HEAD = 40, REFERENCE = 8, PIECE = 64 * 1024 };

static uint64_t le64(const unsigned char *p)
{
    return le32(p) | (uint64_t)le32(p + 4) << 32;
}

// A piece of the log that was read at once; small entries lie in it one behind the other.
struct piece {
    unsigned char *data; // PIECE bytes
    uint64_t at;
    size_t len;
};

// At least `want` bytes at this place, or as many as a piece or the log has: *ret is good until the next call.
static int view(const struct log *l, struct piece *p, uint64_t at, size_t want, const unsigned char **ret,
                size_t *ret_len, struct err *err)
{
    uint64_t left = l->s->size - at;

    if (want > PIECE)
        want = PIECE;
    if (want > left)
        want = (size_t)left;
    if (at < p->at || at - p->at > p->len || p->len - (at - p->at) < want) {
        size_t len = left < PIECE ? (size_t)left : PIECE;
        int rc = source_read(l->s, at, p->data, len, err);

        p->len = 0;
        if (rc < 0)
            return rc;
        p->at = at;
        p->len = len;
    }
    *ret = p->data + (at - p->at);
    *ret_len = p->len - (size_t)(at - p->at);
    return 0;
}

// The checksum of what follows the head: 0 or a negative errno.
static int hash_body(const struct log *l, uint64_t at, uint32_t size, struct piece *p, uint64_t *ret,
                     struct err *err)
{
    struct marvin32 m = MARVIN32_START;

    for (uint32_t done = ENTRY_HEAD; done < size;) {
        const unsigned char *data = NULL;
        size_t n = 0;
        int rc = view(l, p, at + done, size - done, &data, &n, err);

        if (rc < 0)
            return rc;
        if (n > size - done)
            n = size - done;
        n -= n % 4;
        marvin32_add(&m, data, n);
        done += (uint32_t)n;
    }
    *ret = marvin32_end(&m);
    return 0;
}

// Takes the references over; each has to lie within the hive of that time, and their pages within the entry.
static int read_references(const struct log *l, struct piece *p, struct log_entry *e, uint32_t size,
                           struct err *err)
{
    size_t len = (size_t)e->pages * REFERENCE, n = 0;
    _cleanup_free_ unsigned char *refs = malloc(len + 1);
    uint64_t room = size - ENTRY_HEAD - len;
    const unsigned char *data = NULL;
    int rc;

    if (!refs)
        return err_set(err, -ENOMEM, "out of memory");
    for (size_t done = 0; done < len; done += n) {
        rc = view(l, p, e->at + ENTRY_HEAD + done, len - done, &data, &n, err);
        if (rc < 0)
            return rc;
        n = n < len - done ? n : len - done;
        memcpy(refs + done, data, n);
    }
    for (uint32_t i = 0; i < e->pages; i++) {
        uint32_t to = le32(refs + (size_t)i * REFERENCE), bytes = le32(refs + (size_t)i * REFERENCE + 4);

        if (to % HIVE_SECTOR || bytes % HIVE_SECTOR || bytes == 0 || to > e->data_size ||
            bytes > e->data_size - to || bytes > room)
            return err_set(err, -EBADMSG, "entry %" PRIu32 " puts %" PRIu32 " bytes to 0x%" PRIx32, e->seq,
                           bytes, to);
        room -= bytes;
    }
    e->references = take(refs);
    return 0;
}

// What the head says, its checksum being right: could it be?
static int check_head(const struct log *l, const struct log_entry *e, uint32_t size, struct err *err)
{
    if (size < ENTRY_HEAD || size % HIVE_SECTOR || size > l->s->size - e->at)
        return err_set(err, -EBADMSG, "entry %" PRIu32 " says it has %" PRIu32 " bytes", e->seq, size);
    // Each page has a sector at least.
    if (e->data_size == 0 || e->data_size % HIVE_PAGE || e->data_size > HIVE_FILE_MAX - HIVE_BASE_BLOCK ||
        e->pages > size / HIVE_SECTOR || (uint64_t)e->pages * REFERENCE > size - ENTRY_HEAD)
        return err_set(err, -EBADMSG, "entry %" PRIu32 " names impossible sizes", e->seq);
    return 0;
}

// The entry at this place. 0, -ENODATA for none, -EILSEQ for one whose head is broken, -EBADMSG for one whose head
// only is right, other negative errno; all with a sentence. *ret and *ret_size are filled where there is a head; a
// good entry's references are the caller's.
static int read_entry(const struct log *l, uint64_t at, struct piece *p, struct log_entry *ret,
                      uint32_t *ret_size, struct err *err)
{
    struct marvin32 m = MARVIN32_START;
    unsigned char head[ENTRY_HEAD];
    const unsigned char *data = NULL;
    uint64_t hash = 0;
    size_t n = 0;
    int rc;

    if (at + ENTRY_HEAD > l->s->size)
        return -ENODATA;
    rc = view(l, p, at, ENTRY_HEAD, &data, &n, err);
    if (rc < 0)
        return rc;
    memcpy(head, data, sizeof head);
    if (memcmp(head, "HvLE", 4) != 0)
        return -ENODATA;
    *ret_size = le32(head + 4);
    *ret = (struct log_entry){
        .at = at, .seq = le32(head + 12), .data_size = le32(head + 16), .pages = le32(head + 20)};
    marvin32_add(&m, head, 32);
    if (marvin32_end(&m) != le64(head + 32))
        return err_set(err, -EILSEQ, "the head of entry %" PRIu32 " has a wrong checksum", ret->seq);
    rc = check_head(l, ret, *ret_size, err);
    if (rc == 0)
        rc = hash_body(l, at, *ret_size, p, &hash, err);
    if (rc == 0 && hash != le64(head + 24))
        return err_set(err, -EBADMSG, "entry %" PRIu32 " has a wrong checksum", ret->seq);
    return rc < 0 ? rc : read_references(l, p, ret, *ret_size, err);
}

static int add_entry(struct log *l, struct log_entry *e, struct err *err)
{
    struct log_entry *more = realloc(l->entries, (l->count + 1) * sizeof *more);

    if (!more) {
        free(e->references);
        return err_set(err, -ENOMEM, "out of memory");
    }
    l->entries = more;
    l->entries[l->count++] = *e;
    return 0;
}

int log_entries_read(struct log *l, struct err *err)
{
    _cleanup_free_ unsigned char *data = malloc(PIECE);
    struct piece p = {.data = data};
    uint64_t at = l->base.sector;
    int added = 0;

    if (!data)
        return err_set(err, -ENOMEM, "out of memory");
    while (added == 0) {
        struct log_entry e = {0};
        uint32_t size = 0;
        int rc = read_entry(l, at, &p, &e, &size, &l->why);

        if (rc == -ENOMEM)
            return err_set(err, rc, "out of memory");
        // A whole entry that does not follow is left from earlier times, and so is the rest.
        if (rc == -ENODATA || (rc != -EILSEQ && l->count > 0 && e.seq != l->entries[l->count - 1].seq + 1)) {
            free(e.references);
            return 0;
        }
        if (rc < 0) {
            l->broken = true;
            return 0;
        }
        added = add_entry(l, &e, err);
        at += size;
    }
    return added;
}

int log_entry_apply(struct hive_bytes *b, const struct log *l, const struct log_entry *e, struct err *err)
{
    uint64_t data = e->at + ENTRY_HEAD + (uint64_t)e->pages * REFERENCE;
    int rc = hive_bytes_resize(b, e->data_size, err);

    for (uint32_t i = 0; i < e->pages && rc == 0; i++) {
        const unsigned char *ref = e->references + (size_t)i * REFERENCE;

        rc = hive_bytes_patch(b, le32(ref), le32(ref + 4), l->number, data);
        if (rc < 0)
            err_set(err, rc, "entry %" PRIu32 " cannot be applied", e->seq);
        data += le32(ref + 4);
    }
    return rc;
}
