// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// virtrust-deliver: one request on standard input, one answer on standard output. See docs/man/virtrust-deliver.8.
#include "common/os/recio.h"
#include "daemon/config/config.h"
#include "daemon/deliver/verbs.h"

#include <libvirt/libvirt.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

enum { REQUEST_MS = 10000, ANSWER_MS = 10000, GRACE_S = 10 };

static const char help[] = "usage: virtrust-deliver [--config FILE] < REQUEST\n"
                           "\n"
                           "Carries out one verb in one guest, by its agent, and answers. Started by systemd "
                           "or virtrust-spawn for virtrustd;\n"
                           "requests and answers are records of key=value lines, closed by an empty line.\n"
                           "\n"
                           "  --config FILE   instead of " CONFIG_FILE "\n"
                           "  --help, --version\n"
                           "\n"
                           "Exit: 0 answered, 2 usage or bad request, 4 cannot work.\n";

static int complain(int code, const char *text)
{
    fprintf(stderr, "virtrust-deliver: %s\n", text);
    return code;
}

// A call into libvirt that does not come back, be it for a peer at the port who says nothing: this answer was made
// beforehand, since a signal handler can do little.
static char *late_answer;
static size_t late_len;

static void too_late(int signal_number)
{
    (void)signal_number;
    if (write(STDOUT_FILENO, late_answer, late_len) < 0)
        _exit(EXIT_NO_WORK);
    _exit(EXIT_ANSWERED);
}

static int arm(unsigned seconds)
{
    struct fail fail = {0};
    _cleanup_record_ struct record *r = NULL;
    const struct sigaction act = {.sa_handler = too_late};

    fail_set(&fail, "agent-timeout", "is libvirt's daemon stalled, or the helper's service in the guest?",
             "neither libvirt nor the guest's port came back within %u s", seconds);
    r = verbs_error(&fail);
    if (record_encode(r, &late_answer, &late_len) < 0 || sigaction(SIGALRM, &act, NULL) < 0)
        return -1;
    alarm(seconds);
    return 0;
}

static void protect(void)
{
    const struct rlimit none = {0, 0};

    prctl(PR_SET_DUMPABLE, 0);
    setrlimit(RLIMIT_CORE, &none);
    signal(SIGPIPE, SIG_IGN);
}

static int serve(const struct config *config)
{
    const struct push_sources sources = {config->helper_push_source, config->helper_windows_push_source};
    _cleanup_record_ struct record *request = NULL, *answer = NULL;
    struct err err = {0};
    int rc = recio_read(STDIN_FILENO, REQUEST_MS, &request, &err);

    if (rc == RECIO_END)
        return complain(EXIT_USAGE, "no request on standard input");
    if (rc < 0)
        return complain(EXIT_USAGE, err.text);
    if (arm(verbs_timeout_s(request) + GRACE_S) < 0)
        return complain(EXIT_NO_WORK, "cannot set a time limit");
    answer = verbs_answer(request, config->libvirt_uri, &sources);
    alarm(0); // two answers would be one too many
    if (!answer)
        return complain(EXIT_NO_WORK, "out of memory");
    rc = recio_write(STDOUT_FILENO, answer, ANSWER_MS, &err);
    if (rc < 0)
        return complain(EXIT_NO_WORK, err.text);
    if (strcmp(record_get_or(answer, "code", ""), VERBS_BAD_REQUEST) == 0)
        return complain(EXIT_USAGE, record_get_or(answer, "text", "bad request"));
    return EXIT_ANSWERED;
}

int main(int argc, char **argv)
{
    _cleanup_(config_freep) struct config *config = NULL;
    const char *file = NULL;
    struct err err = {0};

    if (argc == 2 && strcmp(argv[1], "--help") == 0)
        return fputs(help, stdout) < 0 ? EXIT_NO_WORK : EXIT_ANSWERED;
    if (argc == 2 && strcmp(argv[1], "--version") == 0)
        return puts("virtrust-deliver " VIRTRUST_VERSION) < 0 ? EXIT_NO_WORK : EXIT_ANSWERED;
    if (argc == 3 && strcmp(argv[1], "--config") == 0)
        file = argv[2];
    else if (argc != 1)
        return complain(EXIT_USAGE, "only --config FILE is understood; see virtrust-deliver --help");
    protect();
    if (config_load(file, &config, &err) < 0)
        return complain(EXIT_NO_WORK, err.text);
    if (virInitialize() < 0)
        return complain(EXIT_NO_WORK, "libvirt's library does not start");
    return serve(config);
}
