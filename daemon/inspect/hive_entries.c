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

// The checksum of what follows the head: 0 or a negative errno.
static int hash_body(const struct log *l, uint64_t at, uint32_t size, uint64_t *ret, struct err *err)
{
    _cleanup_free_ unsigned char *piece = malloc(PIECE);
    struct marvin32 m = MARVIN32_START;

    if (!piece)
        return err_set(err, -ENOMEM, "out of memory");
    for (uint32_t done = ENTRY_HEAD; done < size;) {
        uint32_t n = size - done < PIECE ? size - done : PIECE;
        int rc = source_read(l->s, at + done, piece, n, err);

        if (rc < 0)
            return rc;
        marvin32_add(&m, piece, n);
        done += n;
    }
    *ret = marvin32_end(&m);
    return 0;
}

static uint64_t le64(const unsigned char *p)
{
    return le32(p) | (uint64_t)le32(p + 4) << 32;
}

// Every reference has to lie within the hive of that time, and their pages within the entry.
static int check_references(const struct log *l, const struct log_entry *e, uint32_t size, struct err *err)
{
    uint64_t room = size - ENTRY_HEAD - (uint64_t)e->pages * REFERENCE;

    for (uint32_t i = 0; i < e->pages; i++) {
        unsigned char ref[REFERENCE];
        uint32_t to, len;
        int rc = source_read(l->s, e->at + ENTRY_HEAD + (uint64_t)i * REFERENCE, ref, sizeof ref, err);

        if (rc < 0)
            return rc;
        to = le32(ref);
        len = le32(ref + 4);
        if (to % HIVE_SECTOR || len % HIVE_SECTOR || len == 0 || to > e->data_size ||
            len > e->data_size - to || len > room)
            return err_set(err, -EBADMSG, "entry %" PRIu32 " puts %" PRIu32 " bytes to 0x%" PRIx32, e->seq,
                           len, to);
        room -= len;
    }
    return 0;
}

// The entry at this place. 0, -ENODATA for none, -EILSEQ for one whose head is broken, -EBADMSG for one whose head
// only is right, other negative errno; all with a sentence. *ret and *ret_size are filled where there is a head.
static int read_entry(const struct log *l, uint64_t at, struct log_entry *ret, uint32_t *ret_size,
                      struct err *err)
{
    struct marvin32 m = MARVIN32_START;
    unsigned char head[ENTRY_HEAD];
    uint64_t hash = 0;
    uint32_t size;
    int rc;

    if (at + ENTRY_HEAD > l->s->size)
        return -ENODATA;
    rc = source_read(l->s, at, head, sizeof head, err);
    if (rc < 0)
        return rc;
    if (memcmp(head, "HvLE", 4) != 0)
        return -ENODATA;
    size = le32(head + 4);
    *ret = (struct log_entry){
        .at = at, .seq = le32(head + 12), .data_size = le32(head + 16), .pages = le32(head + 20)};
    *ret_size = size;
    marvin32_add(&m, head, 32);
    if (marvin32_end(&m) != le64(head + 32))
        return err_set(err, -EILSEQ, "the head of entry %" PRIu32 " has a wrong checksum", ret->seq);
    if (size < ENTRY_HEAD || size % HIVE_SECTOR || size > l->s->size - at)
        return err_set(err, -EBADMSG, "entry %" PRIu32 " says it has %" PRIu32 " bytes", ret->seq, size);
    if (ret->data_size == 0 || ret->data_size % HIVE_PAGE ||
        ret->data_size > HIVE_FILE_MAX - HIVE_BASE_BLOCK || ret->pages > (size - ENTRY_HEAD) / REFERENCE)
        return err_set(err, -EBADMSG, "entry %" PRIu32 " names impossible sizes", ret->seq);
    rc = hash_body(l, at, size, &hash, err);
    if (rc == 0 && hash != le64(head + 24))
        return err_set(err, -EBADMSG, "entry %" PRIu32 " has a wrong checksum", ret->seq);
    return rc < 0 ? rc : check_references(l, ret, size, err);
}

int log_entries_read(struct log *l, struct err *err)
{
    uint64_t at = l->base.sector;
    size_t room = 0;

    for (;;) {
        struct log_entry e = {0};
        uint32_t size = 0;
        int rc = read_entry(l, at, &e, &size, &l->why);

        if (rc == -ENOMEM)
            return err_set(err, rc, "out of memory");
        // A whole entry that does not follow is left from earlier times, and so is the rest.
        if (rc == -ENODATA || (rc != -EILSEQ && l->count > 0 && e.seq != l->entries[l->count - 1].seq + 1))
            return 0;
        if (rc < 0) {
            l->broken = true;
            return 0;
        }
        if (l->count == room) {
            struct log_entry *more = realloc(l->entries, (room = room ? 2 * room : 64) * sizeof *more);

            if (!more)
                return err_set(err, -ENOMEM, "out of memory");
            l->entries = more;
        }
        l->entries[l->count++] = e;
        at += size;
    }
}

int log_entry_apply(struct hive_bytes *b, const struct log *l, const struct log_entry *e, struct err *err)
{
    uint64_t data = e->at + ENTRY_HEAD + (uint64_t)e->pages * REFERENCE;
    int rc = hive_bytes_resize(b, e->data_size, err);

    for (uint32_t i = 0; i < e->pages && rc == 0; i++) {
        unsigned char ref[REFERENCE];

        rc = source_read(l->s, e->at + ENTRY_HEAD + (uint64_t)i * REFERENCE, ref, sizeof ref, err);
        if (rc == 0)
            rc = hive_bytes_patch(b, le32(ref), le32(ref + 4), l->number, data);
        if (rc == -EBADMSG)
            err_set(err, rc, "entry %" PRIu32 " changed while it was read", e->seq);
        data += le32(ref + 4);
    }
    return rc;
}
