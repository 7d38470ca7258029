// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// How much of a disk a look reads, counted: a Windows-shaped disk (GPT, an NTFS volume with a full System32, a recovery
// volume; hives of real machines where they are at hand), looked at without QEMU and without a cage. The bounds lie a
// little above what is read today, so that what is read again, or for nothing, shows here and not in a benchmark.
#include "daemon/inspect/disk_direct.h"
#include "daemon/inspect/disk_look.h"
#include "tests/unit/command.h"
#include "tests/unit/inspect_common.h"
#include "tests/unit/testing.h"

#include <fcntl.h>
#include <inttypes.h>

// libntfs-3g's headers want to be told what its configure found.
#define HAVE_TIME_H 1
#define HAVE_SYS_STAT_H 1
#include <sys/stat.h>

#include <ntfs-3g/attrib.h>
#include <ntfs-3g/dir.h>
#include <ntfs-3g/inode.h>
#include <ntfs-3g/unistr.h>
#include <ntfs-3g/volume.h>

enum {
    FILES = 4000, // in System32
    WINDOWS_AT = 17 * 1024 * 1024,
    RECOVERY_AT = WINDOWS_AT + 512 * 1024 * 1024,
};

static void make(ntfs_volume *volume, const char *parent, const char *name, dev_t type)
{
    ntfs_inode *dir = ntfs_pathname_to_inode(volume, NULL, parent), *made = NULL;
    ntfschar *wide = NULL;
    int len = ntfs_mbstoucs(name, &wide);

    if (dir && len > 0)
        made = ntfs_create(dir, 0, wide, (u8)len, type);
    free(wide);
    if (!made)
        fail_msg("%s cannot be made", name);
    assert_int_equal(ntfs_inode_close_in_dir(made, dir), 0);
    assert_int_equal(ntfs_inode_close(dir), 0);
}

// What lies in ./hives under that name.
static void put_hive(ntfs_volume *volume, const char *name)
{
    char path[64], from[64], bytes[64 * 1024];
    ntfs_inode *file;
    ntfs_attr *data;
    ssize_t n;
    int fd;

    make(volume, "/Windows/System32/config", name, S_IFREG);
    snprintf(path, sizeof path, "/Windows/System32/config/%s", name);
    snprintf(from, sizeof from, "hives/%s", name);
    file = ntfs_pathname_to_inode(volume, NULL, path);
    data = file ? ntfs_attr_open(file, AT_DATA, AT_UNNAMED, 0) : NULL;
    fd = open(from, O_RDONLY | O_CLOEXEC);
    assert_true(data && fd >= 0);
    for (s64 at = 0; (n = read(fd, bytes, sizeof bytes)) > 0; at += n)
        assert_int_equal(ntfs_attr_pwrite(data, at, n, bytes), n);
    close(fd);
    ntfs_attr_close(data);
    assert_int_equal(ntfs_inode_close(file), 0);
}

static void fill(const char *image)
{
    ntfs_volume *volume = ntfs_mount(image, 0);

    assert_non_null(volume);
    make(volume, "/", "Windows", S_IFDIR);
    make(volume, "/Windows", "System32", S_IFDIR);
    make(volume, "/Windows/System32", "config", S_IFDIR);
    put_hive(volume, "SECURITY");
    put_hive(volume, "SYSTEM");
    for (int i = 0; i < FILES; i++) {
        char name[32];

        snprintf(name, sizeof name, "library%d.dll", i);
        make(volume, "/Windows/System32", name, S_IFREG);
    }
    assert_int_equal(ntfs_umount(volume, FALSE), 0);
}

static bool have_tools(void)
{
    return system("command -v mkntfs sfdisk > /dev/null") == 0; // NOLINT: words of our own
}

static void make_hives(void)
{
    const char *bin = getenv("VIRTRUST_BIN_DIR");

    run("mkdir -p hives && '%s/../test/mkhive' hives computer=WS1 netbios=LAB dns=lab.test "
        "domain_sid=S-1-5-21-1-2-3 account_sid=S-1-5-21-1-2-3-1107 set_at=133203110020139115 secret=one "
        "product=WinNT max_age=30",
        bin ? bin : "build/bin");
}

// Of two machines, each hive read for itself. False: there are none here.
static bool copy_hives(void)
{
    static const char *const from[][2] = {{"member-rotated", "SECURITY"}, {"member-win7", "SYSTEM"}};
    _cleanup_free_ char *real = real_hives();

    run("mkdir -p hives");
    for (size_t i = 0; real && i < ARRAY_SIZE(from); i++) {
        _cleanup_blob_ struct blob bytes = {0};
        char dir[4096], to[64];
        FILE *file;

        snprintf(dir, sizeof dir, "%.4000s/%s", real, from[i][0]);
        if (read_xz(dir, from[i][1], &bytes) < 0)
            return false;
        snprintf(to, sizeof to, "hives/%s", from[i][1]);
        file = fopen(to, "we");
        assert_true(file && fwrite(bytes.data, 1, bytes.len, file) == bytes.len && fclose(file) == 0);
    }
    return real;
}

static void make_disk(void)
{
    run("rm -f windows recovery disk && truncate -s 512M windows && truncate -s 64M recovery && "
        "mkntfs -q -F -Q -p 34816 windows > log 2>&1 && mkntfs -q -F -Q recovery > log 2>&1");
    fill("windows");
    run("truncate -s 600M disk && printf 'label: gpt\nstart=2048, size=32768, "
        "type=E3C9E316-0B5C-4DB8-817D-F92DF00215AE\nstart=%d, size=1048576\nstart=%d, size=131072\n' | "
        "sfdisk -q disk > log 2>&1",
        WINDOWS_AT / 512, RECOVERY_AT / 512);
    run("dd if=windows of=disk bs=1M seek=%d conv=notrunc,sparse 2> log && "
        "dd if=recovery of=disk bs=1M seek=%d conv=notrunc,sparse 2> log",
        WINDOWS_AT >> 20, RECOVERY_AT >> 20);
}

static void look_at_it(const char *computer, uint64_t most_requests, uint64_t most_bytes)
{
    _cleanup_disk_direct_ struct disk_direct *direct = NULL;
    _cleanup_close_ int fd = open("disk", O_RDONLY | O_CLOEXEC);
    static struct evidence e;
    struct disk_io *io = NULL, *disk;
    struct failure f = {0};
    struct err err = {0};

    assert_int_equal(disk_io_file(fd, &io, &err), 0);
    disk = io;
    assert_int_equal(disk_direct_prepare(&io, 1, &direct, &err), 0);
    evidence_init(&e);
    if (disk_look(disk_direct_reader(direct), &e, &f) != 0)
        fail_msg("%s", f.err.text);
    assert_string_equal(e.computer, computer);
    print_message("%" PRIu64 " requests, %" PRIu64 " bytes\n", disk->requests, disk->bytes);
    assert_true(disk->requests <= most_requests);
    assert_true(disk->bytes <= most_bytes);
}

static void test_made(void **state)
{
    (void)state;
    if (!have_tools())
        skip();
    make_hives();
    make_disk();
    look_at_it("WS1", 20, 900 * 1024);
}

static void test_real(void **state)
{
    (void)state;
    if (!have_tools() || !copy_hives())
        skip();
    make_disk();
    look_at_it("STUDENT-PC8", 38, 1300 * 1024);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_made), cmocka_unit_test(test_real)};

    return cmocka_run_group_tests(tests, testing_dir_make, testing_dir_remove);
}
