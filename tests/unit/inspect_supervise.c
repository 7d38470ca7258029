// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// A look in a process of its own: answers, limits, and that nothing stays behind, also when the waiting
// process is killed. The "machine" here is a sleeping child in the worker's group.
#include "daemon/inspect/supervise.h"

#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

struct plan {
    bool hang, crash, answer_early, kill_janitor;
    int tell; // a descriptor that gets the child's pid, or -1
};

static char top[] = "/var/tmp/virtrust-test-XXXXXX";

static struct record *prepare(void *arg)
{
    return ((struct plan *)arg)->answer_early ? record_new("early") : NULL;
}

// The worker's sibling.
static void kill_janitor(void)
{
    DIR *d = opendir("/proc");
    const struct dirent *entry;
    bool found = false;

    while (d && (entry = readdir(d))) {
        char path[300], name[32] = "";
        int pid = 0, parent = 0;
        FILE *f;

        snprintf(path, sizeof path, "/proc/%s/stat", entry->d_name);
        f = fopen(path, "r");
        if (f && fscanf(f, "%d (%31[^)]) %*c %d", &pid, name, &parent) == 3 && parent == getppid() &&
            strcmp(name, "inspect-janitor") == 0)
            found = kill(pid, SIGKILL) == 0;
        if (f)
            fclose(f);
    }
    closedir(d);
    if (!found)
        abort();
}

// Leaves files in its directory and a child that would live for an hour.
static struct record *run(void *arg, const char *work)
{
    const struct plan *plan = arg;
    struct rlimit core;
    char path[256];
    FILE *f;
    pid_t child = fork();

    if (child == 0) {
        for (;;)
            pause();
    }
    // Not 0, of which a handler behind a pipe takes no notice.
    if (getrlimit(RLIMIT_CORE, &core) < 0 || core.rlim_max != 1)
        abort();
    snprintf(path, sizeof path, "%s/sub", work);
    mkdir(path, 0700);
    snprintf(path, sizeof path, "%s/sub/file", work);
    f = fopen(path, "w");
    if (f)
        fclose(f);
    // To the descriptor of the test: both pids.
    if (plan->tell >= 0 && dprintf(plan->tell, "%d %d\n", (int)getpid(), (int)child) < 0)
        abort();
    if (plan->kill_janitor)
        kill_janitor();
    if (plan->crash)
        raise(SIGKILL);
    while (plan->hang)
        pause();
    return record_new("done");
}

static int entries(const char *path)
{
    DIR *d = opendir(path);
    int count = 0;

    assert_non_null(d);
    while (readdir(d))
        count++;
    closedir(d);
    return count - 2;
}

static bool alive(pid_t pid)
{
    char path[64], state = 'X';
    FILE *f;

    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    f = fopen(path, "r");
    if (!f)
        return false;
    if (fscanf(f, "%*d (%*[^)]) %c", &state) != 1)
        state = 'X';
    fclose(f);
    return state != 'Z' && state != 'X';
}

static int supervised_run(struct plan *plan, unsigned limit, const char *type, struct failure *f)
{
    struct supervised job = {.prepare = prepare, .run = run, .arg = plan};
    _cleanup_record_ struct record *answer = NULL;
    int rc = supervise(&job, limit, &answer, f);

    if (rc == 0)
        assert_true(record_is(answer, type));
    return rc;
}

static void read_pids(int fd, pid_t ret[static 2])
{
    char text[64];
    ssize_t n = read(fd, text, sizeof text - 1);

    assert_true(n > 0);
    text[n] = '\0';
    assert_int_equal(sscanf(text, "%d %d", &ret[0], &ret[1]), 2);
}

static void test_answers(void **state)
{
    struct plan early = {.answer_early = true, .tell = -1}, late = {.tell = -1};
    struct failure f = {0};

    (void)state;
    assert_int_equal(supervised_run(&early, 60, "early", &f), 0);
    assert_int_equal(supervised_run(&late, 60, "done", &f), 0);
    assert_int_equal(entries(top), 0);
}

static void test_ends(void **state)
{
    int pipe_fds[2];
    struct plan hang = {.hang = true}, crash = {.crash = true};
    struct failure f = {0};
    pid_t pids[2];

    (void)state;
    assert_int_equal(pipe(pipe_fds), 0);
    hang.tell = crash.tell = pipe_fds[1];
    assert_int_equal(supervised_run(&hang, 1, NULL, &f), -1);
    assert_string_equal(f.code, "timed-out");
    assert_int_equal(failure_exit(f.code), EXIT_TIMED_OUT);
    read_pids(pipe_fds[0], pids);
    assert_false(alive(pids[0]) || alive(pids[1]));
    assert_int_equal(supervised_run(&crash, 60, NULL, &f), -1);
    assert_string_equal(f.code, "internal");
    read_pids(pipe_fds[0], pids);
    assert_false(alive(pids[0]) || alive(pids[1]));
    assert_int_equal(entries(top), 0);
    close(pipe_fds[0]);
    close(pipe_fds[1]);
}

// kill -9 of the process that waits: the janitor does the rest. Waits as long as the test's own limit allows.
static void test_killed(void **state)
{
    int pipe_fds[2];
    pid_t pids[2], waiter;

    (void)state;
    assert_int_equal(pipe(pipe_fds), 0);
    waiter = fork();
    if (waiter == 0) {
        struct plan hang = {.hang = true, .tell = pipe_fds[1]};
        struct failure f = {0};

        supervised_run(&hang, 3600, NULL, &f);
        _exit(0);
    }
    read_pids(pipe_fds[0], pids);
    kill(waiter, SIGKILL);
    waitpid(waiter, NULL, 0);
    while (alive(pids[0]) || alive(pids[1]) || entries(top) > 0)
        usleep(10000);
    close(pipe_fds[0]);
    close(pipe_fds[1]);
}

// kill -9 of the janitor: the process that waits does its work.
static void test_janitor_killed(void **state)
{
    struct plan plan = {.kill_janitor = true, .tell = -1};
    struct failure f = {0};

    (void)state;
    assert_int_equal(supervised_run(&plan, 60, "done", &f), 0);
    assert_int_equal(entries(top), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers),
        cmocka_unit_test(test_ends),
        cmocka_unit_test(test_killed),
        cmocka_unit_test(test_janitor_killed),
    };
    int rc;

    if (!mkdtemp(top))
        return 1;
    setenv("TMPDIR", top, 1);
    rc = cmocka_run_group_tests(tests, NULL, NULL);
    return rmdir(top) == 0 ? rc : 1;
}
