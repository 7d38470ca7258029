// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/inspect/disk_guestfs.h"

#include "common/secret.h"

#include <errno.h>
#include <guestfs.h>
#include <string.h>

enum { PIECE = 1024 * 1024 }; // bytes of one read; a message of libguestfs holds 4 MiB

struct guestfs_reader {
    struct disk_reader base;
    guestfs_h *g;
    char engine[64];
    // LUKS volumes that a key opened, and what there was to see before.
    char **before; // as guestfs_list_filesystems gave it; NULL: nothing was opened
    struct disk_volume opened[VOLUMES_MAX];
    int opened_count;
};

static struct guestfs_reader *own(struct disk_reader *r)
{
    return (struct guestfs_reader *)r;
}

static guestfs_h *handle(struct disk_reader *r)
{
    return own(r)->g;
}

static int said(guestfs_h *g, struct err *err)
{
    int code = guestfs_last_errno(g);
    const char *text = guestfs_last_error(g);

    err_set(err, -1, "%s", text ? text : "libguestfs gave no reason");
    // One line: libguestfs repeats what programs in its machine printed.
    err->text[strcspn(err->text, "\n")] = '\0';
    return code > 0 ? -code : -EIO;
}

static void free_list(char ***list)
{
    for (size_t i = 0; *list && (*list)[i]; i++)
        free((*list)[i]);
    free(*list);
}

static bool listed(const struct disk_volume *volumes, int count, const char *device)
{
    for (int i = 0; i < count; i++) {
        if (strcmp(volumes[i].device, device) == 0)
            return true;
    }
    return false;
}

static int add_volume(struct disk_volume *volumes, int count, const char *device, const char *type)
{
    if (count == VOLUMES_MAX || strlen(device) >= VOLUME_NAME_MAX || listed(volumes, count, device))
        return count;
    snprintf(volumes[count].device, VOLUME_NAME_MAX, "%s", device);
    snprintf(volumes[count].type, VOLUME_NAME_MAX, "%s", type);
    return count + 1;
}

// Those of the list, which is freed, that are encrypted.
static int add_encrypted(guestfs_h *g, char **devices, struct disk_volume *volumes, int count)
{
    _cleanup_(free_list) char **list = devices;

    for (size_t i = 0; list && list[i]; i++) {
        _cleanup_free_ char *type = guestfs_vfs_type(g, list[i]);

        if (type && (strcmp(type, "crypto_LUKS") == 0 || strcmp(type, "BitLocker") == 0))
            count = add_volume(volumes, count, list[i], type);
    }
    return count;
}

// What lies in volumes that were opened, and was not to be seen before.
static int list_opened(struct guestfs_reader *r, struct disk_volume *volumes, int count)
{
    _cleanup_(free_list) char **mapped = guestfs_list_dm_devices(r->g);
    int kept = 0;

    for (size_t i = 0; mapped && mapped[i]; i++) {
        _cleanup_free_ char *type = guestfs_vfs_type(r->g, mapped[i]);

        if (type && type[0] && strcmp(type, "LVM2_member") != 0)
            count = add_volume(volumes, count, mapped[i], type);
    }
    for (int i = 0; i < count; i++) {
        bool seen = listed(r->opened, r->opened_count, volumes[i].device);

        volumes[i].unlocked = true;
        for (size_t j = 0; r->before[j] && r->before[j + 1]; j += 2) {
            if (strcmp(r->before[j], volumes[i].device) == 0)
                volumes[i].unlocked = false;
        }
        if (!seen)
            volumes[kept++] = volumes[i];
    }
    return kept;
}

static int list_locked(guestfs_h *g, struct disk_volume *volumes, int count)
{
    count = add_encrypted(g, guestfs_list_devices(g), volumes, count);
    count = add_encrypted(g, guestfs_list_partitions(g), volumes, count);
    return add_encrypted(g, guestfs_lvs(g), volumes, count);
}

static int list_volumes(struct disk_reader *r, struct disk_volume ret[static VOLUMES_MAX], struct err *err)
{
    _cleanup_(free_list) char **list = guestfs_list_filesystems(handle(r));
    int count = 0;

    if (!list)
        return said(handle(r), err);
    for (size_t i = 0; list[i] && list[i + 1]; i += 2)
        count = add_volume(ret, count, list[i], list[i + 1]);
    // libguestfs leaves LUKS volumes out of its list of file systems: they are the reason that is looked for.
    count = list_locked(handle(r), ret, count);
    return own(r)->opened_count > 0 ? list_opened(own(r), ret, count) : count;
}

