// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// Each wall of the cage alone, for the list of system calls hides the others.
#include "daemon/inspect/cage.h"
#include "tests/unit/testing.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>

// What one wall leaves possible, found out in a process of its own: its exit status.
static int alone(int (*wall)(void))
{
    pid_t pid = fork();
    int status;

    if (pid == 0)
        _exit(wall());
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

enum { HOLDS, FALLS, NOT_HERE };

static int files_are_away(void)
{
    return open("/etc/passwd", O_RDONLY) < 0 && open("/", O_RDONLY) < 0 &&
                   open("/tmp/x", O_RDWR | O_CREAT, 0600) < 0
               ? HOLDS
               : FALLS;
}

static int with_landlock(void)
{
    struct err err;

    if (cage_drop(cage_user_find(), getppid(), 10, &err) < 0)
        return FALLS;
    return cage_landlock() < 0 ? NOT_HERE : files_are_away();
}

static int with_an_empty_root(void)
{
    struct err err;

    if (cage_drop(cage_user_find(), getppid(), 10, &err) < 0)
        return FALLS;
    return cage_empty_root() < 0 ? NOT_HERE
           : open("/etc/passwd", O_RDONLY) < 0 && open("../../../etc/passwd", O_RDONLY) < 0 &&
                   open("x", O_RDWR | O_CREAT, 0600) < 0
               ? HOLDS
               : FALLS;
}

static bool limited(int what, rlim_t soft, rlim_t hard)
{
    struct rlimit l;

    return getrlimit((__rlimit_resource_t)what, &l) == 0 && l.rlim_cur == soft && l.rlim_max == hard;
}

static int as_another_user(void)
{
    uid_t before_uid = getuid();
    char line[256], caps[64] = "";
    struct err err;
    FILE *status;

    // Its own status can be read only while it may be traced, which ends here too.
    status = fopen("/proc/self/status", "re");
    if (!status || cage_drop(cage_user_find(), getppid(), 10, &err) < 0)
        return FALLS;
    while (fgets(line, sizeof line, status))
        sscanf(line, "CapPrm: %63s", caps);
    if (before_uid == 0 && (getuid() == 0 || setresuid(0, 0, 0) == 0))
        return FALLS;
    if (!limited(RLIMIT_CORE, 0, 0) || !limited(RLIMIT_NPROC, 0, 0) || !limited(RLIMIT_CPU, 10, 11) ||
        (!VIRTRUST_SANITIZED && !limited(RLIMIT_AS, (rlim_t)1 << 30, (rlim_t)1 << 30)))
        return FALLS;
    if (strspn(caps, "0") != strlen(caps) || prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 0 ||
        prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
        return FALLS;
    return fork() < 0 || before_uid != 0 ? HOLDS : FALLS;
}

static int with_few_descriptors(void)
{
    struct cage_fds keep = {.count = 1};
    int pipe_fds[2], other = open("/etc/passwd", O_RDONLY);
    struct err err;

    if (pipe(pipe_fds) < 0 || other < 0)
        return FALLS;
    keep.fd[0] = pipe_fds[0];
    if (cage_close(&keep, pipe_fds[1], &err) < 0)
        return FALLS;
    for (int fd = 3; fd < 1024; fd++) {
        if ((fcntl(fd, F_GETFD) >= 0) != (fd == pipe_fds[0] || fd == pipe_fds[1]))
            return FALLS;
    }
    return write(STDOUT_FILENO, "x", 1) < 0 && write(STDERR_FILENO, "x", 1) < 0 ? HOLDS : FALLS;
}

static void test_alone(void **state)
{
    int landlock = alone(with_landlock), root = alone(with_an_empty_root);

    (void)state;
    if (landlock == NOT_HERE)
        print_message("this kernel has no Landlock\n");
    if (root == NOT_HERE)
        print_message("this kernel gives no user namespaces\n");
    assert_int_not_equal(landlock, FALLS);
    assert_int_not_equal(root, FALLS);
    assert_true(landlock == HOLDS || root == HOLDS);
    assert_int_equal(alone(as_another_user), HOLDS);
    assert_int_equal(alone(with_few_descriptors), HOLDS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_alone)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
