// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// The journal is a ring of blocks in a file: descriptors, each followed by the copies that it names, revocations,
// and a commit block behind each transaction; all numbers big-endian. The superblock tells where the oldest
// transaction that may still be needed begins, and its sequence number; the first block that does not carry on
// the sequence is the end.
#include "daemon/inspect/ext_journal.h"

#include <errno.h>
#include <string.h>

enum {
    HEADER = 12,          // bytes of each block of the journal's own: magic, kind, sequence
    TAIL = 4,             // a checksum at the end of such a block
    COPIES_MAX = 1 << 18, // 1 GiB of 4096-byte blocks, the largest journal that mkfs makes
    UUID = 16,
};
enum kind { DESCRIPTOR = 1, COMMIT = 2, REVOKE = 5 };
enum feature {
    HAS_REVOKE = 0x1,
    HAS_64BIT = 0x2,
    HAS_ASYNC_COMMIT = 0x4,
    HAS_CHECKSUM_2 = 0x8,
    HAS_CHECKSUM_3 = 0x10,
};
enum flag { ESCAPED = 1, SAME_UUID = 2, LAST = 8 };

static const uint32_t magic = 0xc03b3998;

struct revocation {
    uint64_t block;
    uint32_t sequence;
};

struct ext_journal {
    ext2_filsys fs; // while it is being read
    ext2_ino_t inode;
    uint32_t block_size, first, end, start, sequence;
    uint32_t features, seed;
    struct ext_copy *copies; // sorted by block when reading is over, one a block
    size_t count, room;
    struct revocation *revoked;
    size_t revoked_count, revoked_room;
};

static uint32_t big32(const unsigned char *from)
{
    return (uint32_t)from[0] << 24 | (uint32_t)from[1] << 16 | (uint32_t)from[2] << 8 | (uint32_t)from[3];
}

// Is sequence a behind b? They wrap.
static bool later(uint32_t a, uint32_t b)
{
    return (int32_t)(a - b) > 0;
}

static bool has_checksums(const struct ext_journal *j)
{
    return j->features & (HAS_CHECKSUM_2 | HAS_CHECKSUM_3);
}

// Where a block of the journal lies on the disk: 0, or a negative errno with a sentence.
static int place_of(const struct ext_journal *j, uint32_t block, uint64_t *ret, struct err *err)
{
    blk64_t at = 0;
    errcode_t code = ext2fs_bmap2(j->fs, j->inode, NULL, NULL, 0, block, NULL, &at);

    if (code || at == 0)
        return err_set(err, -EIO, "block %u of its journal cannot be found", block);
    *ret = at;
    return 0;
}

static int read_block(const struct ext_journal *j, uint32_t block, unsigned char *ret, struct err *err)
{
    uint64_t at;
    int rc = place_of(j, block, &at, err);

    if (rc == 0 && io_channel_read_blk64(j->fs->io, at, 1, ret))
        rc = err_set(err, -EIO, "block %u of its journal cannot be read", block);
    return rc;
}

static uint32_t next_of(const struct ext_journal *j, uint32_t block)
{
    return block + 1 < j->end ? block + 1 : j->first;
}

static int read_superblock(struct ext_journal *j, unsigned char *block, struct err *err)
{
    int rc = read_block(j, 0, block, err);
    uint32_t kind;

    if (rc < 0)
        return rc;
    kind = big32(block + 4);
    if (big32(block) != magic || (kind != 3 && kind != 4))
        return err_set(err, -EIO, "its journal has no superblock");
    j->end = big32(block + 0x10);
    j->first = big32(block + 0x14);
    j->sequence = big32(block + 0x18);
    j->start = big32(block + 0x1c);
    j->features = kind == 4 ? big32(block + 0x28) : 0;
    if (j->features &
        ~(uint32_t)(HAS_REVOKE | HAS_64BIT | HAS_ASYNC_COMMIT | HAS_CHECKSUM_2 | HAS_CHECKSUM_3))
        return err_set(err, EXT_JOURNAL_OTHER, "ext4 with a journal of unknown features");
    if (big32(block + 0x0c) != j->block_size || j->first == 0 || j->end > COPIES_MAX || j->first >= j->end ||
        (j->start != 0 && (j->start < j->first || j->start >= j->end)))
        return err_set(err, -EIO, "its journal has impossible sizes");
    j->seed = ext2fs_crc32c_le(~0U, block + 0x30, UUID);
    return 0;
}