static int peek(struct disk_reader *r, const char *device, void *ret, size_t len, struct err *err)
{
    _cleanup_free_ char *data = NULL;
    size_t got;

    // A btrfs subvolume is no device of its own.
    if (strncmp(device, "/dev/", 5) != 0)
        return -ENODEV;
    data = guestfs_pread_device(handle(r), device, (int)len, 0, &got);
    if (!data || got < len)
        return said(handle(r), err);
    memcpy(ret, data, len);
    return 0;
}

static int mount_volume(struct disk_reader *r, const char *device, struct err *err)
{
    if (guestfs_umount_all(handle(r)) < 0 || guestfs_mount_ro(handle(r), device, "/") < 0)
        return said(handle(r), err);
    return 0;
}

static int resolve(struct disk_reader *r, const char *path, char **ret, struct err *err)
{
    _cleanup_free_ char *found = guestfs_case_sensitive_path(handle(r), path);
    int rc;

    if (!found)
        return guestfs_last_errno(handle(r)) == ENOENT ? DISK_NO_FILE : said(handle(r), err);
    // The last part need not be there for libguestfs, but for us.
    rc = guestfs_exists(handle(r), found);
    if (rc != 1)
        return rc < 0 ? said(handle(r), err) : DISK_NO_FILE;
    *ret = take(found);
    return 0;
}

static int exists(struct disk_reader *r, const char *path, struct err *err)
{
    int rc = guestfs_is_file_opts(handle(r), path, GUESTFS_IS_FILE_OPTS_FOLLOWSYMLINKS, 1, -1);

    if (rc == 0)
        rc = guestfs_is_dir_opts(handle(r), path, GUESTFS_IS_DIR_OPTS_FOLLOWSYMLINKS, 1, -1);
    return rc < 0 ? said(handle(r), err) : rc;
}

struct guestfs_source {
    struct source base;
    guestfs_h *g;
    char *path;
};

static int source_pread(struct source *base, uint64_t offset, void *ret, size_t len, struct err *err)
{
    struct guestfs_source *s = (struct guestfs_source *)base;
    unsigned char *to = ret;

    while (len > 0) {
        size_t want = len < PIECE ? len : PIECE, got;
        char *piece = guestfs_pread(s->g, s->path, (int)want, (int64_t)offset, &got);

        if (!piece)
            return said(s->g, err);
        if (got > want)
            got = want;
        memcpy(to, piece, got);
        secret_wipe(piece, got);
        free(piece);
        if (got == 0)
            return err_set(err, -EIO, "the file ends before its size");
        to += got;
        offset += got;
        len -= got;
    }
    return 0;
}

static void source_close(struct source *base)
{
    struct guestfs_source *s = (struct guestfs_source *)base;

    free(s->path);
    free(s);
}

static int open_file(struct disk_reader *r, const char *path, struct source **ret, struct err *err)
{
    static const struct source_ops source_ops = {.read = source_pread, .free = source_close};
    struct guestfs_source *s;
    int64_t size;

    if (guestfs_is_file_opts(handle(r), path, GUESTFS_IS_FILE_OPTS_FOLLOWSYMLINKS, 1, -1) != 1)
        return DISK_NO_FILE;
    size = guestfs_filesize(handle(r), path);
    if (size < 0)
        return said(handle(r), err);
    s = calloc(1, sizeof *s);
    if (s)
        s->path = strdup(path);
    if (!s || !s->path) {
        free(s);
        return err_set(err, -ENOMEM, "out of memory");
    }
    s->base = (struct source){.ops = &source_ops, .size = (uint64_t)size};
    s->g = handle(r);
    *ret = &s->base;
    return 0;
}

