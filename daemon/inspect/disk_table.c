// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/inspect/disk_table.h"

#include <blkid/blkid.h>
#include <errno.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>

enum {
    EDGE = 32 * 1024, // bytes copied of the disk's beginning and of its end: a GPT in sectors of 4096 fits
    LINKS_MAX = 128,  // of a chain of logical partitions
    SECTOR = 512,
    ENTRIES_AT = 446, // in a sector with an MBR-like table
    ENTRY = 16,
};

struct disk_table_copy {
    int fd;
    uint64_t size; // of the disk
    blkid_probe probe;
};

static int copy(struct disk_io *io, int fd, uint64_t offset, size_t len, struct err *err)
{
    unsigned char bytes[16 * 1024];

    if (offset >= io->size)
        return 0;
    if (len > io->size - offset)
        len = (size_t)(io->size - offset);
    while (len > 0) {
        size_t piece = len < sizeof bytes ? len : sizeof bytes;
        int rc = disk_io_read(io, offset, bytes, piece, err);

        if (rc < 0)
            return rc;
        if (pwrite(fd, bytes, piece, (off_t)offset) != (ssize_t)piece)
            return err_set(err, -errno, "no room for a copy of the partition table: %s", strerror(errno));
        offset += piece;
        len -= piece;
    }
    return 0;
}

static uint32_t little(const unsigned char *from)
{
    return (uint32_t)from[0] | (uint32_t)from[1] << 8 | (uint32_t)from[2] << 16 | (uint32_t)from[3] << 24;
}

static bool is_container(unsigned char type)
{
    return type == 0x05 || type == 0x0f || type == 0x85;
}

// The first entry of a table that is a container: its first sector's number in *ret. False: there is none.
static bool container_of(const unsigned char sector[static SECTOR], uint32_t *ret)
{
    if (sector[510] != 0x55 || sector[511] != 0xaa)
        return false;
    for (int i = 0; i < 4; i++) {
        const unsigned char *entry = sector + ENTRIES_AT + ENTRY * i;

        if (!is_container(entry[4]))
            continue;
        *ret = little(entry + 8);
        return *ret != 0;
    }
    return false;
}

// The sectors that name logical partitions: each names the next, counted from the container's beginning.
static int copy_chain(struct disk_io *io, int fd, unsigned sector_size, struct err *err)
{
    unsigned char sector[SECTOR];
    uint32_t first, next;
    uint64_t at;
    int rc = disk_io_read(io, 0, sector, sizeof sector, err);

    if (rc < 0 || !container_of(sector, &first))
        return rc;
    at = first;
    for (int i = 0; i < LINKS_MAX && at * sector_size + SECTOR <= io->size; i++) {
        rc = copy(io, fd, at * sector_size, SECTOR, err);
        if (rc == 0)
            rc = disk_io_read(io, at * sector_size, sector, sizeof sector, err);
        if (rc < 0 || !container_of(sector, &next))
            return rc;
        at = (uint64_t)first + next;
    }
    return 0;
}

static int copy_sectors(struct disk_io *io, int fd, struct err *err)
{
    int rc = copy(io, fd, 0, EDGE, err);

    if (rc == 0 && io->size > 2 * EDGE)
        rc = copy(io, fd, io->size - EDGE, EDGE, err);
    if (rc == 0 && io->size >= SECTOR)
        rc = copy_chain(io, fd, 512, err);
    if (rc == 0 && io->size >= SECTOR)
        rc = copy_chain(io, fd, 4096, err);
    return rc;
}

// libblkid looks at the descriptor here, and at its content only later.
int disk_table_copy(struct disk_io *io, struct disk_table_copy **ret, struct err *err)
{
    _cleanup_disk_table_ struct disk_table_copy *c = calloc(1, sizeof *c);
    int rc;

    if (!c)
        return err_set(err, -ENOMEM, "out of memory");
    c->size = io->size;
    c->fd = memfd_create("virtrust-table", MFD_CLOEXEC);
    if (c->fd < 0 || ftruncate(c->fd, (off_t)io->size) < 0)
        return err_set(err, -errno, "no copy of the partition table can be made: %s", strerror(errno));
    rc = copy_sectors(io, c->fd, err);
    if (rc < 0)
        return rc;
    c->probe = blkid_new_probe();
    if (!c->probe || blkid_probe_set_device(c->probe, c->fd, 0, 0) != 0)
        return err_set(err, -ENOMEM, "libblkid does not take a file in memory");
    *ret = take(c);
    return 0;
}

int disk_table_fd(const struct disk_table_copy *c)
{
    return c->fd;
}

struct disk_table_copy *disk_table_free(struct disk_table_copy *c)
{
    if (!c)
        return NULL;
    if (c->probe)
        blkid_free_probe(c->probe);
    if (c->fd >= 0)
        close(c->fd);
    free(c);
    return NULL;
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
    const char *guid = blkid_partition_get_type_string(p);

    part->dynamic = is_any(guid, dynamic, ARRAY_SIZE(dynamic)) || blkid_partition_get_type(p) == 0x42;
    part->boot = is_any(guid, boot, ARRAY_SIZE(boot));
}

static void take_part(blkid_partition p, uint64_t size, struct disk_table *ret)
{
    blkid_loff_t start = blkid_partition_get_start(p), len = blkid_partition_get_size(p); // in 512 bytes
    struct disk_part *part = &ret->parts[ret->count];
    int number = blkid_partition_get_partno(p);

    if (ret->count == DISK_PARTS_MAX || number <= 0 || start <= 0 || len <= 0 ||
        (uint64_t)start >= size / 512 || is_container((unsigned char)blkid_partition_get_type(p)))
        return;
    part->number = (unsigned)number;
    part->start = (uint64_t)start * 512;
    part->size = (uint64_t)len > (size - part->start) / 512 ? size - part->start : (uint64_t)len * 512;
    take_type(p, part);
    ret->count++;
}

// The disk's sectors may have either size, and no image tells which: the size whose table is there counts.
static unsigned sector_size_of(int fd)
{
    char at_512[8], at_4096[8];

    if (pread(fd, at_512, sizeof at_512, 512) == sizeof at_512 && memcmp(at_512, "EFI PART", 8) != 0 &&
        pread(fd, at_4096, sizeof at_4096, 4096) == sizeof at_4096 && memcmp(at_4096, "EFI PART", 8) == 0)
        return 4096;
    return 512;
}

void disk_table_read(struct disk_table_copy *c, struct disk_table *ret)
{
    blkid_partlist list = NULL;

    ret->count = 0;
    if (blkid_probe_set_sectorsize(c->probe, sector_size_of(c->fd)) == 0 &&
        blkid_probe_enable_superblocks(c->probe, 0) == 0 && blkid_probe_enable_partitions(c->probe, 1) == 0)
        list = blkid_probe_get_partitions(c->probe);
    for (int i = 0, n = list ? blkid_partlist_numof_partitions(list) : 0; i < n; i++)
        take_part(blkid_partlist_get_partition(list, i), c->size, ret);
}
