// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// A file system that hangs is made with FUSE's bare protocol where /dev/fuse can be used: nobody answers its requests.
#include "daemon/watch/filestat.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cmocka.h>

static char where[] = "/tmp/virtrust-filestat-XXXXXX";

static void test_answers(void **state)
{
    _cleanup_(filestat_freep) struct filestat *fs = filestat_new(20000);
    struct filestat_result got = {.ino = 42};
    struct stat st;
    FILE *f = fopen("disk", "w");

    (void)state;
    assert_true(fputs("0123456789", f) >= 0);
    fclose(f);
    assert_int_equal(stat("disk", &st), 0);
    assert_int_equal(filestat_get(fs, "nowhere", &got), -ENOENT);
    assert_int_equal(filestat_get(fs, "/dev/null", &got), -ENOTSUP);
    assert_int_equal(filestat_get(fs, "disk/below", &got), -ENOTDIR);
    assert_int_equal(got.ino, 42);
    assert_int_equal(filestat_get(fs, "disk", &got), 0);
    assert_int_equal(got.dev, st.st_dev);
    assert_int_equal(got.ino, st.st_ino);
    assert_int_equal(got.size, 10);
    assert_int_equal(got.mtime_us, (int64_t)st.st_mtim.tv_sec * 1000000 + st.st_mtim.tv_nsec / 1000);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(filestat_get(fs, "disk", &got), 0);
    assert_int_equal(filestat_get(NULL, "disk", &got), -ENOTSUP);
}

static void test_long_path(void **state)
{
    _cleanup_(filestat_freep) struct filestat *fs = filestat_new(20000);
    static char path[8192];
    struct filestat_result got;

    (void)state;
    memset(path, 'x', sizeof path - 1);
    assert_int_equal(filestat_get(fs, path, &got), -ENAMETOOLONG);
    path[3000] = '\0';
    assert_int_equal(filestat_get(fs, path, &got), -ENAMETOOLONG);
}

// A mount on ./hangs whose server, this process, never answers; in a mount name space of our own.
static int mount_dead_file_system(void)
{
    char options[128];
    int fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);

    if (fd < 0 || mkdir("hangs", 0755) < 0)
        return -1;
    snprintf(options, sizeof options, "fd=%d,rootmode=40000,user_id=0,group_id=0", fd);
    if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
        mount("dead", "hangs", "fuse", MS_NOSUID | MS_NODEV, options) < 0)
        return -1;
    return fd;
}

static void test_hanging_storage(void **state)
{
    _cleanup_(filestat_freep) struct filestat *fs = filestat_new(300);
    _cleanup_close_ int fd = mount_dead_file_system();
    struct filestat_result got;

    (void)state;
    if (fd < 0) {
        print_message("skip - no FUSE mount here: %s\n", strerror(errno));
        filestat_freep(&fs); // skip() does not return
        skip();
    }
    assert_int_equal(filestat_get(fs, "hangs/a.qcow2", &got), -ETIMEDOUT);
    assert_int_equal(filestat_get(fs, "hangs/b.qcow2", &got), -EBUSY); // not asked again
    assert_int_equal(filestat_get(fs, "disk", &got), 0);               // others still are
    assert_int_equal(filestat_get(fs, "hangs/sub/c", &got), -ETIMEDOUT);
    assert_int_equal(filestat_get(fs, "disk", &got), 0);
}

static int prepare(void **state)
{
    (void)state;
    return mkdtemp(where) ? chdir(where) : -1;
}

static int clear(void **state)
{
    (void)state;
    (void)umount2("hangs", MNT_DETACH);
    if (chdir("/") < 0)
        return -1;
    if (fork() == 0)
        execlp("rm", "rm", "-rf", where, (char *)NULL);
    wait(NULL);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers),
        cmocka_unit_test(test_long_path),
        cmocka_unit_test(test_hanging_storage),
    };

    return cmocka_run_group_tests(tests, prepare, clear);
}
