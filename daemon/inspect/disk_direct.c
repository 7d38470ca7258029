// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/inspect/disk_direct.h"

#include "daemon/inspect/disk_chain.h"
#include "daemon/inspect/disk_fs.h"
#include "daemon/inspect/disk_kind.h"
#include "daemon/inspect/disk_table.h"

#include <errno.h>
#include <string.h>

// A guest's disk may have many volumes, and a mounted one takes memory; those before are mounted anew when they are
// wanted.
enum { KEPT_MAX = 8 };

struct volume {
    struct disk_io *io;
    uint64_t start, size;
    struct disk_kind kind;
    char device[VOLUME_NAME_MAX];
    struct disk_fs *fs; // NULL: it is not mounted
    struct err why;     // of one that could not be read
};

struct disk_direct {
    struct disk_reader base;
    struct disk_io *disks[DISKS_MAX];
    unsigned sectors[DISKS_MAX]; // how large they are; 0: not looked at yet
    size_t count;
    struct volume volumes[VOLUMES_MAX];
    int volume_count, kept;
    struct disk_fs *mounted; // that of one volume; NULL: nothing, or something without a system
};

static struct disk_direct *direct(struct disk_reader *r)
{
    return (struct disk_direct *)r;
}

static void unmount_all(struct disk_direct *d)
{
    for (int i = 0; i < d->volume_count; i++)
        d->volumes[i].fs = disk_fs_free(d->volumes[i].fs);
    d->mounted = NULL;
    d->kept = 0;
}

struct disk_direct *disk_direct_free(struct disk_direct *d)
{
    if (!d)
        return NULL;
    unmount_all(d);
    for (size_t i = 0; i < d->count; i++)
        disk_io_free(d->disks[i]);
    free(d);
    return NULL;
}

int disk_direct_prepare(struct disk_io **disks, size_t count, struct disk_direct **ret, struct err *err)
{
    _cleanup_disk_direct_ struct disk_direct *d = calloc(1, sizeof *d);

    if (!d || count > DISKS_MAX) {
        for (size_t i = 0; i < count; i++)
            disks[i] = disk_io_free(disks[i]);
        return err_set(err, -ENOMEM, "out of memory");
    }
    d->count = count;
    for (size_t i = 0; i < count; i++)
        d->disks[i] = take(disks[i]);
    *ret = take(d);
    return 0;
}

unsigned disk_direct_sector(const struct disk_direct *d, size_t disk)
{
    return d->sectors[disk];
}

size_t disk_direct_fds(const struct disk_direct *d, int *ret, size_t room)
{
    size_t n = 0;

    while (n < d->count && n < room) {
        ret[n] = d->disks[n]->fd;
        n++;
    }
    return n;
}

// A disk's name as the kernel gives it, and libguestfs: sda … sdz, sdaa …
static void name_device(size_t disk, unsigned part, char ret[static VOLUME_NAME_MAX])
{
    char letters[3] = {(char)('a' + disk % 26)};

    if (disk >= 26) {
        letters[0] = (char)('a' + disk / 26 - 1);
        letters[1] = (char)('a' + disk % 26);
    }
    if (part)
        snprintf(ret, VOLUME_NAME_MAX, "/dev/sd%s%u", letters, part);
    else
        snprintf(ret, VOLUME_NAME_MAX, "/dev/sd%s", letters);
}

static void add_failed(struct disk_direct *d, size_t disk, const struct err *why)
{
    struct volume *v = &d->volumes[d->volume_count];

    if (d->volume_count == VOLUMES_MAX)
        return;
    d->volume_count++;
    *v = (struct volume){.io = d->disks[disk], .kind = disk_kind_failed, .why = *why};
    name_device(disk, 0, v->device);
}

// One that cannot be read stands in the list as such.
static void add_volume(struct disk_direct *d, size_t disk, const struct disk_part *part)
{
    struct volume *v = &d->volumes[d->volume_count];

    if (d->volume_count == VOLUMES_MAX)
        return;
    d->volume_count++;
    *v = (struct volume){.io = d->disks[disk], .start = part->start, .size = part->size};
    name_device(disk, part->number, v->device);
    if (part->dynamic)
        v->kind = disk_kind_dynamic;
    else if (part->pool)
        v->kind = disk_kind_pool;
    else if (part->boot)
        v->kind = disk_kind_empty;
    else if (disk_kind_find(v->io, v->start, v->size, &v->kind, &v->why) < 0)
        v->kind = disk_kind_failed;
}

// The volumes of a table read with sectors of this size; whether there is anything in them that is known, in
// *ret_known.
static int list_table(struct disk_direct *d, size_t disk, unsigned sector, bool *ret_known, struct err *err)
{
    struct disk_table table;
    int first = d->volume_count, rc = disk_table_read(d->disks[disk], sector, &table, err);

    for (size_t i = 0; rc == 0 && i < table.count; i++)
        add_volume(d, disk, &table.parts[i]);
    *ret_known = false;
    for (int i = first; i < d->volume_count; i++)
        *ret_known |= d->volumes[i].kind.use != KIND_EMPTY && d->volumes[i].kind.use != KIND_UNKNOWN &&
                      d->volumes[i].kind.use != KIND_FAILED;
    return rc;
}