// A block of the journal's own, its checksum being its last bytes.
static bool is_whole(const struct ext_journal *j, unsigned char *block)
{
    unsigned char *tail = block + j->block_size - TAIL;
    uint32_t said = big32(tail), is;

    if (!has_checksums(j))
        return true;
    memset(tail, 0, TAIL);
    is = ext2fs_crc32c_le(j->seed, block, j->block_size);
    return is == said;
}

static size_t tag_size(const struct ext_journal *j)
{
    if (j->features & HAS_CHECKSUM_3)
        return 16;
    return 8 + (j->features & HAS_64BIT ? 4 : 0) + (j->features & HAS_CHECKSUM_2 ? 2 : 0);
}

static void read_tag(const struct ext_journal *j, const unsigned char *tag, struct ext_copy *ret)
{
    bool third = j->features & HAS_CHECKSUM_3;

    ret->block = big32(tag);
    if (j->features & HAS_64BIT)
        ret->block |= (uint64_t)big32(tag + 8) << 32;
    ret->flags = third ? big32(tag + 4) : big32(tag + 4) & 0xffff;
    ret->checksum = third ? big32(tag + 12) : big32(tag + 4) >> 16;
}

// Makes room for one more.
static int room_for(void **array, size_t count, size_t *room, size_t size, struct err *err)
{
    size_t larger = *room ? *room * 2 : 64;
    void *more;

    if (count < *room)
        return 0;
    more = count < COPIES_MAX ? realloc(*array, larger * size) : NULL;
    if (!more)
        return err_set(err, -ENOMEM, "its journal needs more memory than a look may take");
    *array = more;
    *room = larger;
    return 0;
}

// The copies that a descriptor names; *at is the block behind them then.
static int read_descriptor(struct ext_journal *j, const unsigned char *block, uint32_t sequence, uint32_t *at,
                           struct err *err)
{
    size_t size = tag_size(j), end = j->block_size - (has_checksums(j) ? TAIL : 0);
    uint32_t flags = 0;

    for (size_t i = HEADER; !(flags & LAST) && i + size <= end; i += size + (flags & SAME_UUID ? 0 : UUID)) {
        int rc = room_for((void **)&j->copies, j->count, &j->room, sizeof *j->copies, err);
        struct ext_copy *copy;

        if (rc < 0)
            return rc;
        copy = &j->copies[j->count];
        *copy = (struct ext_copy){.sequence = sequence, .order = (uint32_t)j->count};
        read_tag(j, block + i, copy);
        flags = copy->flags;
        rc = place_of(j, *at, &copy->at, err);
        if (rc < 0)
            return rc;
        j->count++;
        *at = next_of(j, *at);
    }
    return 0;
}

static int read_revocations(struct ext_journal *j, const unsigned char *block, uint32_t sequence,
                            struct err *err)
{
    size_t size = j->features & HAS_64BIT ? 8 : 4, used = big32(block + HEADER);

    if (used > j->block_size - (has_checksums(j) ? TAIL : 0))
        return err_set(err, -EIO, "its journal has a damaged revocation");
    for (size_t i = HEADER + 4; i + size <= used; i += size) {
        int rc = room_for((void **)&j->revoked, j->revoked_count, &j->revoked_room, sizeof *j->revoked, err);

        if (rc < 0)
            return rc;
        j->revoked[j->revoked_count++] = (struct revocation){
            .block = size == 8 ? (uint64_t)big32(block + i) << 32 | big32(block + i + 4) : big32(block + i),
            .sequence = sequence,
        };
    }
    return 0;
}

// From the oldest transaction to the last one that is whole; what an unfinished one named is dropped again.
static int walk(struct ext_journal *j, unsigned char *block, struct err *err)
{
    uint32_t at = j->start, sequence = j->sequence;
    size_t copies = 0, revoked = 0;

    for (uint32_t steps = 0; steps < j->end; steps++) {
        int rc = read_block(j, at, block, err);
        uint32_t kind;

        if (rc < 0)
            return rc;
        if (big32(block) != magic || big32(block + 8) != sequence)
            break;
        kind = big32(block + 4);
        at = next_of(j, at);
        if (kind == COMMIT) {
            copies = j->count;
            revoked = j->revoked_count;
            sequence++;
            continue;
        }
        if ((kind != DESCRIPTOR && kind != REVOKE) || !is_whole(j, block))
            break;
        rc = kind == DESCRIPTOR ? read_descriptor(j, block, sequence, &at, err)
                                : read_revocations(j, block, sequence, err);
        if (rc < 0)
            return rc;
    }
    j->count = copies;
    j->revoked_count = revoked;
    return 0;
}

