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

static void test_ahead(void **state)
{
    static const struct disk_span beginning = {0, 3}, rest = {1000, 50000}, beyond = {UINT64_MAX - 1, 9},
                                  crooked = {1, DISK_IO_SPAN};
    struct disk_io *io;
    unsigned char bytes[3];
    struct err err = {0};

    (void)state;
    assert_true(made("printf 'abcdefghij' > short && truncate -s 40001 short && printf z >> short"));
    io = open_image("short");
    disk_io_ahead(io, &beginning, 1);
    disk_io_ahead(io, &beginning, 1);
    disk_io_ahead(io, &beyond, 1);
    assert_int_equal(io->requests, 1); // what is there, or cannot be, is not asked for
    assert_int_equal(io->bytes, DISK_IO_LINE);
    disk_io_ahead(io, &rest, 1);
    assert_int_equal(io->requests, 2);
    assert_int_equal(disk_io_read(io, 7, bytes, 3, &err), 0);
    assert_memory_equal(bytes, "hij", 3);
    assert_int_equal(disk_io_read(io, 39999, bytes, 3, &err), 0);
    assert_memory_equal(bytes, "\0\0z", 3);
    assert_int_equal(io->requests, 2);
    disk_io_free(io);
    assert_true(made("truncate -s 1M long"));
    io = open_image("long");
    disk_io_ahead(io, &crooked, 1);
    assert_int_equal(io->requests, 1);
    assert_int_equal(io->bytes, DISK_IO_SPAN); // whole lines would be more than a request takes
    disk_io_free(io);
}

// Two places that are read by turns, a gigabyte apart, and others between: none is read twice.
static void test_keeps(void **state)
{
    struct disk_io *io;
    unsigned char byte;
    struct err err = {0};

    (void)state;
    assert_true(made("truncate -s 2G far"));
    io = open_image("far");
    for (uint64_t i = 0; i < 200; i++) {
        assert_int_equal(disk_io_read(io, i % 2 << 30, &byte, 1, &err), 0);
        assert_int_equal(disk_io_read(io, (100 + i) << 20, &byte, 1, &err), 0);
    }
    assert_int_equal(io->requests, 202);
    disk_io_free(io);
}

static void check_table(const char *script, unsigned sector, const unsigned numbers[],
                        const uint64_t starts[])
{
    static struct disk_table table;
    struct err err = {0};
    struct disk_io *io;
    char command[512];
    size_t n = 0;

    snprintf(command, sizeof command,
             "rm -f table && truncate -s 64M table && printf '%s' | %s table > log 2>&1", script,
             sector == 512 ? "sfdisk -q" : "fdisk -b 4096");
    assert_true(made(command));
    io = open_image("table");
    assert_int_equal(disk_table_read(io, sector, &table, &err), 0);
    for (; numbers[n]; n++) {
        assert_true(n < table.count);
        assert_int_equal(table.parts[n].number, numbers[n]);
        assert_int_equal(table.parts[n].start, starts[n] * sector);
    }
    assert_int_equal(table.count, n);
    disk_io_free(io);
}

static void test_tables(void **state)
{
    (void)state;
    if (!made("command -v sfdisk > /dev/null"))
        skip();
    check_table("label: gpt\\nstart=2048, size=2048\\nstart=8192, size=4096\\n", 512,
                (const unsigned[]){1, 2, 0}, (const uint64_t[]){2048, 8192});
    check_table("label: dos\\nd1 : start=2048, size=2048\\nd2 : start=4096, size=100000, type=5\\n"
                "d5 : start=6144, size=1024\\nd6 : start=10240, size=2048\\n",
                512, (const unsigned[]){1, 5, 6, 0}, (const uint64_t[]){2048, 6144, 10240});
    check_table("label: dos\\n", 512, (const unsigned[]){0}, (const uint64_t[]){0});
    check_table("g\\nn\\n1\\n256\\n+1M\\nn\\n2\\n1024\\n+2M\\nw\\n", 4096, (const unsigned[]){1, 2, 0},
                (const uint64_t[]){256, 1024});
    check_table(
        "o\\nn\\np\\n1\\n256\\n+1M\\nn\\ne\\n2\\n1024\\n\\nn\\nl\\n1280\\n+1M\\nn\\nl\\n2560\\n+1M\\nw\\n",
        4096, (const unsigned[]){1, 5, 6, 0}, (const uint64_t[]){256, 1280, 2560});
}

