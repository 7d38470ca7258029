// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest-helper/service.h"

#include "guest-helper/port.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>

// Without SA_RESTART: the wait for the host is interrupted, and port_serve comes back.
static void stop(int signal_number)
{
    (void)signal_number;
}

static int run(void)
{
    const struct sigaction act = {.sa_handler = stop};
    struct err err = {0};
    int rc;

    sigaction(SIGTERM, &act, NULL);
    sigaction(SIGINT, &act, NULL);
    signal(SIGPIPE, SIG_IGN);
    rc = port_serve(&err);
    if (rc < 0)
        fprintf(stderr, "virtrust-helper: %s\n", err.text);
    return rc < 0 ? EXIT_NO_WORK : EXIT_ANSWERED;
}

int service_main(const char *word)
{
    if (strcmp(word, "run") == 0)
        return run();
    fprintf(stderr,
            "virtrust-helper: the service is a unit of systemd here: systemctl %s --now virtrust-helper\n",
            strcmp(word, "install") == 0 ? "enable" : "disable");
    return EXIT_USAGE;
}
