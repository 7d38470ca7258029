// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// Which volume is read, and why none is: with a reader whose volumes are directories.
#include "daemon/inspect/disk_look.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

struct fake_volume {
    const char *type, *first; // first: the volume's first bytes from offset 0 or 3
    size_t first_at;
    bool broken, bad_directories, bad_samba;
    const char *const *files; // names, NULL at the end
};

struct fake {
    struct disk_reader base;
    const struct fake_volume *volumes;
    int count, mounted;
};

static int fake_volumes(struct disk_reader *r, struct disk_volume ret[static VOLUMES_MAX], struct err *err)
{
    const struct fake *f = (const struct fake *)r;

    (void)err;
    for (int i = 0; i < f->count; i++) {
        snprintf(ret[i].device, VOLUME_NAME_MAX, "%d", i);
        snprintf(ret[i].type, VOLUME_NAME_MAX, "%s", f->volumes[i].type);
    }
    return f->count;
}

static int fake_peek(struct disk_reader *r, const char *device, void *ret, size_t len, struct err *err)
{
    const struct fake_volume *v = &((const struct fake *)r)->volumes[atoi(device)];

    (void)err;
    memset(ret, 0, len);
    if (v->first)
        memcpy((char *)ret + v->first_at, v->first, strlen(v->first));
    return 0;
}

static int fake_mount(struct disk_reader *r, const char *device, struct err *err)
{
    struct fake *f = (struct fake *)r;

    f->mounted = atoi(device);
    return f->volumes[f->mounted].broken ? err_set(err, -EIO, "mount: wrong magic") : 0;
}

static const char *find(struct disk_reader *r, const char *path)
{
    const struct fake *f = (const struct fake *)r;

    for (const char *const *name = f->volumes[f->mounted].files; name && *name; name++) {
        if (strcasecmp(*name, path) == 0)
            return *name;
    }
    return NULL;
}

static int fake_resolve(struct disk_reader *r, const char *path, char **ret, struct err *err)
{
    const char *name = find(r, path);

    (void)err;
    if (!name)
        return DISK_NO_FILE;
    *ret = strdup(name);
    return 0;
}

static int fake_exists(struct disk_reader *r, const char *path, struct err *err)
{
    const char *name = find(r, path);

    if (((const struct fake *)r)->volumes[((const struct fake *)r)->mounted].bad_directories)
        return err_set(err, -EIO, "a directory cannot be read");
    if (((const struct fake *)r)->volumes[((const struct fake *)r)->mounted].bad_samba &&
        strstr(path, "/samba"))
        return err_set(err, -EIO, "/var/lib/samba cannot be read");
    return name && strcmp(name, path) == 0;
}

// No file holds anything: the facts have tests of their own.
static int fake_open(struct disk_reader *r, const char *path, struct source **ret, struct err *err)
{
    struct blob nothing = {0};

    (void)err;
    return find(r, path) ? source_of_blob(&nothing, ret) : DISK_NO_FILE;
}

static void fake_free(struct disk_reader *r)
{
    (void)r;
}

static const struct disk_reader_ops ops = {
    .volumes = fake_volumes,
    .peek = fake_peek,
    .mount = fake_mount,
    .resolve = fake_resolve,
    .exists = fake_exists,
    .open = fake_open,
    .free = fake_free,
};

static const char *const windows_files[] = {"/WINDOWS/System32/Config", NULL};
static const char *const windows_security[] = {"/WINDOWS/System32/Config",
                                               "/WINDOWS/System32/Config/security", NULL};
static const char *const linux_files[] = {"/etc/os-release", "/var/lib", NULL};
static const char *const samba_dc_files[] = {"/etc/os-release", "/var/lib", "/var/lib/samba/private/sam.ldb",
                                             NULL};
static const char *const data_files[] = {"/pictures", NULL};

static int look(const struct fake_volume *volumes, int count, struct evidence *e, struct failure *f)
{
    struct fake fake = {.base = {.ops = &ops, .engine = "fake"}, .volumes = volumes, .count = count};

    evidence_init(e);
    return disk_look(&fake.base, e, f);
}

