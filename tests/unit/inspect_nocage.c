// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// A service or a container that refuses both Landlock and namespaces: nothing is parsed, and it is said what to do.
#include "daemon/inspect/cage.h"
#include "tests/unit/testing.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

static struct record *before(void *arg, struct cage_fds *ret)
{
    (void)arg, (void)ret;
    return NULL;
}

static struct record *inside(void *arg)
{
    (void)arg;
    return record_new("parsed");
}

// As a container's filter does; for this process and all of its children.
static int refuse(int error)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_landlock_create_ruleset, 1, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_unshare, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (unsigned)error),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const struct sock_fprog program = {.len = ARRAY_SIZE(code), .filter = code};

    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return -errno;
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0 ? -errno : 0;
}

// 0: as it should be.
static int without_walls(int error)
{
    const struct cage_job job = {.before = before, .inside = inside};
    _cleanup_record_ struct record *answer = NULL;
    struct failure f = {0};

    if (refuse(error) < 0)
        return 77;
    if (cage_run(&job, 60, &answer, &f) < 0 || strcmp(record_get_or(answer, "code", ""), "no-cage") != 0)
        return 1;
    if (!strstr(record_get_or(answer, "text", ""), strerror(error)))
        return 2;
    if (!strstr(record_get_or(answer, "next", ""), "RestrictNamespaces=user"))
        return 3;
    return strcmp(record_get_or(answer, "exit", ""), "4") == 0 ? 0 : 4;
}

static void test_told(void **state)
{
    static const int errors[] = {EPERM, ENOSYS};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(errors); i++) {
        pid_t pid = fork();
        int status;

        assert_true(pid >= 0);
        if (pid == 0)
            _exit(without_walls(errors[i]));
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFEXITED(status));
        if (WEXITSTATUS(status) == 77)
            skip();
        assert_int_equal(WEXITSTATUS(status), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_told)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
