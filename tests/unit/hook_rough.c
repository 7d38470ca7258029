// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// The hook treated roughly: it prints nothing, holds nothing open and exits 0, whatever it is started with and
// whatever becomes of its spool.
#include "tests/unit/hook_bench.h"

#include "hooks/hookspool.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

static void test_closed_descriptors(void **state)
{
    _cleanup_record_ struct record *r = NULL, *second = NULL;
    struct hook_run run = hook_start(CLOSED, true);

    (void)state;
    hook_good_end(&run);
    r = hook_received();
    hook_expect(r, NULL, NULL);
    assert_null(record_get(r, "xml_cut"));
    run = hook_start(CLOSED, false);
    hook_good_end(&run);
    second = hook_received();
    hook_expect(second, NULL, NULL);
}

// While it waits for its input it holds that and /dev/null, nothing of what it inherited.
static void test_holds_nothing(void **state)
{
    struct hook_run r = hook_start(-1, false);
    char path[64], link[256], c;
    struct dirent *entry;
    DIR *dir;

    (void)state;
    // It lets go of its output before it reads: the end of file comes while it is still there.
    assert_int_equal(read(r.output, &c, 1), 0);
    snprintf(path, sizeof path, "/proc/%d/fd", r.pid);
    dir = opendir(path);
    assert_non_null(dir);
    while ((entry = readdir(dir))) {
        ssize_t n;

        if (entry->d_name[0] == '.' || strcmp(entry->d_name, "0") == 0)
            continue;
        n = readlinkat(dirfd(dir), entry->d_name, link, sizeof link - 1);
        assert_true(n > 0);
        link[n] = '\0';
        assert_string_equal(link, "/dev/null");
    }
    closedir(dir);
    hook_good_end(&r);
    record_free(hook_received());
}

static void test_signals(void **state)
{
    static const int numbers[] = {SIGTERM, SIGINT,  SIGQUIT, SIGHUP,  SIGALRM, SIGPIPE, SIGUSR1, SIGUSR2,
                                  SIGSEGV, SIGABRT, SIGBUS,  SIGFPE,  SIGILL,  SIGSYS,  SIGXCPU, SIGXFSZ,
                                  SIGTSTP, SIGTTIN, SIGTTOU, SIGTRAP, 40 /* a real-time one */};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
        struct hook_run r = hook_start(-1, false);
        char c;

        assert_int_equal(read(r.output, &c, 1), 0); // it has settled
        assert_int_equal(kill(r.pid, numbers[i]), 0);
        hook_good_end(&r);
        record_free(hook_received());
    }
}

static void test_bad_spools(void **state)
{
    (void)state;
    hook_no_socket();
    assert_int_equal(chmod("spool", 0777), 0); // anybody could put files there
    hook_run(hook_xml, strlen(hook_xml));
    assert_int_equal(hook_spool_count(NULL), 0);
    assert_int_equal(hookspool_put("spool", 1, 2, "x", 1), -EPERM);
    assert_int_equal(rmdir("spool"), 0);
    hook_run(hook_xml, strlen(hook_xml)); // it is not made
    assert_int_equal(access("spool", F_OK), -1);
    assert_int_equal(symlink("/tmp", "spool"), 0);
    hook_run(hook_xml, strlen(hook_xml));
    assert_true(hookspool_put("spool", 1, 2, "x", 1) < 0);
    assert_int_equal(unlink("spool"), 0);
}

// The watcher runs as a user of its own: what root puts into its directory is its own to read and remove.
static void test_spool_of_the_watcher(void **state)
{
    struct stat st;

    (void)state;
    if (geteuid() != 0)
        skip();
    assert_int_equal(chown("spool", 12345, 23456), 0);
    assert_int_equal(hookspool_put("spool", 1, 2, "x", 1), 0);
    assert_int_equal(stat("spool/1-2", &st), 0);
    assert_int_equal(st.st_uid, 12345);
    assert_int_equal(st.st_gid, 23456);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_int_equal(seteuid(12346), 0); // somebody else may not
    assert_int_not_equal(hookspool_put("spool", 1, 3, "x", 1), 0);
    assert_int_equal(seteuid(0), 0);
}

static void test_spool_caps(void **state)
{
    static char block[1024 * 1024];
    int rc = 0, n = 0;

    (void)state;
    hook_no_socket();
    while ((rc = hookspool_put("spool", 1, n, block, sizeof block)) == 0)
        n++;
    assert_int_equal(rc, -ENOSPC);
    assert_int_equal(n, HOOKSPOOL_BYTES_MAX / (int)sizeof block);
    assert_int_equal(system("rm -rf spool && mkdir -m 700 spool"), 0);
    for (n = 0; (rc = hookspool_put("spool", 2, n, "x", 1)) == 0; n++)
        ;
    assert_int_equal(rc, -ENOSPC);
    assert_int_equal(n, HOOKSPOOL_FILES_MAX);
    hook_run(hook_xml, strlen(hook_xml));
    assert_int_equal(hook_spool_count(NULL), HOOKSPOOL_FILES_MAX);
}

static void test_short_of_memory(void **state)
{
    struct rlimit limit;

    (void)state;
    if (VIRTRUST_SANITIZED)
        skip();
    // From "cannot even be loaded" upwards; whenever it runs at all, it ends well.
    for (rlim_t kib = 3 * 1024; kib <= 8 * 1024; kib += 128) {
        pid_t pid = fork();
        int status;

        if (pid == 0) {
            limit.rlim_cur = limit.rlim_max = kib * 1024;
            setrlimit(RLIMIT_AS, &limit);
            close(2);
            hook_become((const char *const[]){"virtrust-hook", "a", "start", "begin", "-", NULL});
            _exit(0);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        if (WIFEXITED(status) && WEXITSTATUS(status) != 127) // 127: the loader itself
            assert_int_equal(WEXITSTATUS(status), 0);
        record_free(hook_received());
    }
}

static void test_no_arguments(void **state)
{
    _cleanup_record_ struct record *r = NULL;
    int status;
    pid_t pid = fork();

    (void)state;
    if (pid == 0) {
        hook_become((const char *const[]){"virtrust-hook", NULL});
        _exit(99);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    r = hook_received();
    assert_string_equal(record_get(r, "guest"), UUID);
    assert_string_equal(record_get(r, "name"), NAME);
    assert_null(record_get(r, "op"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_closed_descriptors, hook_set_up),
        cmocka_unit_test_setup(test_holds_nothing, hook_set_up),
        cmocka_unit_test_setup(test_signals, hook_set_up),
        cmocka_unit_test_setup(test_bad_spools, hook_set_up),
        cmocka_unit_test_setup(test_spool_of_the_watcher, hook_set_up),
        cmocka_unit_test_setup(test_spool_caps, hook_set_up),
        cmocka_unit_test_setup(test_short_of_memory, hook_set_up),
        cmocka_unit_test_setup(test_no_arguments, hook_set_up),
    };

    return cmocka_run_group_tests(tests, hook_prepare, hook_clear);
}
