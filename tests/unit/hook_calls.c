// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// What the hook costs, counted in system calls beside those of /bin/true: libvirtd waits for each of them at every
// start of a guest. (The time itself is ./dev bench's.)
#include "tests/unit/hook_bench.h"
#include "tests/unit/testing.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

// Reading the XML, telling it, and seeing that nothing goes wrong on the way.
enum { OWN_CALLS = 40 };

static void become(const char *program)
{
    static const char *const words[] = {"virtrust-hook", NAME, "prepare", "begin", "-", NULL};

    if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0)
        _exit(98);
    if (strcmp(program, "virtrust-hook") == 0)
        hook_become(words);
    else
        execl(program, program, (char *)NULL);
    _exit(99);
}

// How many system calls the program makes from its exec to its end; 0 where nobody may count.
static unsigned count_calls(const char *program)
{
    unsigned stops = 0;
    int status;
    pid_t pid = fork();

    if (pid == 0)
        become(program);
    for (;;) {
        assert_int_equal(waitpid(pid, &status, 0), pid);
        if (!WIFSTOPPED(status))
            break;
        if (WSTOPSIG(status) == (SIGTRAP | 0x80))
            stops++;
        else
            ptrace(PTRACE_SETOPTIONS, pid, NULL, PTRACE_O_TRACESYSGOOD);
        ptrace(PTRACE_SYSCALL, pid, NULL, NULL);
    }
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == 98)
        return 0;
    assert_int_equal(WEXITSTATUS(status), 0);
    return (stops + 1) / 2; // each stops at its begin and at its end, the last only at its begin
}

static void few_calls_more_than_true(void **state)
{
    unsigned nothing = count_calls("/bin/true"), hook;

    (void)state;
    if (!nothing) {
        print_message("SKIP: no process may be traced here\n");
        skip();
    }
    hook = count_calls("virtrust-hook");
    print_message("/bin/true: %u, the hook: %u\n", nothing, hook);
    assert_true(hook <= nothing + OWN_CALLS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test_setup(few_calls_more_than_true, hook_set_up)};

    if (VIRTRUST_SANITIZED) {
        puts("SKIP: a sanitizer makes calls of its own");
        return 77;
    }
    return cmocka_run_group_tests(tests, hook_prepare, hook_clear);
}
