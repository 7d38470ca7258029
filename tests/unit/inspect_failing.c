// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// A disk that fails while it is looked at: storage that has a bad place, an image that is cut off, QEMU that was
// killed. Each request of a look fails in turn, alone or with all behind it. Nothing that cannot be read may pass for
// something that is not there.
#include "daemon/inspect/disk_direct.h"
#include "daemon/inspect/disk_look.h"
#include "tests/unit/testing.h"
#include "tests/unit/windows_disk.h"

#include <errno.h>
#include <fcntl.h>

#ifdef __SANITIZE_ADDRESS__
// libntfs-3g leaves memory behind where a mount fails in its middle. A look is a process that ends then; only here do
// many of them follow each other in one. Its frames are found only the slow way.
const char *__asan_default_options(void);
const char *__lsan_default_suppressions(void);

const char *__asan_default_options(void)
{
    return "fast_unwind_on_malloc=0";
}

const char *__lsan_default_suppressions(void)
{
    return "leak:ntfs_device_mount\n";
}
#endif

static struct {
    const struct disk_io_ops *real;
    uint64_t calls, first, last; // those that fail
} faults;

static int read_or_fail(struct disk_io *io, const struct disk_ask *asks, size_t count, struct err *err)
{
    uint64_t call = faults.calls++;

    if (call >= faults.first && call <= faults.last)
        return err_set(err, -EIO, "a bad place");
    return faults.real->read(io, asks, count, err);
}

static int look_at_it(struct evidence *ret, struct failure *f)
{
    static struct disk_io_ops ops;
    _cleanup_disk_direct_ struct disk_direct *direct = NULL;
    _cleanup_close_ int fd = open("disk", O_RDONLY | O_CLOEXEC);
    struct disk_io *io = NULL;
    struct err err = {0};

    assert_int_equal(disk_io_file(fd, &io, &err), 0);
    faults.real = io->ops;
    faults.calls = 0;
    ops = *io->ops;
    ops.read = read_or_fail;
    io->ops = &ops;
    assert_int_equal(disk_direct_prepare(&io, 1, &direct, &err), 0);
    evidence_init(ret);
    return disk_look(disk_direct_reader(direct), ret, f);
}

static void check(uint64_t first, uint64_t last)
{
    static struct evidence e;
    struct failure f = {0};

    faults.first = first;
    faults.last = last;
    if (look_at_it(&e, &f) != 0) {
        assert_string_not_equal(f.code, "no-os");
        return;
    }
    assert_int_equal(e.joined, ANSWER_YES);
    assert_string_equal(e.sam_account_name, "WS1$");
    for (size_t i = 0; i < HIVE_NAMES; i++) // the disk has these two
        assert_int_equal(e.hives[i].state == HIVE_MISSING, i != HIVE_SECURITY && i != HIVE_SYSTEM);
}

static void test_bad_places(void **state)
{
    static struct evidence e;
    struct failure f = {0};
    uint64_t calls;

    (void)state;
    if (!windows_disk_tools())
        skip();
    windows_disk_hives();
    windows_disk_make();
    faults.first = UINT64_MAX;
    if (look_at_it(&e, &f) != 0)
        fail_msg("%s", f.err.text);
    calls = faults.calls;
    assert_true(calls > 5);
    for (uint64_t i = 0; i < calls; i++) {
        check(i, i);
        check(i, UINT64_MAX);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_bad_places)};

    return cmocka_run_group_tests(tests, testing_dir_make, testing_dir_remove);
}
