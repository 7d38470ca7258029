// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/inspect/disk_kind.h"

#include "daemon/inspect/disk_blkid.h"

#include <stdbool.h>
#include <string.h>

enum {
    AMBIVALENT = -2,  // of libblkid: marks of several kinds, none of them more than the others
    HEAD = 96 * 1024, // where a volume's marks are: bytes of its beginning (Btrfs: 64 KiB behind it) …
    TAIL = 64 * 1024, // … and of its end (RAID)
};

const struct disk_kind disk_kind_failed = {"unreadable", "what cannot be read", KIND_FAILED};
const struct disk_kind disk_kind_empty = {"unknown", "nothing", KIND_EMPTY};
const struct disk_kind disk_kind_dynamic = {"ldm", "a dynamic disk", KIND_OTHER};
const struct disk_kind disk_kind_pool = {"storage_spaces", "Storage Spaces", KIND_NOBODY};

// Those that libblkid is asked for. Others (firmware RAID, ZFS, UFS …) are left to the other engine, as what is not
// recognized is: libblkid seeks them all over a volume, which costs more than all the rest.
static const struct disk_kind kinds[] = {
    {"ntfs", "NTFS", KIND_READ},
    {"ext4", "ext4", KIND_READ},
    {"ext3", "ext3", KIND_READ},
    {"ext2", "ext2", KIND_READ},
    {"BitLocker", "BitLocker", KIND_ENCRYPTED},
    {"crypto_LUKS", "LUKS", KIND_ENCRYPTED},
    {"LVM2_member", "LVM", KIND_OTHER},
    {"LVM1_member", "LVM", KIND_OTHER},
    {"linux_raid_member", "Linux RAID", KIND_OTHER},
    {"bcache", "bcache", KIND_OTHER},
    {"xfs", "XFS", KIND_OTHER},
    {"btrfs", "Btrfs", KIND_OTHER},
    {"f2fs", "F2FS", KIND_OTHER},
    {"reiserfs", "ReiserFS", KIND_OTHER},
    {"jfs", "JFS", KIND_OTHER},
    {"jbd", "a journal", KIND_NO_SYSTEM},
    {"vfat", "FAT", KIND_NO_SYSTEM},
    {"exfat", "exFAT", KIND_NO_SYSTEM},
    {"ReFS", "ReFS", KIND_NO_SYSTEM},
    {"swap", "swap", KIND_NO_SYSTEM},
    {"swsuspend", "swap", KIND_NO_SYSTEM},
    {"iso9660", "ISO 9660", KIND_NO_SYSTEM},
};

static const struct disk_kind damaged_ntfs = {"ntfs", "NTFS", KIND_READ};
static const struct disk_kind several = {"unrecognized", "a volume with the marks of several kinds",
                                         KIND_UNKNOWN};
static const struct disk_kind unrecognized = {"unrecognized", "a volume of unknown kind", KIND_UNKNOWN};

// LUKS is asked for only where a volume begins like it: libblkid seeks its second headers too, nine places up to 4 MiB
// behind the beginning, and would take an old one for a mark of what lies there now.
static int ask_for_kinds(blkid_probe probe, bool luks)
{
    char *names[ARRAY_SIZE(kinds) + 1] = {0};
    size_t n = 0;

    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
        if (luks || strcmp(kinds[i].type, "crypto_LUKS") != 0)
            names[n++] = (char *)kinds[i].type; // libblkid does not take it as const
    }
    if (blkid_probe_enable_superblocks(probe, 1) != 0 ||
        blkid_probe_set_superblocks_flags(probe, BLKID_SUBLKS_TYPE) != 0)
        return -1;
    return blkid_probe_filter_superblocks_type(probe, BLKID_FLTR_ONLYIN, names);
}

// What libblkid says; NULL: nothing.
static const struct disk_kind *kind_of(blkid_probe probe, bool luks)
{
    const char *type;
    int rc = ask_for_kinds(probe, luks) == 0 ? blkid_do_safeprobe(probe) : 1;

    if (rc == AMBIVALENT)
        return &several;
    if (rc != 0 || blkid_probe_lookup_value(probe, "TYPE", &type, NULL) != 0)
        return NULL;
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
        if (strcmp(type, kinds[i].type) == 0)
            return &kinds[i];
    }
    return NULL;
}

static bool all_zero(const unsigned char *data, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (data[i])
            return false;
    }
    return true;
}

// Where libblkid says nothing. A volume that is merely empty needs no second engine. And NTFS is none to libblkid
// without a sound $MFT: libntfs-3g says what is wrong with it, and the other engine would know no more.
static int without_mark(struct disk_io *io, uint64_t start, uint64_t size, const struct disk_kind **ret,
                        struct err *err)
{
    unsigned char head[4096];
    size_t len = size < sizeof head ? (size_t)size : sizeof head;
    int rc = disk_io_read(io, start, head, len, err);

    if (rc < 0)
        return rc;
    *ret = all_zero(head, len)                                          ? &disk_kind_empty
           : len == sizeof head && memcmp(head + 3, "NTFS    ", 8) == 0 ? &damaged_ntfs
                                                                        : &unrecognized;
    return 0;
}

int disk_kind_find(struct disk_io *io, uint64_t start, uint64_t size, struct disk_kind *ret, struct err *err)
{
    static const char luks[6] = {'L', 'U', 'K', 'S', '\xba', '\xbe'};
    const struct disk_kind *kind;
    struct disk_span spans[2];
    struct disk_blkid b;
    char mark[sizeof luks] = "";
    int rc;

    // libblkid takes a size of 0 for the disk's own.
    if (size == 0) {
        *ret = disk_kind_empty;
        return 0;
    }
    // Nearly all marks lie in these two; the beginning of NTFS's $MFT does too as a rule.
    spans[0] = (struct disk_span){start, size < HEAD ? (size_t)size : HEAD};
    spans[1] = (struct disk_span){start + size - (size < TAIL ? size : TAIL),
                                  size < TAIL ? (size_t)size : TAIL};
    disk_io_ahead(io, spans, ARRAY_SIZE(spans));
    rc = size < sizeof mark ? 0 : disk_io_read(io, start, mark, sizeof mark, err);
    if (rc == 0)
        rc = disk_blkid_open(&b, io, start, size, err);
    if (rc < 0)
        return rc;
    kind = kind_of(b.probe, memcmp(mark, luks, sizeof luks) == 0);
    rc = disk_blkid_close(&b, err);
    if (rc == 0 && !kind)
        rc = without_mark(io, start, size, &kind, err);
    if (rc == 0)
        *ret = *kind;
    return rc;
}
