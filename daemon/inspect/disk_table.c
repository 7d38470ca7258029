// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/inspect/disk_table.h"

#include "daemon/inspect/disk_blkid.h"

#include <strings.h>

enum {
    HEAD = 32 * 1024
}; // bytes of the disk's beginning that a table takes as a rule: a GPT in sectors of 4096

static bool is_container(int type)
{
    return type == 0x05 || type == 0x0f || type == 0x85;
}

static bool is_any(const char *guid, const char *const guids[], size_t count)
{
    for (size_t i = 0; guid && i < count; i++) {
        if (strcasecmp(guid, guids[i]) == 0)
            return true;
    }
    return false;
}

static void take_type(blkid_partition p, struct disk_part *part)
{
    // LDM metadata, LDM data.
    static const char *const dynamic[] = {"5808c8aa-7e8f-42e0-85d2-e1e90434cfb3",
                                          "af9b60a0-1431-4f62-bc68-3311714a69ad"};
    // BIOS boot, Microsoft reserved, PowerPC PReP boot.
    static const char *const boot[] = {"21686148-6449-6e6f-744e-656564454649",
                                       "e3c9e316-0b5c-4db8-817d-f92df00215ae",
                                       "9e1a2d38-c612-4316-aa26-8b49521e5a8b"};
    static const char *const pool[] = {"e75caf8f-f680-4cee-afa3-b001e56efc2d"};
    const char *guid = blkid_partition_get_type_string(p);

    part->dynamic = is_any(guid, dynamic, ARRAY_SIZE(dynamic)) || blkid_partition_get_type(p) == 0x42;
    part->pool = is_any(guid, pool, ARRAY_SIZE(pool));
    part->boot = is_any(guid, boot, ARRAY_SIZE(boot));
}

static void take_part(blkid_partition p, uint64_t size, struct disk_table *ret)
{
    blkid_loff_t start = blkid_partition_get_start(p), len = blkid_partition_get_size(p); // in 512 bytes
    struct disk_part *part = &ret->parts[ret->count];
    int number = blkid_partition_get_partno(p);

    if (ret->count == DISK_PARTS_MAX || number <= 0 || start <= 0 || len <= 0 ||
        (uint64_t)start >= size / 512 || is_container(blkid_partition_get_type(p)))
        return;
    part->number = (unsigned)number;
    part->start = (uint64_t)start * 512;
    part->size = (uint64_t)len > (size - part->start) / 512 ? size - part->start : (uint64_t)len * 512;
    take_type(p, part);
    ret->count++;
}

int disk_table_read(struct disk_io *io, unsigned sector_size, struct disk_table *ret, struct err *err)
{
    blkid_partlist list = NULL;
    struct disk_blkid b;
    int rc;

    ret->count = 0;
    if (io->size == 0)
        return 0;
    disk_io_ahead(io, &(struct disk_span){0, HEAD}, 1);
    rc = disk_blkid_open(&b, io, 0, io->size, err);
    if (rc < 0)
        return rc;
    if (blkid_probe_set_sectorsize(b.probe, sector_size) == 0 &&
        blkid_probe_enable_superblocks(b.probe, 0) == 0 && blkid_probe_enable_partitions(b.probe, 1) == 0)
        list = blkid_probe_get_partitions(b.probe);
    for (int i = 0, n = list ? blkid_partlist_numof_partitions(list) : 0; i < n; i++)
        take_part(blkid_partlist_get_partition(list, i), io->size, ret);
    return disk_blkid_close(&b, err);
}
