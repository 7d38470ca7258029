// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// Every wall of the cage, tried from inside.
#include "daemon/inspect/cage.h"
#include "tests/unit/testing.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>

enum { LIMIT_S = 60 };

// What a try has at hand, made before the door closes.
struct trial {
    struct record *(*inside)(void *arg);
    int kept, spare;
    pid_t victim;
};

static struct record *before(void *arg, struct cage_fds *ret)
{
    struct trial *t = arg;

    t->victim = getppid();
    t->kept = memfd_create("kept", 0);
    if (t->kept < 0 || ftruncate(t->kept, 4096) < 0)
        return record_new("error");
    ret->fd[0] = t->kept;
    ret->count = 1;
    return NULL;
}

static struct record *passed(bool passed)
{
    struct record *r = record_new("tried");

    record_add_bool(r, "passed", passed);
    return r;
}

static struct record *in_vain(void *arg)
{
    (void)arg;
    return passed(false);
}

// ---- calls that end the process ----

static struct record *opens(void *arg)
{
    (void)arg;
    return passed(open("/etc/passwd", O_RDONLY) >= 0);
}

static struct record *stats(void *arg)
{
    struct stat st;

    (void)arg;
    return passed(stat("/etc/passwd", &st) == 0);
}

static struct record *makes_a_file(void *arg)
{
    (void)arg;
    return passed(syscall(SYS_memfd_create, "more", 0) >= 0);
}

static struct record *makes_a_socket(void *arg)
{
    (void)arg;
    return passed(socket(AF_INET, SOCK_STREAM, 0) >= 0);
}

static struct record *connects(void *arg)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX, .sun_path = "/run/virtrust/control.sock"};

    return passed(connect(((struct trial *)arg)->kept, (struct sockaddr *)&at, sizeof at) == 0);
}

static struct record *sends_elsewhere(void *arg)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX, .sun_path = "/run/virtrust/hook.sock"};

    return passed(
        sendto(((struct trial *)arg)->kept, "", 1, MSG_NOSIGNAL, (struct sockaddr *)&at, sizeof at) == 1);
}

static struct record *forks(void *arg)
{
    (void)arg;
    return passed(syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0) >= 0);
}

static struct record *becomes_a_shell(void *arg)
{
    char *argv[] = {"sh", "-c", "true", NULL}, *env[] = {NULL};

    (void)arg;
    execve("/bin/sh", argv, env);
    return passed(true);
}

static struct record *traces(void *arg)
{
    return passed(ptrace(PTRACE_ATTACH, ((struct trial *)arg)->victim, NULL, NULL) == 0);
}

static struct record *kills(void *arg)
{
    return passed(kill(((struct trial *)arg)->victim, 0) == 0);
}

static struct record *writes_elsewhere(void *arg)
{
    return passed(write(((struct trial *)arg)->kept, "x", 1) == 1);
}

static struct record *overwrites(void *arg)
{
    return passed(pwrite(((struct trial *)arg)->kept, "x", 1, 0) == 1);
}

static struct record *runs_data(void *arg)
{
    (void)arg;
    return passed(mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED);
}

static struct record *makes_data_code(void *arg)
{
    void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    (void)arg;
    return passed(mprotect(page, 4096, PROT_READ | PROT_EXEC) == 0);
}

static struct record *changes_its_user(void *arg)
{
    (void)arg;
    return passed(syscall(SYS_setresuid, 0, 0, 0) == 0);
}

static struct record *changes_its_limits(void *arg)
{
    (void)arg;
    return passed(syscall(SYS_prlimit64, 0, 9, NULL, NULL) == 0);
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
    return passed(syscall(door, -1, 0, 0, 0, 0, 0) >= 0);
}

// Another table of the same kernel's calls, in which numbers mean something else.
static struct record *speaks_x32(void *arg)
{
    (void)arg;
    return passed(syscall(0x40000000 | SYS_getpid) > 0);
}

// ---- ends of other kinds ----

static struct record *crashes(void *arg)
{
    (void)arg;
    __builtin_trap();
}

static struct record *spins(void *arg)
{
    volatile bool on = true;

    (void)arg;
    while (on)
        ;
    return passed(true);
}

// An answer, but not a record. The pipe is the descriptor made before the one that is kept.
static struct record *babbles(void *arg)
{
    return passed(write(((struct trial *)arg)->kept - 1, "\n\nnothing=\n", 11) != 11);
}

static int falls_deeper(volatile int depth)
{
    volatile char room[65536];

    room[depth % 65536] = 1;
    return depth < 0 ? 0 : falls_deeper(depth + 1) + room[depth % 65536];
}

static struct record *recurses(void *arg)
{
    (void)arg;
    return passed(falls_deeper(0) > 0);
}

static struct record *swallows(void *arg)
{
    size_t each = (size_t)256 << 20, got = 0;

