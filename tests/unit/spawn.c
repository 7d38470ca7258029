// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// The real virtrust-spawn over small scripts in place of virtrust's programs: what it starts, with what environment,
// how often at once, and that nothing of it survives, whoever is killed.
#include "common/os/recio.h"

#include "tests/unit/testing.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

enum { PATIENCE_S = 30 };

static const char always_on[] = "#!/bin/sh\n"
                                "cd \"${0%/*}\"; name=${0##*/}\n"
                                "sleep 1000 & echo $! > $name.below.new; mv $name.below.new $name.below\n"
                                "echo $$ > $name.new; mv $name.new $name.pid\n"
                                "wait\n";
static const char worker[] =
    "#!/bin/sh\n"
    "cd \"${0%/*}\"; name=${0##*/}\n"
    "sleep 1000 > /dev/null & echo $! > $name.below.new; mv $name.below.new $name.below\n"
    "echo $$ > $name.new; mv $name.new $name.pid\n"
    "read line\n"
    "echo \"got $line\"; echo \"args $*\"; env\n";

static pid_t spawn_pid;

static void write_script(const char *path, const char *text)
{
    FILE *f = fopen(path, "we");

    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
    assert_int_equal(chmod(path, 0755), 0);
}

static void reap_all(void)
{
    while (waitpid(-1, NULL, WNOHANG) > 0)
        ;
}

static void nap(void)
{
    nanosleep(&(struct timespec){.tv_nsec = 20 * 1000 * 1000}, NULL);
}

static bool alive(pid_t pid)
{
    return kill(pid, 0) == 0;
}

static void wait_gone(pid_t pid)
{
    for (int i = 0; i < PATIENCE_S * 50; i++) {
        if (pid != spawn_pid)
            reap_all();
        if (!alive(pid))
            return;
        nap();
    }
    fail_msg("process %d is still there", (int)pid);
}

// Waits for a pid file that names another process than `not_this`.
static pid_t wait_pid(const char *path, pid_t not_this)
{
    for (int i = 0; i < PATIENCE_S * 50; i++) {
        _cleanup_fclose_ FILE *f = fopen(path, "re");
        int pid = 0;

        if (f && fscanf(f, "%d", &pid) == 1 && pid > 0 && pid != not_this)
            return pid;
        nap();
    }
    fail_msg("%s does not appear", path);
    return -1;
}

static pid_t run_spawn(void)
{
    const char *bin = getenv("VIRTRUST_BIN_DIR");
    char program[4096];
    pid_t pid;

    snprintf(program, sizeof program, "%s/virtrust-spawn", bin ? bin : ".");
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        execl(program, "virtrust-spawn", "--config", "c.yaml", "--bin", "bin", NULL);
        _exit(127);
    }
    return pid;
}