static int by_block(const void *a, const void *b)
{
    const struct ext_copy *x = a, *y = b;

    if (x->block != y->block)
        return x->block < y->block ? -1 : 1;
    return x->order < y->order ? -1 : x->order > y->order;
}

static int by_revoked(const void *a, const void *b)
{
    const struct revocation *x = a, *y = b;

    if (x->block != y->block)
        return x->block < y->block ? -1 : 1;
    return later(y->sequence, x->sequence) ? -1 : later(x->sequence, y->sequence);
}

// Was it revoked by its own or a later transaction?
static bool is_revoked(const struct ext_journal *j, const struct ext_copy *copy)
{
    size_t low = 0, high = j->revoked_count;

    // Behind the last revocation of this block, which is its latest.
    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (j->revoked[middle].block <= copy->block)
            low = middle + 1;
        else
            high = middle;
    }
    return low > 0 && j->revoked[low - 1].block == copy->block &&
           !later(copy->sequence, j->revoked[low - 1].sequence);
}

// Of each block its last copy, unless that is revoked.
static void settle(struct ext_journal *j)
{
    size_t kept = 0;

    if (j->revoked_count > 0)
        qsort(j->revoked, j->revoked_count, sizeof *j->revoked, by_revoked);
    if (j->count > 0)
        qsort(j->copies, j->count, sizeof *j->copies, by_block);
    for (size_t i = 0; i < j->count; i++) {
        if (i + 1 < j->count && j->copies[i + 1].block == j->copies[i].block)
            continue;
        if (!is_revoked(j, &j->copies[i]))
            j->copies[kept++] = j->copies[i];
    }
    j->count = kept;
}

int ext_journal_read(ext2_filsys fs, struct ext_journal **ret, struct err *err)
{
    _cleanup_ext_journal_ struct ext_journal *j = calloc(1, sizeof *j);
    _cleanup_free_ unsigned char *block = malloc(fs->blocksize);
    int rc;

    if (!j || !block)
        return err_set(err, -ENOMEM, "out of memory");
    if (fs->super->s_journal_inum == 0)
        return err_set(err, EXT_JOURNAL_OTHER, "ext4 with its journal on another disk");
    j->fs = fs;
    j->inode = fs->super->s_journal_inum;
    j->block_size = fs->blocksize;
    rc = read_superblock(j, block, err);
    if (rc == 0 && j->start != 0)
        rc = walk(j, block, err);
    if (rc != 0)
        return rc;
    settle(j);
    j->fs = NULL;
    *ret = take(j);
    return 0;
}

bool ext_journal_find(const struct ext_journal *j, uint64_t block, struct ext_copy *ret)
{
    size_t low = 0, high = j->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (j->copies[middle].block == block) {
            *ret = j->copies[middle];
            return true;
        }
        if (j->copies[middle].block < block)
            low = middle + 1;
        else
            high = middle;
    }
    return false;
}

bool ext_journal_restore(const struct ext_journal *j, const struct ext_copy *copy, void *data)
{
    unsigned char sequence[4] = {(unsigned char)(copy->sequence >> 24), (unsigned char)(copy->sequence >> 16),
                                 (unsigned char)(copy->sequence >> 8), (unsigned char)copy->sequence};
    uint32_t is;

    if (has_checksums(j)) {
        is = ext2fs_crc32c_le(j->seed, sequence, sizeof sequence);
        is = ext2fs_crc32c_le(is, data, j->block_size);
        if (j->features & HAS_CHECKSUM_3 ? is != copy->checksum : (is & 0xffff) != copy->checksum)
            return false;
    }
    // A block that begins like one of the journal's own is written there without its first bytes.
    if (copy->flags & ESCAPED)
        memcpy(data, "\xc0\x3b\x39\x98", 4);
    return true;
}

struct ext_journal *ext_journal_free(struct ext_journal *j)
{
    if (j) {
        free(j->copies);
        free(j->revoked);
        free(j);
    }
    return NULL;
}
