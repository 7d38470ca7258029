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
#include "tests/unit/windows_disk.h"

#include <fcntl.h>
#include <inttypes.h>

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
    if (!windows_disk_tools())
        skip();
    windows_disk_hives();
    windows_disk_make();
    look_at_it("WS1", 20, 900 * 1024);
}

static void test_real(void **state)
{
    (void)state;
    if (!windows_disk_tools() || !copy_hives())
        skip();
    windows_disk_make();
    look_at_it("STUDENT-PC8", 38, 1300 * 1024);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_made), cmocka_unit_test(test_real)};

    return cmocka_run_group_tests(tests, testing_dir_make, testing_dir_remove);
}
