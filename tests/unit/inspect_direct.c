// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// The engine direct without QEMU and without a cage: tables, kinds of volumes, ext4 with and without an open journal,
// and how little of a disk is read. NTFS has its tests in the laboratory, where it can be mounted and filled.
#include "daemon/inspect/disk_direct.h"
#include "daemon/inspect/disk_fs.h"
#include "daemon/inspect/disk_kind.h"
#include "daemon/inspect/disk_look.h"
#include "daemon/inspect/disk_table.h"
#include "tests/unit/testing.h"

#include <errno.h>
#include <fcntl.h>

static bool made(const char *command)
{
    return system(command) == 0; // NOLINT: words of our own
}

static struct disk_io *open_image(const char *path)
{
    struct disk_io *io = NULL;
    struct err err = {0};
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    assert_true(fd >= 0);
    assert_int_equal(disk_io_file(fd, &io, &err), 0);
    return io;
}

static void test_io(void **state)
{
    struct disk_io *io;
    unsigned char bytes[3];
    struct err err = {0};

    (void)state;
    assert_true(made("printf 'abcdefghij' > short && truncate -s 40001 short"));
    io = open_image("short");
    assert_int_equal(disk_io_read(io, 9, bytes, 3, &err), 0);
    assert_memory_equal(bytes, "j\0\0", 3);
    assert_int_equal(disk_io_read(io, 39998, bytes, 3, &err), 0);
    assert_int_equal(disk_io_read(io, 39999, bytes, 3, &err), -ERANGE);
    assert_int_equal(disk_io_read(io, UINT64_MAX, bytes, 3, &err), -ERANGE);
    assert_int_equal(disk_io_read(io, 0, bytes, 3, &err), 0);
    assert_int_equal(io->requests, 2); // what lies near was kept
    disk_io_free(io);
}

static void check_table(const char *script, const unsigned numbers[], const uint64_t starts[])
{
    struct disk_table_copy *copy = NULL;
    static struct disk_table table;
    struct err err = {0};
    struct disk_io *io;
    char command[512];
    size_t n = 0;

    snprintf(command, sizeof command,
             "rm -f table && truncate -s 64M table && printf '%s' | sfdisk -q table > log 2>&1", script);
    assert_true(made(command));
    io = open_image("table");
    assert_int_equal(disk_table_copy(io, &copy, &err), 0);
    disk_table_read(copy, &table);
    for (; numbers[n]; n++) {
        assert_true(n < table.count);
        assert_int_equal(table.parts[n].number, numbers[n]);
        assert_int_equal(table.parts[n].start, starts[n] * 512);
    }
    assert_int_equal(table.count, n);
    disk_table_free(copy);
    disk_io_free(io);
}

static void test_tables(void **state)
{
    (void)state;
    if (!made("command -v sfdisk > /dev/null"))
        skip();
    check_table("label: gpt\\nstart=2048, size=2048\\nstart=8192, size=4096\\n", (const unsigned[]){1, 2, 0},
                (const uint64_t[]){2048, 8192});
    check_table("label: dos\\nd1 : start=2048, size=2048\\nd2 : start=4096, size=100000, type=5\\n"
                "d5 : start=6144, size=1024\\nd6 : start=10240, size=2048\\n",
                (const unsigned[]){1, 5, 6, 0}, (const uint64_t[]){2048, 6144, 10240});
    check_table("label: dos\\n", (const unsigned[]){0}, (const uint64_t[]){0});
}

static void test_kinds(void **state)
{
    static const struct {
        const char *at, *mark, *type;
        enum kind_use use;
    } cases[] = {
        {"3", "NTFS    ", "ntfs", KIND_READ},
        {"3", "-FVE-FS-", "BitLocker", KIND_ENCRYPTED},
        {"0", "LUKS\\272\\276", "crypto_LUKS", KIND_ENCRYPTED},
        {"512", "LABELONE", "LVM2_member", KIND_OTHER},
        {"0", "XFSB", "xfs", KIND_OTHER},
        {"65600", "_BHRfS_M", "btrfs", KIND_OTHER},
        {"4086", "SWAPSPACE2", "swap", KIND_NO_SYSTEM},
        {"100", "what is this", "unrecognized", KIND_UNKNOWN},
        {"0", "", "unknown", KIND_EMPTY},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct disk_kind kind;
        struct err err = {0};
        struct disk_io *io;
        char command[256];

        snprintf(command, sizeof command,
                 "rm -f kind && truncate -s 1M kind && printf -- '%s' | dd of=kind bs=1 seek=%s conv=notrunc "
                 "2> log",
                 cases[i].mark, cases[i].at);
        assert_true(made(command));
        io = open_image("kind");
        assert_int_equal(disk_kind_find(io, 0, io->size, &kind, &err), 0);
        assert_string_equal(kind.type, cases[i].type);
        assert_int_equal(kind.use, cases[i].use);
        disk_io_free(io);
    }
}

// The file's content as the engine sees it; "" when there is none.
static void content_of(const char *image, const char *path, char ret[static 64], uint64_t *ret_bytes)
{
    struct disk_io *io = open_image(image);
    struct disk_fs *fs = NULL;
    struct source *s = NULL;
    struct err err = {0};

    ret[0] = '\0';
    assert_int_equal(disk_ext_open(io, 0, io->size, &fs, &err), 0);
    if (fs->ops->open(fs, path, &s, &err) == 0) {
        assert_true(s->size < 64);
        assert_int_equal(source_read(s, 0, ret, (size_t)s->size, &err), 0);
        ret[s->size] = '\0';
    }
    source_free(s);
    *ret_bytes = io->bytes;
    disk_fs_free(fs);
    disk_io_free(io);
}

static void test_ext(void **state)
{
    char text[64];
    uint64_t bytes;

    (void)state;
    if (!made("command -v mkfs.ext4 debugfs dumpe2fs > /dev/null"))
        skip();
    assert_true(
        made("mkdir -p root/etc && printf old > root/etc/file && ln -s /etc/file root/etc/link && "
             "ln -s loop root/etc/loop && truncate -s 64M ext && mkfs.ext4 -q -F -b 4096 -d root ext"));
    content_of("ext", "/etc/link", text, &bytes);
    assert_string_equal(text, "old");
    assert_true(bytes < 256 * 1024);
    content_of("ext", "/etc/loop", text, &bytes);
    assert_string_equal(text, "");
    content_of("ext", "/etc", text, &bytes); // no file
    assert_string_equal(text, "");
    // The journal says otherwise: its copy of the file's only block.
    assert_true(made("block=$(debugfs -R 'blocks /etc/file' ext 2> log) && "
                     "{ printf new; head -c 4093 /dev/zero; } > data && "
                     "printf \"jo -c\\njw -b $block data\\njc\\n\" | debugfs -w ext > log 2>&1"));
    content_of("ext", "/etc/file", text, &bytes);
    assert_string_equal(text, "new");
    assert_true(bytes < 512 * 1024);
    // A later transaction takes that copy back.
    assert_true(made("block=$(debugfs -R 'blocks /etc/file' ext 2> log) && "
                     "printf \"jo -c\\njw -r $block\\njc\\n\" | debugfs -w ext > log 2>&1"));
    content_of("ext", "/etc/file", text, &bytes);
    assert_string_equal(text, "old");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_io),
        cmocka_unit_test(test_tables),
        cmocka_unit_test(test_kinds),
        cmocka_unit_test(test_ext),
    };

    return cmocka_run_group_tests(tests, testing_dir_make, testing_dir_remove);
}
