// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/directory/watchdog.h"

#include <signal.h>
#include <unistd.h>

// Read by the signal handler; changed only while the signal is blocked.
static char *answer;
static size_t answer_len;

// Nothing in here but what may be called in a signal handler.
static void too_late(int signal)
{
    ssize_t n = answer ? write(STDOUT_FILENO, answer, answer_len) : 0;

    (void)signal;
    _exit(n < 0 ? EXIT_NO_WORK : EXIT_TIMED_OUT);
}

static void mask(int how)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGALRM);
    sigprocmask(how, &set, NULL);
}

void watchdog_answer(struct record *record)
{
    _cleanup_record_ struct record *r = record;
    _cleanup_free_ char *text = NULL;
    char *old = answer;
    size_t len = 0;

    if (r && record_encode(r, &text, &len) < 0)
        len = 0;
    mask(SIG_BLOCK);
    answer = len > 0 ? take(text) : NULL;
    answer_len = len;
    mask(SIG_UNBLOCK);
    free(old);
}

void watchdog_start(unsigned seconds)
{
    const struct sigaction action = {.sa_handler = too_late};

    sigaction(SIGALRM, &action, NULL);
    alarm(seconds);
}

void watchdog_stop(void)
{
    alarm(0);
    watchdog_answer(NULL);
}
