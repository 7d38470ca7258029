// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/inspect/disk_kind.h"

#include <stdbool.h>
#include <string.h>

enum { MARK_MAX = 10 };

const struct disk_kind disk_kind_empty = {"unknown", "nothing", KIND_EMPTY};
const struct disk_kind disk_kind_dynamic = {"ldm", "a dynamic disk", KIND_OTHER};

// In this order: what wraps a file system before the file system whose mark may shine through it.
static const struct {
    uint64_t at;
    unsigned char len;
    char mark[MARK_MAX + 1];
    struct disk_kind kind;
} marks[] = {
    {0, 6, "LUKS\xba\xbe", {"crypto_LUKS", "LUKS", KIND_ENCRYPTED}},
    {3, 8, "-FVE-FS-", {"BitLocker", "BitLocker", KIND_ENCRYPTED}},
    {0, 8, "LABELONE", {"LVM2_member", "LVM", KIND_OTHER}},
    {512, 8, "LABELONE", {"LVM2_member", "LVM", KIND_OTHER}},
    {1024, 8, "LABELONE", {"LVM2_member", "LVM", KIND_OTHER}},
    {1536, 8, "LABELONE", {"LVM2_member", "LVM", KIND_OTHER}},
    {0, 4, "\xfc\x4e\x2b\xa9", {"linux_raid_member", "Linux RAID", KIND_OTHER}},
    {4096, 4, "\xfc\x4e\x2b\xa9", {"linux_raid_member", "Linux RAID", KIND_OTHER}},
    {3, 8, "NTFS    ", {"ntfs", "NTFS", KIND_READ}},
    {1080, 2, "\x53\xef", {"ext4", "ext4", KIND_READ}},
    {0, 4, "XFSB", {"xfs", "XFS", KIND_OTHER}},
    {65600, 8, "_BHRfS_M", {"btrfs", "Btrfs", KIND_OTHER}},
    {1024, 4, "\x10\x20\xf5\xf2", {"f2fs", "F2FS", KIND_OTHER}},
    {65588, 8, "ReIsErFs", {"reiserfs", "ReiserFS", KIND_OTHER}},
    {65588, 9, "ReIsEr2Fs", {"reiserfs", "ReiserFS", KIND_OTHER}},
    {65588, 9, "ReIsEr3Fs", {"reiserfs", "ReiserFS", KIND_OTHER}},
    {32768, 4, "JFS1", {"jfs", "JFS", KIND_OTHER}},
    {3, 8, "EXFAT   ", {"exfat", "exFAT", KIND_NO_SYSTEM}},
    {3, 4, "ReFS", {"ReFS", "ReFS", KIND_NO_SYSTEM}},
    {82, 5, "FAT32", {"vfat", "FAT", KIND_NO_SYSTEM}},
    {54, 3, "FAT", {"vfat", "FAT", KIND_NO_SYSTEM}},
    {4086, 10, "SWAPSPACE2", {"swap", "swap", KIND_NO_SYSTEM}},
    {4086, 10, "SWAP-SPACE", {"swap", "swap", KIND_NO_SYSTEM}},
    {32769, 5, "CD001", {"iso9660", "ISO 9660", KIND_NO_SYSTEM}},
};

static bool all_zero(const unsigned char *data, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (data[i])
            return false;
    }
    return true;
}

int disk_kind_find(struct disk_io *io, uint64_t start, uint64_t size, struct disk_kind *ret, struct err *err)
{
    unsigned char head[4096];
    int rc;

    for (size_t i = 0; i < ARRAY_SIZE(marks); i++) {
        unsigned char found[MARK_MAX];

        if (marks[i].at + marks[i].len > size)
            continue;
        rc = disk_io_read(io, start + marks[i].at, found, marks[i].len, err);
        if (rc < 0)
            return rc;
        if (memcmp(found, marks[i].mark, marks[i].len) != 0)
            continue;
        *ret = marks[i].kind;
        return 0;
    }
    // libblkid's word for both is none; that of a volume which is merely empty needs no second engine.
    rc = disk_io_read(io, start, head, size < sizeof head ? (size_t)size : sizeof head, err);
    if (rc < 0)
        return rc;
    if (all_zero(head, size < sizeof head ? (size_t)size : sizeof head))
        *ret = disk_kind_empty;
    else
        *ret = (struct disk_kind){"unrecognized", "a volume of unknown kind", KIND_UNKNOWN};
    return 0;
}