// A table says in which sector a partition begins, and no image says how large its sectors are: that size is right by
// which something known begins there. A GPT lies itself in the second sector, so that one size alone finds it.
static int list_disk(struct disk_direct *d, size_t disk, struct err *err)
{
    int first = d->volume_count, small, rc;
    bool known;

    d->sectors[disk] = 512;
    rc = list_table(d, disk, 512, &known, err);
    if (rc < 0 || known)
        return rc;
    small = d->volume_count;
    rc = list_table(d, disk, 4096, &known, err);
    if (rc < 0) {
        d->volume_count = small;
        return rc;
    }
    if (d->volume_count > small && (known || small == first)) {
        d->sectors[disk] = 4096;
        memmove(&d->volumes[first], &d->volumes[small],
                (size_t)(d->volume_count - small) * sizeof *d->volumes);
        small = first + d->volume_count - small;
    }
    d->volume_count = small;
    if (small > first)
        return 0;
    add_volume(d, disk, &(struct disk_part){.size = d->disks[disk]->size});
    return 0;
}

static int list_volumes(struct disk_reader *r, struct disk_volume ret[static VOLUMES_MAX], struct err *err)
{
    struct disk_direct *d = direct(r);

    (void)err;
    unmount_all(d);
    d->volume_count = 0;
    for (size_t i = 0; i < d->count; i++) {
        struct err why = {0};

        if (list_disk(d, i, &why) < 0)
            add_failed(d, i, &why);
    }
    for (int i = 0; i < d->volume_count; i++) {
        memcpy(ret[i].device, d->volumes[i].device, VOLUME_NAME_MAX);
        snprintf(ret[i].type, VOLUME_NAME_MAX, "%s", d->volumes[i].kind.type);
    }
    return d->volume_count;
}

static struct volume *find(struct disk_direct *d, const char *device)
{
    for (int i = 0; i < d->volume_count; i++) {
        if (strcmp(d->volumes[i].device, device) == 0)
            return &d->volumes[i];
    }
    return NULL;
}

static int peek(struct disk_reader *r, const char *device, void *ret, size_t len, struct err *err)
{
    const struct volume *v = find(direct(r), device);

    if (!v || len > v->size)
        return -ENODEV;
    return disk_io_read(v->io, v->start, ret, len, err);
}

static int open_volume(struct disk_direct *d, struct volume *v, struct err *err)
{
    int rc;

    if (d->kept == KEPT_MAX)
        unmount_all(d);
    if (strcmp(v->kind.type, "ntfs") == 0)
        rc = disk_ntfs_open(v->io, v->start, v->size, &v->fs, err);
    else
        rc = disk_ext_open(v->io, v->start, v->size, &v->fs, err);
    if (rc == 0)
        d->kept++;
    return rc;
}

static int mount_volume(struct disk_reader *r, const char *device, struct err *err)
{
    struct disk_direct *d = direct(r);
    struct volume *v = find(d, device);
    int rc = 0;

    d->mounted = NULL;
    if (!v)
        return err_set(err, -ENODEV, "there is no volume %s", device);
    switch (v->kind.use) {
    case KIND_NO_SYSTEM:
    case KIND_EMPTY:
        return 0;
    case KIND_FAILED:
        return err_set(err, -EIO, "%s", v->why.text);
    case KIND_NOBODY:
        return err_set(err, -ENOTSUP, "%s, whose format is not public, is not read", v->kind.name);
    case KIND_OTHER:
    case KIND_UNKNOWN:
    case KIND_ENCRYPTED:
        return err_set(err, DISK_OTHER_ENGINE, "%s", v->kind.name);
    case KIND_READ:
        break;
    }
    // The one with the system is mounted while it is searched for, and again when it is read.
    if (!v->fs)
        rc = open_volume(d, v, err);
    if (rc == 0)
        d->mounted = v->fs;
    return rc == DISK_FS_OTHER ? DISK_OTHER_ENGINE : rc;
}

static int exists(struct disk_reader *r, const char *path, struct err *err)
{
    struct disk_fs *fs = direct(r)->mounted;

    return fs ? fs->ops->exists(fs, path, err) : 0;
}

// The file systems themselves take any case where case does not matter.
static int resolve(struct disk_reader *r, const char *path, char **ret, struct err *err)
{
    int rc = exists(r, path, err);

    if (rc <= 0)
        return rc < 0 ? rc : DISK_NO_FILE;
    *ret = strdup(path);
    return *ret ? 0 : err_set(err, -ENOMEM, "out of memory");
}

static int open_file(struct disk_reader *r, const char *path, struct source **ret, struct err *err)
{
    struct disk_fs *fs = direct(r)->mounted;

    return fs ? fs->ops->open(fs, path, ret, err) : DISK_NO_FILE;
}

static void reader_free(struct disk_reader *r)
{
    disk_direct_free(direct(r));
}

static const struct disk_reader_ops ops = {
    .volumes = list_volumes,
    .peek = peek,
    .mount = mount_volume,
    .resolve = resolve,
    .exists = exists,
    .open = open_file,
    .free = reader_free,
};

struct disk_reader *disk_direct_reader(struct disk_direct *d)
{
    d->base = (struct disk_reader){.ops = &ops, .engine = "direct " VIRTRUST_VERSION};
    return &d->base;
}
