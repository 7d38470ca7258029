// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// virtrust-helper: one request on standard input, one answer on standard output. See docs/man/virtrust-helper.8.
#include "common/os/recio.h"
#include "guest-helper/attest.h"
#include "guest-helper/clock.h"
#include "guest-helper/helper.h"
#include "guest-helper/probe.h"
#include "guest-helper/process.h"
#include "guest-helper/report.h"
#include "guest-helper/service.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { REQUEST_MS = 20000, ANSWER_MS = 20000, LIMIT_S = 120 };

static const char help[] =
    "usage: virtrust-helper VERB < REQUEST\n"
    "\n"
    "Keeps this guest's machine account in step with its domain, on behalf of the host's virtrust. It is run "
    "by the\n"
    "guest agent; a request and its answer are records of key=value lines, closed by an empty line.\n"
    "\n"
    "  probe         what the guest holds, and whether its domain controller takes it\n"
    "  look          the same without a log-on, a token or a key: for who only asks\n"
    "  store-check   could a new secret be stored? (also: store --check)\n"
    "  store         store the secret that the host has set\n"
    "  rotate        set and store a new secret of the guest's own making\n"
    "  repair        set and store one with a credential that the host hands over\n"
    "  attest        show over the host's nonce that this guest holds its account's password\n"
    "  clock         compare the clock with the host's, and set it\n"
    "\n"
    "  service install | remove | run\n"
    "                the same for guests without an agent: listens on the virtio-serial port "
    "org.virtrust.guest.0\n"
    "\n"
    "  --help, --version\n"
    "\n"
    "Exit: 0 answered, 2 usage or bad request, 4 cannot work here, 5 out of time.\n";

static int complain(int code, const char *text)
{
    fprintf(stderr, "virtrust-helper: %s\n", text);
    return code;
}

// What the words on the command line name: a verb of plan.h, or one that changes no secret.
enum which { NOTHING = -1, A_VERB, THE_CLOCK, AN_ATTESTATION, A_LOOK };

static int answer_to(const char *root, enum which which, enum verb verb, const struct record *request,
                     struct record **ret, struct err *err)
{
    int rc;

    if (which == THE_CLOCK)
        return clock_run(request, ret, err);
    if (which == AN_ATTESTATION)
        return attest_run(root, request, ret, err);
    if (which == A_LOOK)
        return probe_look(root, request, ret, err);
    rc = helper_run(root, verb, request, ret, err);
    if (rc == 0)
        report_answer(verb, *ret);
    return rc;
}

static int serve(const char *root, enum which which, enum verb verb)
{
    _cleanup_record_ struct record *request = NULL, *answer = NULL;
    struct err err = {0};
    int rc = recio_read(STDIN_FILENO, REQUEST_MS, &request, &err);

    if (rc == RECIO_END)
        return complain(EXIT_USAGE, "no request on standard input");
    if (rc < 0)
        return complain(EXIT_USAGE, err.text);
    rc = answer_to(root, which, verb, request, &answer, &err);
    if (rc < 0)
        return complain(rc == -EINVAL ? EXIT_USAGE : EXIT_NO_WORK, err.text);
    rc = recio_write(STDOUT_FILENO, answer, ANSWER_MS, &err);
    return rc < 0 ? complain(EXIT_NO_WORK, err.text) : EXIT_ANSWERED;
}

static bool is_service(int argc, char **argv)
{
    return argc == 3 && strcmp(argv[1], "service") == 0 &&
           (strcmp(argv[2], "install") == 0 || strcmp(argv[2], "remove") == 0 || strcmp(argv[2], "run") == 0);
}

static enum which parse(int argc, char **argv, enum verb *ret)
{
    if (argc == 3 && strcmp(argv[1], "store") == 0 && strcmp(argv[2], "--check") == 0) {
        *ret = VERB_STORE_CHECK;
        return A_VERB;
    }
    if (argc == 2 && strcmp(argv[1], "clock") == 0)
        return THE_CLOCK;
    if (argc == 2 && strcmp(argv[1], "attest") == 0)
        return AN_ATTESTATION;
    if (argc == 2 && strcmp(argv[1], "look") == 0)
        return A_LOOK;
    return argc == 2 && verb_parse(argv[1], ret) == 0 ? A_VERB : NOTHING;
}

int main(int argc, char **argv)
{
    const char *root = "/";
    struct err err = {0};
    enum verb verb = VERB_PROBE;
    enum which which;

    if (argc == 2 && strcmp(argv[1], "--help") == 0)
        return fputs(help, stdout) < 0 ? EXIT_NO_WORK : EXIT_ANSWERED;
    if (argc == 2 && strcmp(argv[1], "--version") == 0)
        return puts("virtrust-helper " VIRTRUST_VERSION) < 0 ? EXIT_NO_WORK : EXIT_ANSWERED;
    if (is_service(argc, argv))
        return service_main(argv[2]);
    // For tests: another tree in the place of the guest's own.
    if (argc == 4 && strcmp(argv[1], "--root") == 0) {
        root = argv[2];
        argv += 2;
        argc -= 2;
    }
    which = parse(argc, argv, &verb);
    if (which == NOTHING)
        return complain(
            EXIT_USAGE,
            "probe, look, store-check, store, rotate, repair, attest, clock or service is right; see "
            "virtrust-helper --help");
    if (process_prepare(LIMIT_S, &err) < 0)
        return complain(EXIT_NO_WORK, err.text);
    return serve(root, which, verb);
}