static void reader_free(struct disk_reader *r)
{
    guestfs_close(handle(r));
    free_list(&own(r)->before);
    free(r);
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

// One try. `software` forces emulation.
static guestfs_h *launch(const struct nbd_server *servers, size_t count, const char *work, bool software,
                         struct err *err)
{
    guestfs_h *g = guestfs_create();
    bool good;

    if (!g) {
        err_set(err, -EIO, "libguestfs cannot start: %s", strerror(errno));
        return NULL;
    }
    // Errors are told by us; the messages of its machine are wanted for a trace alone.
    guestfs_set_error_handler(g, NULL, NULL);
    good = guestfs_set_tmpdir(g, work) == 0 && guestfs_set_autosync(g, 0) == 0 &&
           (getenv("LIBGUESTFS_BACKEND") || guestfs_set_backend(g, "direct") == 0) &&
           (!software || guestfs_set_backend_setting(g, "force_tcg", "1") == 0);
    for (size_t i = 0; good && i < count; i++) {
        char server[NBD_PATH_MAX + 8], *list[] = {server, NULL};

        snprintf(server, sizeof server, "unix:%s", servers[i].socket);
        good = guestfs_add_drive_opts(
                   g, "", GUESTFS_ADD_DRIVE_OPTS_READONLY, 1, GUESTFS_ADD_DRIVE_OPTS_FORMAT, "raw",
                   GUESTFS_ADD_DRIVE_OPTS_PROTOCOL, "nbd", GUESTFS_ADD_DRIVE_OPTS_SERVER, list,
                   // Its kernel reads partition tables by this.
                   GUESTFS_ADD_DRIVE_OPTS_BLOCKSIZE, servers[i].sector == 4096 ? 4096 : 512, -1) == 0;
    }
    // Its machine does not start without any disk.
    if (good && count == 0)
        good = guestfs_add_drive_scratch(g, (int64_t)1024 * 1024, -1) == 0;
    if (good && guestfs_launch(g) == 0)
        return g;
    said(g, err);
    guestfs_close(g);
    return NULL;
}

// As a passphrase, whose file an editor has ended with a newline; else as it stands.
static int open_with(guestfs_h *g, const char *device, const struct secret *key, const char *name)
{
    _cleanup_secret_ struct secret line = *key;

    if (line.len > 1 && line.data[line.len - 1] == '\n') {
        line.data[--line.len] = '\0';
        if (guestfs_cryptsetup_open(g, device, (const char *)line.data, name,
                                    GUESTFS_CRYPTSETUP_OPEN_READONLY, 1, -1) == 0)
            return 0;
    }
    return guestfs_cryptsetup_open(g, device, (const char *)key->data, name, GUESTFS_CRYPTSETUP_OPEN_READONLY,
                                   1, -1);
}

static void note_locked(struct guestfs_reader *r, const char *device)
{
    struct err err = {0};
    const char *whole = guestfs_last_error(r->g);

    // cryptsetup's words, which libguestfs gives line by line.
    r->base.wrong_key = whole && strstr(whole, "No key available");
    said(r->g, &err);
    err_set(&r->base.locked, 0,
            r->base.wrong_key ? "the key does not open the LUKS volume %s"
                              : "the LUKS volume %s cannot be opened: %.300s",
            device, err.text);
}

static void unlock(struct guestfs_reader *r, const struct secret *key)
{
    _cleanup_free_ struct disk_volume *locked = calloc(VOLUMES_MAX, sizeof *locked);
    int count = locked ? list_locked(r->g, locked, 0) : 0;

    r->before = guestfs_list_filesystems(r->g);
    for (int i = 0; r->before && i < count; i++) {
        char name[32];

        if (strcmp(locked[i].type, "crypto_LUKS") != 0)
            continue;
        snprintf(name, sizeof name, "opened%d", i);
        if (open_with(r->g, locked[i].device, key, name) == 0)
            r->opened[r->opened_count++] = locked[i];
        else
            note_locked(r, locked[i].device);
    }
    // LVM may lie on what was opened.
    if (r->opened_count > 0)
        guestfs_lvm_scan(r->g, 1);
}

static void name_engine(struct guestfs_reader *r)
{
    struct guestfs_version *v = guestfs_version(r->g);

    if (v)
        snprintf(r->engine, sizeof r->engine, "guestfs %lld.%lld.%lld", (long long)v->major,
                 (long long)v->minor, (long long)v->release);
    else
        snprintf(r->engine, sizeof r->engine, "guestfs");
    guestfs_free_version(v);
    r->base.engine = r->engine;
}

int disk_guestfs_open(const struct nbd_server *servers, size_t count, const char *work,
                      const struct secret *key, struct disk_reader **ret, struct failure *f)
{
    struct guestfs_reader *r = calloc(1, sizeof *r);
    struct err err = {0};

    if (!r)
        return fail(f, "internal", "out of memory");
    // /dev/kvm can be there and yet not work for an ordinary machine; QEMU then ends at once, so that a
    // second try with emulation costs little and is the only honest test.
    r->g = launch(servers, count, work, false, &err);
    if (!r->g && !getenv("LIBGUESTFS_BACKEND_SETTINGS"))
        r->g = launch(servers, count, work, true, &err);
    if (!r->g) {
        free(r);
        return fail(f, "no-engine", "libguestfs cannot launch its machine: %.400s", err.text);
    }
    r->base.ops = &ops;
    r->base.ahead = true;
    name_engine(r);
    if (key)
        unlock(r, key);
    *ret = &r->base;
    return 0;
}
