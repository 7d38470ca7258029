// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// What cannot be read is told and hides nothing beside it: a disk that fails while its volumes are listed, and a
// server that is gone or refuses its image.
#include "daemon/inspect/disk_direct.h"
#include "daemon/inspect/disk_look.h"
#include "daemon/inspect/nbd_server.h"
#include "tests/unit/testing.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>

static bool made(const char *command)
{
    return system(command) == 0; // NOLINT: words of our own
}

static int bad_place(struct disk_io *io, const struct disk_ask *asks, size_t count, struct err *err)
{
    (void)io, (void)asks, (void)count;
    return err_set(err, -EIO, "a bad place");
}

static struct disk_io *open_disk(const char *path, bool bad)
{
    static const struct disk_io_ops bad_ops = {.read = bad_place};
    struct disk_io *io = NULL;
    struct err err = {0};

    assert_int_equal(disk_io_file(open(path, O_RDONLY | O_CLOEXEC), &io, &err), 0);
    if (bad)
        io->ops = &bad_ops;
    return io;
}

static int look_at(const char *first, bool bad, const char *second, struct evidence *e, struct failure *f)
{
    struct disk_io *disks[] = {open_disk(first, bad), open_disk(second, false)};
    _cleanup_disk_direct_ struct disk_direct *direct = NULL;
    struct err err = {0};

    assert_int_equal(disk_direct_prepare(disks, 2, &direct, &err), 0);
    evidence_init(e);
    return disk_look(disk_direct_reader(direct), e, f);
}

static void test_bad_disk(void **state)
{
    static struct evidence e;
    struct failure f = {0};

    (void)state;
    if (!made("command -v mkfs.ext4 > log"))
        skip();
    assert_true(made("mkdir -p root/etc root/var/lib && printf ID=debian > root/etc/os-release && "
                     "truncate -s 16M sound zeros && mkfs.ext4 -q -F -d root sound"));
    assert_int_equal(look_at("zeros", true, "sound", &e, &f), 0);
    assert_string_equal(e.os, "linux");
    assert_int_equal(e.doubt_count, 1);
    assert_string_equal(e.doubts[0].id, "volume-not-read");
    assert_non_null(strstr(e.doubts[0].text, "/dev/sda: a bad place"));
    // Alone it is the reason.
    assert_int_equal(look_at("zeros", true, "zeros", &e, &f), -1);
    assert_string_equal(f.code, "unknown-filesystem");
    assert_non_null(strstr(f.err.text, "a bad place"));
}

static const struct {
    const char *log;
    int status; // as wait tells it
    const char *snapshot, *code, *text;
} ends[] = {
    {"", SIGKILL, NULL, "internal", "qemu-nbd, which reads the image, was ended from outside (Killed)"},
    {"", SIGTERM, NULL, "internal", "qemu-nbd, which reads the image, was ended from outside (Terminated)"},
    {"", SIGSEGV, NULL, "unsupported-disk", "qemu-nbd crashed (Segmentation fault) on the image"},
    {"", 1 << 8, NULL, "unsupported-disk", "QEMU refuses the image: it ended without a word"},
    {"qemu-nbd: Failed to blk_new_open 'json:{\"driver\":\"qcow2\",\"file\":{\"driver\":\"file\"}}': Image "
     "is "
     "corrupt\nmore\n",
     1 << 8, NULL, "unsupported-disk", "QEMU refuses the image: Image is corrupt"},
    {"qemu-nbd: Failed to get \"write\" lock\n", 1 << 8, NULL, "locked",
     "QEMU cannot read the image: Failed to get \"write\" lock"},
    {"qemu-nbd: Failed to load snapshot: Can't find snapshot\n", 1 << 8, "x", "unsupported-disk",
     "the image has no internal snapshot x"},
    {"qemu-nbd cannot be started: No such file or directory\n", 127 << 8, NULL, "no-engine",
     "qemu-nbd cannot be started: No such file or directory; install qemu-utils"},
};

static void test_server(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
        char log[512];
        struct failure f = {0};

        snprintf(log, sizeof log, "%s", ends[i].log);
        assert_int_equal(nbd_server_refused(log, ends[i].status, ends[i].snapshot, &f), -1);
        assert_string_equal(f.code, ends[i].code);
        assert_string_equal(f.err.text, ends[i].text);
        assert_true(f.next[0]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_bad_disk), cmocka_unit_test(test_server)};

    return cmocka_run_group_tests(tests, testing_dir_make, testing_dir_remove);
}