    (void)arg;
    while (got < (size_t)4 << 30 &&
           mmap(NULL, each, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED)
        got += each;
    return passed(got >= (size_t)4 << 30);
}

static int try(struct record *(*inside)(void *arg), unsigned cpu_s, struct record **ret, struct failure *f)
{
    static struct trial t;
    struct cage_job job = {.before = before, .inside = inside, .arg = &t, .cpu_s = cpu_s};

    t = (struct trial){.inside = inside};
    return cage_run(&job, LIMIT_S, ret, f);
}

static void test_answers(void **state)
{
    _cleanup_record_ struct record *answer = NULL;
    struct failure f = {0};

    (void)state;
    assert_int_equal(try(in_vain, 0, &answer, &f), 0);
    assert_int_equal(record_get_bool(answer, "passed"), 0);
}

static void test_calls(void **state)
{
    static struct record *(*const tries[])(void *) = {
        opens,
        stats,
        makes_a_file,
        makes_a_socket,
        connects,
        sends_elsewhere,
        forks,
        becomes_a_shell,
        traces,
        kills,
        writes_elsewhere,
        overwrites,
        runs_data,
        makes_data_code,
        changes_its_user,
        changes_its_limits,
        speaks_x32,
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(tries); i++) {
        struct record *answer = NULL;
        struct failure f = {0};

        if (try(tries[i], 0, &answer, &f) == 0)
            fail_msg("try %zu was answered: passed=%d", i, record_get_bool(answer, "passed"));
        assert_string_equal(f.code, "unknown-filesystem");
        assert_non_null(strstr(f.err.text, "system call"));
    }
}

static void test_doors(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(doors); i++) {
        _cleanup_record_ struct record *answer = NULL;
        struct failure f = {0};

        door = doors[i].call;
        if (try(opens_a_door, 0, &answer, &f) == 0)
            fail_msg("%s was answered", doors[i].what);
        if (!strstr(f.err.text, "system call"))
            fail_msg("%s: %s", doors[i].what, f.err.text);
    }
}

static void test_ends(void **state)
{
    static const struct {
        struct record *(*inside)(void *);
        const char *says;
    } tries[] = {{crashes, "crashed"}, {spins, "1 s of work"}, {recurses, "crashed"}, {babbles, "none"}};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(tries); i++) {
        struct record *answer = NULL;
        struct failure f = {0};

        assert_int_equal(try(tries[i].inside, 1, &answer, &f), -1);
        assert_string_equal(f.code, "unknown-filesystem");
        if (!strstr(f.err.text, tries[i].says))
            fail_msg("try %zu: %s", i, f.err.text);
    }
    assert_int_equal(access("core", F_OK), -1);
}

static struct {
    int pid_pipe[2];
} outside;

static struct record *tells_its_pid(void *arg, struct cage_fds *ret)
{
    pid_t self = getpid();

    (void)arg, (void)ret;
    return write(outside.pid_pipe[1], &self, sizeof self) == sizeof self ? NULL : record_new("error");
}

// A host short of memory picks this process: that is nothing to hold against the disk.
static void test_killed_from_outside(void **state)
{
    struct cage_job job = {.before = tells_its_pid, .inside = spins};
    _cleanup_record_ struct record *answer = NULL;
    struct failure f = {0};
    pid_t killer, prisoner;

    (void)state;
    assert_int_equal(pipe(outside.pid_pipe), 0);
    killer = fork();
    if (killer == 0) {
        if (read(outside.pid_pipe[0], &prisoner, sizeof prisoner) != sizeof prisoner)
            _exit(1);
        _exit(kill(prisoner, SIGKILL) == 0 ? 0 : 1);
    }
    assert_int_equal(cage_run(&job, LIMIT_S, &answer, &f), -1);
    assert_string_equal(f.code, "internal");
    assert_non_null(strstr(f.err.text, "ended from outside"));
    assert_non_null(strstr(f.next, "memory"));
    assert_int_equal(waitpid(killer, NULL, 0), killer);
    close(outside.pid_pipe[0]);
    close(outside.pid_pipe[1]);
}

static void test_memory(void **state)
{
    _cleanup_record_ struct record *answer = NULL;
    struct failure f = {0};

    (void)state;
    if (VIRTRUST_SANITIZED)
        skip();
    assert_int_equal(try(swallows, 0, &answer, &f), 0);
    assert_int_equal(record_get_bool(answer, "passed"), 0);
}

// ---- each wall alone, for the list of calls hides the others ----

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
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers),
        cmocka_unit_test(test_calls),
        cmocka_unit_test(test_doors),
        cmocka_unit_test(test_ends),
        cmocka_unit_test(test_memory),
        cmocka_unit_test(test_alone),
        cmocka_unit_test(test_killed_from_outside),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
