// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/unit/windows_disk.h"

#include "common/cleanup.h"
#include "tests/unit/command.h"
#include "tests/unit/testing.h"

#include <fcntl.h>

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

bool windows_disk_tools(void)
{
    return system("command -v mkntfs sfdisk > /dev/null") == 0; // NOLINT: words of our own
}

void windows_disk_hives(void)
{
    const char *bin = getenv("VIRTRUST_BIN_DIR");

    run("mkdir -p hives && '%s/../test/mkhive' hives computer=WS1 netbios=LAB dns=lab.test "
        "domain_sid=S-1-5-21-1-2-3 account_sid=S-1-5-21-1-2-3-1107 set_at=133203110020139115 secret=one "
        "product=WinNT max_age=30",
        bin ? bin : "build/bin");
}

void windows_disk_make(void)
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
