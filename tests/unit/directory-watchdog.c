// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// The watchdog: a process that is late still gives the answer that fits, and one that is not late gives its
// own.
#include "daemon/directory/watchdog.h"

#include "common/os/recio.h"

#include <string.h>
#include <sys/wait.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { READ_MS = 60000 };

// Runs `late` in a child whose standard output is a pipe; the record that came, and how the child ended.
static struct record *answer_of(void (*late)(void), int *ret_code)
{
    struct record *r = NULL;
    struct err err = {0};
    int fds[2], status;
    pid_t child;

    assert_int_equal(pipe(fds), 0);
    child = fork();
    if (child == 0) {
        dup2(fds[1], STDOUT_FILENO);
        close(fds[0]);
        close(fds[1]);
        late();
        _exit(99);
    }
    assert_true(child > 0);
    close(fds[1]);
    recio_read(fds[0], READ_MS, &r, &err);
    close(fds[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    *ret_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    return r;
}

static void late_before_the_write(void)
{
    watchdog_answer(record_new("error"));
    watchdog_start(1);
    for (;;)
        pause();
}

static void late_after_the_write(void)
{
    watchdog_answer(record_new("error"));
    watchdog_start(1);
    watchdog_answer(record_new("reset"));
    for (;;)
        pause();
}

static void in_time(void)
{
    _cleanup_record_ struct record *r = record_new("account");

    watchdog_answer(record_new("error"));
    watchdog_start(1);
    watchdog_stop();
    sleep(2);
    recio_write(STDOUT_FILENO, r, READ_MS, NULL);
    _exit(0);
}

static void test_late(void **state)
{
    _cleanup_record_ struct record *before = NULL, *after = NULL;
    int code = 0;

    (void)state;
    before = answer_of(late_before_the_write, &code);
    assert_int_equal(code, EXIT_TIMED_OUT);
    assert_true(record_is(before, "error"));
    after = answer_of(late_after_the_write, &code);
    assert_int_equal(code, EXIT_TIMED_OUT);
    assert_true(record_is(after, "reset"));
}

static void test_in_time(void **state)
{
    _cleanup_record_ struct record *r = NULL;
    int code = 99;

    (void)state;
    r = answer_of(in_time, &code);
    assert_int_equal(code, 0);
    assert_true(record_is(r, "account"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_late),
        cmocka_unit_test(test_in_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
