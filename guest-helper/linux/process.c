// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest-helper/process.h"

#include "common/cleanup.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static void out_of_time(int signal_number)
{
    static const char text[] = "virtrust-helper: out of time: a DC or another helper did not answer\n";

    (void)signal_number;
    if (write(STDERR_FILENO, text, sizeof text - 1) < 0)
        _exit(EXIT_TIMED_OUT);
    _exit(EXIT_TIMED_OUT);
}

int process_prepare(unsigned limit_s, struct err *err)
{
    const struct rlimit none = {0, 0};
    const struct sigaction act = {.sa_handler = out_of_time};

    umask(077);
    if (prctl(PR_SET_DUMPABLE, 0) < 0 || setrlimit(RLIMIT_CORE, &none) < 0 ||
        sigaction(SIGALRM, &act, NULL) < 0)
        return err_set(err, -errno, "cannot protect this process: %s", strerror(errno));
    alarm(limit_s);
    return 0;
}