static int exit_code(pid_t pid)
{
    int status = 0;

    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static int write_config(void)
{
    _cleanup_fclose_ FILE *f = fopen("c.yaml", "we");
    char dir[4000];

    if (!f || !getcwd(dir, sizeof dir))
        return -1;
    return fprintf(f,
                   "paths:\n  runtime: %s/run\n  state: %s/state\n  spool: %s/spool/hook\n"
                   "look:\n  at_once: 1\n  appliances: 1\n",
                   dir, dir, dir);
}

static int setup(void **state)
{
    (void)state;
    setenv("SECRET_OF_THE_SHELL", "1", 1);
    setenv("LIBGUESTFS_BACKEND", "direct", 1);
    if ((mkdir("bin", 0755) < 0 && errno != EEXIST) || write_config() < 0)
        return -1;
    for (int i = 0; i < 2; i++)
        write_script((const char *[]){"bin/virtrustd", "bin/virtrust-watch"}[i], always_on);
    for (int i = 0; i < 3; i++)
        write_script(
            (const char *[]){"bin/virtrust-inspect", "bin/virtrust-directory", "bin/virtrust-deliver"}[i],
            worker);
    for (int i = 0; i < 5; i++)
        unlink((const char *[]){"bin/virtrustd.pid", "bin/virtrust-watch.pid", "bin/virtrust-inspect.pid",
                                "bin/virtrust-directory.pid", "bin/virtrust-deliver.pid"}[i]);
    spawn_pid = run_spawn();
    wait_pid("bin/virtrustd.pid", 0);
    wait_pid("bin/virtrust-watch.pid", 0);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    if (spawn_pid > 0) {
        kill(spawn_pid, SIGTERM);
        exit_code(spawn_pid);
    }
    spawn_pid = 0;
    return 0;
}

static void test_directories(void **state)
{
    struct stat st;

    (void)state;
    assert_int_equal(stat("run", &st), 0);
    assert_int_equal(st.st_mode & 07777, 0711);
    assert_int_equal(stat("state", &st), 0);
    assert_int_equal(st.st_mode & 07777, 0700);
    assert_int_equal(stat("spool/hook", &st), 0);
    assert_int_equal(st.st_mode & 07777, 0700);
    assert_int_equal(stat("run/deliver.sock", &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
}

static void test_restarts(void **state)
{
    pid_t old = wait_pid("bin/virtrustd.pid", 0), below = wait_pid("bin/virtrustd.below", 0), fresh;

    (void)state;
    assert_int_equal(kill(old, SIGKILL), 0);
    fresh = wait_pid("bin/virtrustd.pid", old);
    wait_gone(below);
    assert_true(alive(fresh));
    old = wait_pid("bin/virtrust-watch.pid", 0);
    assert_int_equal(kill(old, SIGKILL), 0);
    wait_pid("bin/virtrust-watch.pid", old);
}

static size_t read_all(int fd, char *buf, size_t size)
{
    size_t len = 0;
    ssize_t n;

    while (len + 1 < size && (n = read(fd, buf + len, size - len - 1)) > 0)
        len += (size_t)n;
    buf[len] = '\0';
    return len;
}

static void test_worker(void **state)
{
    _cleanup_close_ int fd = recio_connect("run/directory.sock", NULL);
    char answer[8192];
    pid_t below;

    (void)state;
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "hello\n", 6), 6);
    read_all(fd, answer, sizeof answer);
    assert_non_null(strstr(answer, "got hello\n"));
    assert_non_null(strstr(answer, "args --config /"));
    assert_non_null(strstr(answer, "LIBGUESTFS_BACKEND=direct\n"));
    assert_non_null(strstr(answer, "PATH="));
    assert_null(strstr(answer, "SECRET_OF_THE_SHELL"));
    assert_null(strstr(answer, "VIRTRUST_BIN_DIR"));
    below = wait_pid("bin/virtrust-directory.below", 0);
    wait_gone(below);
}

// look.at_once and look.appliances are 1: the third look begins when one of the two before has ended.
static void test_limit(void **state)
{
    _cleanup_close_ int held = recio_connect("run/inspect.sock", NULL);
    pid_t zero = wait_pid("bin/virtrust-inspect.pid", 0);
    _cleanup_close_ int first = recio_connect("run/inspect.sock", NULL);
    pid_t one = wait_pid("bin/virtrust-inspect.pid", zero), two;
    _cleanup_close_ int second = recio_connect("run/inspect.sock", NULL);
    char answer[8192];

    (void)state;
    assert_int_equal(write(second, "b\n", 2), 2);
    for (int i = 0; i < 20; i++)
        nap();
    assert_int_equal(wait_pid("bin/virtrust-inspect.pid", 0), one);
    assert_int_equal(write(first, "a\n", 2), 2);
    read_all(first, answer, sizeof answer);
    assert_non_null(strstr(answer, "got a\n"));
    two = wait_pid("bin/virtrust-inspect.pid", one);
    assert_int_not_equal(one, two);
    read_all(second, answer, sizeof answer);
    assert_non_null(strstr(answer, "got b\n"));
}

static void test_terminate(void **state)
{
    pid_t daemon = wait_pid("bin/virtrustd.pid", 0), below = wait_pid("bin/virtrustd.below", 0);
    _cleanup_close_ int fd = recio_connect("run/deliver.sock", NULL);
    pid_t deliver = wait_pid("bin/virtrust-deliver.pid", 0);

    (void)state;
    kill(spawn_pid, SIGTERM);
    assert_int_equal(exit_code(spawn_pid), 0);
    spawn_pid = 0;
    wait_gone(daemon);
    wait_gone(below);
    wait_gone(deliver);
    assert_int_equal(access("run/deliver.sock", F_OK), -1);
}

static void kill_spawn_and_look(void)
{
    pid_t daemon = wait_pid("bin/virtrustd.pid", 0), below = wait_pid("bin/virtrustd.below", 0);
    _cleanup_close_ int fd = recio_connect("run/deliver.sock", NULL);
    pid_t deliver = wait_pid("bin/virtrust-deliver.pid", 0);
    pid_t deliver_below = wait_pid("bin/virtrust-deliver.below", 0);

    kill(spawn_pid, SIGKILL);
    assert_int_equal(exit_code(spawn_pid), -SIGKILL);
    spawn_pid = 0;
    wait_gone(daemon);
    wait_gone(below);
    wait_gone(deliver);
    wait_gone(deliver_below);
}

static void test_killed(void **state)
{
    (void)state;
    kill_spawn_and_look();
}

// The child of virtrust-spawn that is called virtrust-guard.
static pid_t find_guard(pid_t not_this)
{
    _cleanup_(cleanup_fclosep) FILE *f = NULL;
    char path[64], name[64];
    int pid, guard = 0;

    for (int i = 0; i < PATIENCE_S * 50 && !guard; i++) {
        snprintf(path, sizeof path, "/proc/%d/task/%d/children", (int)spawn_pid, (int)spawn_pid);
        f = fopen(path, "re");
        while (f && fscanf(f, "%d", &pid) == 1) {
            _cleanup_fclose_ FILE *comm = NULL;

            snprintf(path, sizeof path, "/proc/%d/comm", pid);
            comm = fopen(path, "re");
            if (comm && fscanf(comm, "%63s", name) == 1 && strcmp(name, "virtrust-guard") == 0 &&
                pid != not_this)
                guard = pid;
        }
        if (f)
            fclose(f);
        f = NULL;
        if (!guard)
            nap();
    }
    return guard;
}

static void test_guard_killed(void **state)
{
    pid_t guard = find_guard(0);

    (void)state;
    assert_true(guard > 0);
    kill(guard, SIGKILL);
    assert_true(find_guard(guard) > 0);
    kill_spawn_and_look();
}

static void test_second(void **state)
{
    pid_t second = run_spawn(), daemon = wait_pid("bin/virtrustd.pid", 0);

    (void)state;
    assert_int_equal(exit_code(second), EXIT_NO_WORK);
    assert_true(alive(daemon));
}

static void test_unsafe_directory(void **state)
{
    (void)state;
    kill(spawn_pid, SIGTERM);
    exit_code(spawn_pid);
    assert_int_equal(chmod("state", 0777), 0);
    spawn_pid = run_spawn();
    assert_int_equal(exit_code(spawn_pid), EXIT_NO_WORK);
    spawn_pid = 0;
    assert_int_equal(chmod("state", 0700), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_directories, setup, teardown),
        cmocka_unit_test_setup_teardown(test_restarts, setup, teardown),
        cmocka_unit_test_setup_teardown(test_worker, setup, teardown),
        cmocka_unit_test_setup_teardown(test_limit, setup, teardown),
        cmocka_unit_test_setup_teardown(test_terminate, setup, teardown),
        cmocka_unit_test_setup_teardown(test_killed, setup, teardown),
        cmocka_unit_test_setup_teardown(test_guard_killed, setup, teardown),
        cmocka_unit_test_setup_teardown(test_second, setup, teardown),
        cmocka_unit_test_setup_teardown(test_unsafe_directory, setup, teardown),
    };

    if (!getenv("VIRTRUST_BIN_DIR")) {
        puts("skip - VIRTRUST_BIN_DIR does not name the built programs");
        return 77;
    }
    // What is orphaned comes to us, to be seen gone.
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    return cmocka_run_group_tests(tests, testing_dir_make, testing_dir_remove);
}
