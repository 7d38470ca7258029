// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// Doors of the cage that are there in no build: system calls with which a way out could begin, tried from inside.
#include "daemon/inspect/cage.h"
#include "tests/unit/testing.h"

#include <sys/syscall.h>

enum { LIMIT_S = 60 };

static struct record *before(void *arg, struct cage_fds *ret)
{
    (void)arg, (void)ret;
    return NULL;
}

// What else a way out could begin with, by its number alone: none of it gets as far as its arguments.
static const struct {
    const char *what;
    long call;
} doors[] = {
    {"io_uring_setup", SYS_io_uring_setup},
    {"process_vm_readv", SYS_process_vm_readv},
    {"process_vm_writev", SYS_process_vm_writev},
    {"pidfd_open", SYS_pidfd_open},
    {"pidfd_getfd", SYS_pidfd_getfd},
    {"pidfd_send_signal", SYS_pidfd_send_signal},
    {"tgkill", SYS_tgkill},
    {"rt_sigqueueinfo", SYS_rt_sigqueueinfo},
    {"openat2", SYS_openat2},
    {"open_by_handle_at", SYS_open_by_handle_at},
    {"linkat", SYS_linkat},
    {"unlinkat", SYS_unlinkat},
    {"execveat", SYS_execveat},
    {"clone3", SYS_clone3},
    {"socketpair", SYS_socketpair},
    {"bind", SYS_bind},
    {"accept4", SYS_accept4},
    {"recvmsg", SYS_recvmsg}, // may bring descriptors
    {"sendmsg", SYS_sendmsg}, // may send them
    {"dup", SYS_dup},
    {"fcntl", SYS_fcntl},
    {"ioctl", SYS_ioctl},
    {"writev", SYS_writev},
    {"ftruncate", SYS_ftruncate},
    {"unshare", SYS_unshare},
    {"setns", SYS_setns},
    {"mount", SYS_mount},
    {"chroot", SYS_chroot},
    {"bpf", SYS_bpf},
    {"perf_event_open", SYS_perf_event_open},
    {"userfaultfd", SYS_userfaultfd},
    {"add_key", SYS_add_key},
    {"keyctl", SYS_keyctl},
    {"shmget", SYS_shmget},
    {"rt_sigaction", SYS_rt_sigaction},
    {"timer_create", SYS_timer_create},
    {"setpriority", SYS_setpriority},
    {"sched_setscheduler", SYS_sched_setscheduler},
    {"seccomp", SYS_seccomp},
    {"personality", SYS_personality},
    {"pkey_mprotect", SYS_pkey_mprotect},
    {"init_module", SYS_init_module},
    {"reboot", SYS_reboot},
};

static long door;

static struct record *opens_a_door(void *arg)
{
    (void)arg;
    return syscall(door, -1, 0, 0, 0, 0, 0) >= 0 ? record_new("passed") : record_new("tried");
}

static void test_doors(void **state)
{
    const struct cage_job job = {.before = before, .inside = opens_a_door};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(doors); i++) {
        _cleanup_record_ struct record *answer = NULL;
        struct failure f = {0};

        door = doors[i].call;
        if (cage_run(&job, LIMIT_S, &answer, &f) == 0)
            fail_msg("%s was answered", doors[i].what);
        if (!strstr(f.err.text, "system call"))
            fail_msg("%s: %s", doors[i].what, f.err.text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_doors)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
