// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/inspect/disk_look.h"

#include "common/keytab.h"
#include "common/plural.h"
#include "daemon/inspect/linux_facts.h"
#include "daemon/inspect/windows_facts.h"

#include <errno.h>
#include <string.h>

static const char config_dir[] = "/Windows/System32/config";
static const char keytab_path[] = "/etc/krb5.keytab";
static const char *const tdb_paths[] = {"/var/lib/samba/private/secrets.tdb", "/var/lib/samba/secrets.tdb",
                                        "/etc/samba/secrets.tdb"};
static const char *const dc_paths[] = {"/var/lib/samba/private/sam.ldb", "/usr/local/samba/private/sam.ldb"};

enum system_kind { SYSTEM_NONE, SYSTEM_WINDOWS, SYSTEM_LINUX };

// What the volumes showed while systems were searched.
struct search {
    struct disk_systems *systems; // borrowed
    unsigned mounted, unknown, damaged;
    struct err other;      // what this engine does not read, the first of its kind; "" nothing
    const char *encrypted; // "luks", "bitlocker"
    char encrypted_device[VOLUME_NAME_MAX];
    struct err reason; // why a volume could not be mounted
    bool wrong_key;
    struct err locked; // why a key did not open a volume; "" there is none, or it did
};

// By the volume's first sector, whatever the engine calls it.
static const char *encryption_of(struct disk_reader *r, const struct disk_volume *v)
{
    unsigned char sector[512];
    struct err err = {0};

    if (r->ops->peek(r, v->device, sector, sizeof sector, &err) < 0)
        return NULL;
    if (memcmp(sector + 3, "-FVE-FS-", 8) == 0)
        return "bitlocker";
    return memcmp(sector, "LUKS\xba\xbe", 6) == 0 ? "luks" : NULL;
}

// The first of these paths that is there, or of which it cannot be told: 1, 0, or a negative errno with a sentence.
static int has_any(struct disk_reader *r, const char *const paths[], size_t count, const char **ret,
                   struct err *err)
{
    for (size_t i = 0; i < count; i++) {
        int rc = r->ops->exists(r, paths[i], err);

        if (rc == 0)
            continue;
        *ret = paths[i];
        return rc;
    }
    return 0;
}

static size_t list_count(const char *const list[])
{
    size_t count = 0;

    while (list[count])
        count++;
    return count;
}

// The kind of system on the mounted volume: 0, or a negative errno with a sentence where it is too damaged to tell.
static int kind_of(struct disk_reader *r, const struct disk_volume *v, char **ret_config,
                   enum system_kind *ret, struct err *err)
{
    static const char *const linux_marks[] = {keytab_path, "/etc/os-release"};
    const char *mark;
    int rc;

    // NTFS has one type, several drivers: ntfs, ntfs3, ntfs-3g.
    if (strncmp(v->type, "ntfs", 4) == 0) {
        rc = r->ops->resolve(r, config_dir, ret_config, err);
        *ret = rc == 0 ? SYSTEM_WINDOWS : SYSTEM_NONE;
    } else {
        rc = has_any(r, linux_marks, ARRAY_SIZE(linux_marks), &mark, err);
        *ret = rc == 1 ? SYSTEM_LINUX : SYSTEM_NONE;
    }
    return rc < 0 ? rc : 0;
}

static int nothing_found(const struct search *s, int volumes, struct failure *f)
{
    // The system may lie where this engine does not read; an encrypted volume is a reason only when it cannot.
    if (s->other.text[0]) {
        fail(f, "unknown-filesystem", "%s", s->other.text);
        return DISK_LOOK_OTHER;
    }
    if (s->encrypted && strcmp(s->encrypted, "luks") == 0 && s->locked.text[0]) {
        f->encryption = s->encrypted;
        return fail(f, s->wrong_key ? "wrong-key" : "unsupported-disk", "%s", s->locked.text);
    }
    if (s->encrypted) {
        f->encryption = s->encrypted;
        return fail(f, "encrypted", "the volume %s is encrypted with %s", s->encrypted_device,
                    strcmp(s->encrypted, "luks") == 0 ? "LUKS" : "BitLocker");
    }
    if (s->damaged > 0)
        return fail(f, "unknown-filesystem", "a file system cannot be read: %.300s", s->reason.text);
    if (s->mounted == 0)
        return fail(f, "unknown-filesystem",
                    "there is no file system that can be read (%d %s looked at, %u of unknown kind)", volumes,
                    plural((unsigned)volumes, "volume", "volumes"), s->unknown);
    return fail(f, "no-os",
                s->mounted == 1 ? "the %u file system holds neither Windows nor a Linux root"
                                : "none of the %u file systems holds Windows or a Linux root",
                s->mounted);
}

