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
#include <sys/ptrace.h>
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers),
        cmocka_unit_test(test_calls),

        cmocka_unit_test(test_ends),
        cmocka_unit_test(test_memory),
        cmocka_unit_test(test_killed_from_outside),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