static void test_reasons(void **state)
{
    static const struct {
        struct fake_volume volumes[2];
        int count;
        const char *code, *encryption;
    } cases[] = {
        {{{.type = "unknown"}}, 0, "unknown-filesystem", NULL},
        {{{.type = "unknown"}, {.type = "swap"}}, 2, "unknown-filesystem", NULL},
        {{{.type = "ext4", .broken = true}}, 1, "unknown-filesystem", NULL},
        {{{.type = "ext4", .bad_directories = true}}, 1, "unknown-filesystem", NULL},
        {{{.type = "ext4", .files = data_files}}, 1, "no-os", NULL},
        {{{.type = "ntfs", .files = data_files}, {.type = "swap"}}, 2, "no-os", NULL},
        {{{.type = "ntfs", .files = data_files}, {.type = "unknown", .first = "-FVE-FS-", .first_at = 3}},
         2,
         "encrypted",
         "bitlocker"},
        {{{.type = "BitLocker", .first = "-FVE-FS-", .first_at = 3}}, 1, "encrypted", "bitlocker"},
        {{{.type = "crypto_LUKS", .first = "LUKS\xba\xbe"}, {.type = "ext4", .files = data_files}},
         2,
         "encrypted",
         "luks"},
        // A Windows directory without hives.
        {{{.type = "ntfs", .files = windows_files}}, 1, "no-os", NULL},
        // An empty file in the place of the hive.
        {{{.type = "ntfs", .files = windows_security}}, 1, "not-a-hive", NULL},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct failure f = {0};
        struct evidence e;

        assert_int_equal(look(cases[i].volumes, cases[i].count, &e, &f), -1);
        assert_string_equal(f.code, cases[i].code);
        assert_true(f.err.text[0] && f.next[0]);
        if (cases[i].encryption)
            assert_string_equal(f.encryption, cases[i].encryption);
        else
            assert_null(f.encryption);
    }
}

// With a key for LUKS it is the other engine's; that engine tells why a key did not open a volume.
static void test_luks(void **state)
{
    static const struct fake_volume locked = {.type = "crypto_LUKS", .first = "LUKS\xba\xbe"},
                                    beside[] = {{.type = "crypto_LUKS", .first = "LUKS\xba\xbe"},
                                                {.type = "ext4", .files = linux_files}};
    struct fake fake = {
        .base = {.ops = &ops, .engine = "fake", .key_elsewhere = true}, .volumes = &locked, .count = 1};
    struct failure f = {0};
    struct evidence e;

    (void)state;
    evidence_init(&e);
    assert_int_equal(disk_look(&fake.base, &e, &f), DISK_LOOK_OTHER);
    assert_string_equal(f.err.text, "LUKS");
    // One that is no member does not answer for what is locked.
    fake.volumes = beside;
    fake.count = 2;
    evidence_init(&e);
    assert_int_equal(disk_look(&fake.base, &e, &f), DISK_LOOK_OTHER);
    fake.base.key_elsewhere = false;
    fake.base.wrong_key = true;
    err_set(&fake.base.locked, 0, "the key does not open it");
    evidence_init(&e);
    assert_int_equal(disk_look(&fake.base, &e, &f), 0);
    fake.volumes = &locked;
    fake.count = 1;
    evidence_init(&e);
    assert_int_equal(disk_look(&fake.base, &e, &f), -1);
    assert_string_equal(f.code, "wrong-key");
    assert_string_equal(f.encryption, "luks");
    assert_string_equal(f.err.text, "the key does not open it");
}

static void test_linux(void **state)
{
    static const struct fake_volume plain[] = {{.type = "vfat", .files = data_files},
                                               {.type = "btrfs", .files = linux_files},
                                               {.type = "ntfs", .broken = true}};
    static const struct fake_volume two[] = {{.type = "ext4", .files = samba_dc_files},
                                             {.type = "xfs", .files = linux_files}};
    struct failure f = {0};
    struct evidence e;

    (void)state;
    assert_int_equal(look(plain, 3, &e, &f), 0);
    assert_string_equal(e.os, "linux");
    assert_int_equal(e.joined, ANSWER_NO);
    assert_int_equal(e.doubt_count, 1);
    assert_string_equal(e.doubts[0].id, "volume-not-read");
    assert_string_equal(e.encryption, "none");
    assert_string_equal(e.engine, "fake");
    assert_int_equal(look(two, 2, &e, &f), 0);
    assert_int_equal(e.role, ROLE_DOMAIN_CONTROLLER);
    assert_int_equal(e.doubt_count, 1);
    assert_string_equal(e.doubts[0].id, "several-systems");
}

// Whether it is a domain controller stands in a directory that cannot be read: nobody knows.
static void test_unreadable_samba(void **state)
{
    static const struct fake_volume volume = {.type = "ext4", .files = linux_files, .bad_samba = true};
    struct failure f = {0};
    struct evidence e;

    (void)state;
    assert_int_equal(look(&volume, 1, &e, &f), 0);
    assert_int_equal(e.role, ROLE_UNKNOWN);
    assert_int_equal(e.joined, ANSWER_UNKNOWN);
    assert_true(e.doubt_count > 0);
    for (size_t i = 0; i < e.doubt_count; i++)
        assert_true(strcmp(e.doubts[i].id, "unreadable-file") == 0 ||
                    strcmp(e.doubts[i].id, "damaged-secrets-tdb") == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_reasons), cmocka_unit_test(test_luks),
                                       cmocka_unit_test(test_linux), cmocka_unit_test(test_unreadable_samba)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