// 0, DISK_NO_FILE, or a negative errno with a sentence.
static int open_file(struct disk_reader *r, const char *config, enum hive_name name, const char *suffix,
                     struct source **ret, struct err *err)
{
    _cleanup_free_ char *path = NULL, *true_path = NULL;
    int rc;

    if (asprintf(&path, "%s/%s%s", config, hive_file_names[name], suffix) < 0)
        return err_set(err, -ENOMEM, "out of memory");
    rc = r->ops->resolve(r, path, &true_path, err);
    return rc == 0 ? disk_open(r, true_path, HIVE_FILE_MAX, ret, err) : rc;
}

// One hive, and its logs where it is dirty. A hive that is there but cannot be read is as good as damaged; a log
// like that is as good as missing.
static int read_hive(struct disk_reader *r, const char *config, enum hive_name name, struct hive_files *in,
                     struct failure *f)
{
    struct err err = {0};
    int rc = open_file(r, config, name, "", &in->file, &err);

    if (rc < 0)
        return fail(f, "damaged-hive", "%s/%s cannot be read: %.300s", config, hive_file_names[name],
                    err.text);
    if (rc != 0 || !hive_wants_logs(in->file))
        return 0;
    for (size_t i = 0; i < HIVE_LOGS; i++)
        open_file(r, config, name, hive_log_suffixes[i], &in->logs[i], &err);
    return 0;
}

// Unknown where the file is there and cannot be read.
static void read_hibernation(struct disk_reader *r, struct evidence *e)
{
    _cleanup_free_ char *path = NULL;
    _cleanup_blob_ struct blob head = {0};
    struct err err = {0};
    int rc = r->ops->resolve(r, "/hiberfil.sys", &path, &err);

    if (rc == 0)
        rc = disk_read_head(r, path, HIVE_SECTOR, &head, &err);
    if (rc >= 0)
        windows_facts_hibernation(head.data, head.len, e);
}

static int find_windows(struct disk_reader *r, const char *config, struct hive_set *ret, struct failure *f)
{
    for (enum hive_name name = 0; name < HIVE_NAMES; name++) {
        if (read_hive(r, config, name, &ret->in[name], f) < 0)
            return -1;
    }
    return 0;
}

// A file that is there but cannot be read is a doubt; its bytes stay empty.
static void read_linux_file(struct disk_reader *r, const char *path, size_t max, struct blob *ret,
                            struct evidence *e)
{
    struct err err = {0};

    if (disk_read_file(r, path, max, ret, &err) != 0)
        evidence_doubt(e, "unreadable-file", "%s is there but cannot be read: %.300s", path, err.text);
}

// Like has_any(). What cannot be told is unknown, with a doubt: "there is none" would be a fact of its own.
static enum answer may_have(struct disk_reader *r, const char *const paths[], size_t count, const char **ret,
                            struct evidence *e)
{
    struct err err = {0};
    int rc = has_any(r, paths, count, ret, &err);

    if (rc < 0)
        evidence_doubt(e, "unreadable-file", "%s may be there, but cannot be looked for: %.300s", *ret,
                       err.text);
    return rc < 0 ? ANSWER_UNKNOWN : rc == 1 ? ANSWER_YES : ANSWER_NO;
}

// Nothing is decided by them, so that what cannot be read is no doubt.
static void read_settings(struct disk_reader *r, struct linux_files *ret)
{
    const char *ignored;
    struct err err = {0};

    for (size_t i = 0; i < LINUX_SETTINGS; i++)
        disk_read_file(r, linux_settings_paths[i], LINUX_SETTINGS_MAX, &ret->settings[i], &err);
    for (size_t i = 0; i < LINUX_SERVICES; i++) {
        const struct linux_service *s = &linux_services[i];

        if (!linux_service_asked(ret, s))
            continue;
        ret->installed[i] = has_any(r, s->units, list_count(s->units), &ignored, &err) == 1;
        ret->starts[i] = has_any(r, s->starts, list_count(s->starts), &ignored, &err) != 0;
    }
}

static void find_linux(struct disk_reader *r, struct linux_files *ret, struct evidence *e)
{
    static const char *const keytab[] = {keytab_path}, *const var[] = {"/var/lib"};
    const char *dc, *lib;

    if (may_have(r, keytab, 1, &ret->keytab_path, e) != ANSWER_NO)
        read_linux_file(r, keytab_path, KEYTAB_FILE_MAX, &ret->keytab, e);
    if (may_have(r, tdb_paths, ARRAY_SIZE(tdb_paths), &ret->tdb_path, e) != ANSWER_NO)
        read_linux_file(r, ret->tdb_path, SECRETS_TDB_MAX, &ret->tdb, e);
    read_settings(r, ret);
    ret->samba_dc = may_have(r, dc_paths, ARRAY_SIZE(dc_paths), &dc, e);
    if (may_have(r, var, 1, &lib, e) == ANSWER_NO)
        evidence_doubt(e, "var-elsewhere",
                       "/var lies on another volume, so Samba's secrets.tdb was not looked for");
}