// An LVM label in the second sector, with its checksum.
static void make_lvm(void)
{
    unsigned char label[512] = "LABELONE\1";
    uint32_t crc = 0xf597a6cf;
    int fd = open("kind", O_WRONLY | O_CLOEXEC);

    label[20] = 32;
    memcpy(label + 24, "LVM2 001", 8);
    memset(label + 32, 'x', 32);
    for (size_t i = 20; i < sizeof label; i++) {
        crc ^= label[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
    }
    for (int i = 0; i < 4; i++)
        label[16 + i] = (unsigned char)(crc >> 8 * i);
    assert_int_equal(pwrite(fd, label, sizeof label, 512), sizeof label);
    close(fd);
}

static void check_kind(uint64_t start, const char *type, enum kind_use use)
{
    struct disk_io *io = open_image("kind");
    struct disk_kind kind;
    struct err err = {0};

    assert_int_equal(disk_kind_find(io, start, io->size - start, &kind, &err), 0);
    assert_string_equal(kind.type, type);
    assert_int_equal(kind.use, use);
    assert_true(io->requests < 60);
    disk_io_free(io);
}

static void test_kinds(void **state)
{
#define PUT(at, bytes) "printf -- '" bytes "' | dd of=kind bs=1 seek=" at " conv=notrunc 2> log"
    static const struct {
        const char *program, *command, *type;
        enum kind_use use;
    } cases[] = {
        {"mkntfs", "mkntfs -q -F -s 512 -p 2048 kind", "ntfs", KIND_READ},
        {"mkntfs", "mkntfs -q -F -s 4096 -p 256 kind", "ntfs", KIND_READ},
        {"mkfs.ext2", "mkfs.ext2 -q -F kind", "ext2", KIND_READ},
        {"mkfs.ext4", "mkfs.ext4 -q -F kind", "ext4", KIND_READ},
        {"mkfs.xfs", "mkfs.xfs -q -f kind", "xfs", KIND_OTHER},
        {"mkfs.btrfs", "mkfs.btrfs -q -f kind", "btrfs", KIND_OTHER},
        {"mkfs.vfat", "mkfs.vfat kind", "vfat", KIND_NO_SYSTEM},
        {"mkswap", "mkswap kind", "swap", KIND_NO_SYSTEM},
        {"cryptsetup",
         "printf x | cryptsetup luksFormat -q --pbkdf pbkdf2 --pbkdf-force-iterations 1000 kind -",
         "crypto_LUKS", KIND_ENCRYPTED},
        {"dd",
         PUT("0", "\\353\\130\\220-FVE-FS-") " && " PUT(
             "160", "\\073\\326\\147\\111\\051\\056\\330\\112\\203\\231\\366\\243\\071\\343\\320\\001\\0\\0\\"
                    "001") " && " PUT("65536", "-FVE-FS-\\0\\0\\002"),
         "BitLocker", KIND_ENCRYPTED},
        {"dd", PUT("4096", "\\374\\116\\053\\251\\001") " && " PUT("4240", "\\010"), "linux_raid_member",
         KIND_OTHER},
        // NTFS without a sound $MFT is libntfs-3g's to refuse.
        {"dd", PUT("3", "NTFS    "), "ntfs", KIND_READ},
        {"dd", PUT("100", "what is this"), "unrecognized", KIND_UNKNOWN},
        // Two at once: nobody can tell which of them is alive.
        {"mkfs.ext2", "mkfs.ext2 -q -F kind && " PUT("65600", "_BHRfS_M"), "unrecognized", KIND_UNKNOWN},
        {"dd", ":", "unknown", KIND_EMPTY},
    };
#undef PUT

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        char command[1024];

        snprintf(command, sizeof command, "command -v %s > /dev/null", cases[i].program);
        if (!made(command))
            continue;
        snprintf(command, sizeof command, "rm -f kind && truncate -s 320M kind && { %s; } > log 2>&1",
                 cases[i].command);
        assert_true(made(command));
        check_kind(0, cases[i].type, cases[i].use);
    }
    assert_true(made("rm -f kind && truncate -s 4M kind"));
    make_lvm();
    check_kind(0, "LVM2_member", KIND_OTHER);
    check_kind(4096, "unknown", KIND_EMPTY);
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
        cmocka_unit_test(test_io),     cmocka_unit_test(test_ahead), cmocka_unit_test(test_keeps),
        cmocka_unit_test(test_tables), cmocka_unit_test(test_kinds), cmocka_unit_test(test_ext),
    };

    return cmocka_run_group_tests(tests, testing_dir_make, testing_dir_remove);
}