// Its files, and where they need not be read ahead, what they say: they are closed again before the next volume.
// config is NULL for Linux.
static void add_system(struct disk_reader *r, const struct disk_volume *v, const char *config,
                       struct disk_systems *all)
{
    struct disk_system *system = disk_systems_add(all, v->device, config != NULL);

    if (!system)
        return;
    system->said.encryption = v->unlocked ? "luks" : "none";
    if (config) {
        read_hibernation(r, &system->said);
        if (find_windows(r, config, &system->hives, &system->failure) < 0)
            system->rc = -1;
    } else {
        find_linux(r, &system->files, &system->said);
    }
    if (!r->ahead || system->rc < 0)
        disk_system_parse(system);
}

// What nobody recognizes is no reason to ask for more once a system was found.
static void other_engine(struct search *s, const struct err *what, bool recognized)
{
    if (!s->other.text[0])
        s->other = *what;
    if (recognized && !s->systems->unread.text[0])
        s->systems->unread = *what;
}

static void visit(struct disk_reader *r, const struct disk_volume *v, struct search *s)
{
    _cleanup_free_ char *config = NULL;
    const char *encryption;
    enum system_kind kind = SYSTEM_NONE;
    struct err err = {0};
    int rc;

    if (strcmp(v->type, "swap") == 0)
        return;
    encryption = encryption_of(r, v);
    if (encryption && strcmp(encryption, "luks") == 0 && r->key_elsewhere) {
        other_engine(s, &(struct err){"LUKS"}, true);
        return;
    }
    if (encryption) {
        s->encrypted = encryption;
        s->systems->encrypted = encryption;
        memcpy(s->encrypted_device, v->device, sizeof s->encrypted_device);
        return;
    }
    if (strcmp(v->type, "unknown") == 0) {
        s->unknown++;
        return;
    }
    rc = r->ops->mount(r, v->device, &err);
    if (rc == 0)
        rc = kind_of(r, v, &config, &kind, &err);
    if (rc == DISK_OTHER_ENGINE) {
        other_engine(s, &err, strcmp(v->type, "unrecognized") != 0);
        return;
    }
    if (rc < 0) {
        s->reason = err;
        s->damaged++;
        if (!s->systems->damaged.text[0])
            err_set(&s->systems->damaged, rc, "%s: %.300s", v->device, err.text);
        return;
    }
    s->mounted++;
    if (kind != SYSTEM_NONE)
        add_system(r, v, kind == SYSTEM_WINDOWS ? config : NULL, s->systems);
}

void disk_found_done(struct disk_found *found)
{
    hive_set_done(&found->hives);
    linux_files_done(&found->files);
    found->systems = disk_systems_free(found->systems);
}

int disk_look_find(struct disk_reader *r, struct disk_found *ret, struct evidence *e, struct failure *f)
{
    _cleanup_free_ struct disk_volume *volumes = calloc(VOLUMES_MAX, sizeof *volumes);
    struct search s = {.systems = calloc(1, sizeof *s.systems)};
    struct err err = {0};
    int count;

    ret->systems = s.systems;
    if (!volumes || !s.systems)
        return fail(f, "internal", "out of memory");
    snprintf(e->engine, sizeof e->engine, "%s", r->engine);
    count = r->ops->volumes(r, volumes, &err);
    if (count < 0)
        return fail(f, "unknown-filesystem", "the volumes cannot be listed: %.300s", err.text);
    s.wrong_key = r->wrong_key;
    s.locked = r->locked;
    for (int i = 0; i < count; i++)
        visit(r, &volumes[i], &s);
    return s.systems->count > 0 ? 0 : nothing_found(&s, count, f);
}

int disk_look_parse(struct disk_found *found, struct evidence *e, struct failure *f)
{
    if (found->systems)
        return disk_systems_tell(found->systems, e, f);
    if (found->windows)
        return windows_evidence(&found->hives, e, f);
    linux_evidence(&found->files, e);
    return 0;
}

// The guest's membership may lie in what was not read.
static int unread(const struct err *what, const struct evidence *e, int rc, struct failure *f)
{
    if (!what->text[0] || (rc == 0 && e->joined == ANSWER_YES))
        return rc;
    fail(f, "unknown-filesystem", "%s", what->text);
    return DISK_LOOK_OTHER;
}

int disk_look(struct disk_reader *r, struct evidence *e, struct failure *f)
{
    _cleanup_disk_found_ struct disk_found found = {0};
    int rc = disk_look_find(r, &found, e, f);

    if (rc != 0)
        return rc;
    rc = disk_look_parse(&found, e, f);
    return unread(&found.systems->unread, e, rc, f);
}
