// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// virtrust-directory: one request on stdin, one answer on stdout. See virtrust-directory(8).
#include "common/os/fault.h"
#include "common/os/recio.h"
#include "daemon/config/config.h"
#include "daemon/directory/attest.h"
#include "daemon/directory/check.h"
#include "daemon/directory/reset.h"
#include "daemon/directory/silence.h"
#include "daemon/directory/vet.h"
#include "daemon/directory/views.h"
#include "daemon/directory/watchdog.h"

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>

enum { REQUEST_MS = 10000, ANSWER_MS = 10000, PATIENCE_S = 60 };

// One line a request that changed something or failed; never a secret.
static void say(const struct request *q, const char *what, const char *text)
{
    fprintf(stderr, "virtrust-directory: domain=%s%s%s %s: %s\n", q->domain[0] ? q->domain : "-",
            q->guid[0] ? " account=" : "", q->guid, what, text);
}

// No core dump, no ptrace by other processes of this user, and the secret's page stays out of swap where it
// may.
static void protect(struct request *q)
{
    const struct rlimit none = {0};

    prctl(PR_SET_DUMPABLE, 0);
    setrlimit(RLIMIT_CORE, &none);
    mlock(q, sizeof *q);
    signal(SIGPIPE,
           SIG_IGN); // the requester may go; a reset under way is finished and written down all the same
}

// The libraries take orders from the environment (traces, other configurations, weaker sealing): none of them
// here. What stays is where systemd has put the credential.
static int clean_environment(void)
{
    static const char *const kept[] = {"CREDENTIALS_DIRECTORY",
                                       VIRTRUST_FAULTS ? "VIRTRUST_FAULT_DIR" : NULL};
    char *values[ARRAY_SIZE(kept)] = {NULL};
    int rc = 0;

    for (size_t i = 0; i < ARRAY_SIZE(kept); i++)
        values[i] = kept[i] && getenv(kept[i]) ? strdup(getenv(kept[i])) : NULL;
    if (clearenv() != 0 || setenv("LDAPNOINIT", "1", 1) < 0 ||
        setenv("RES_OPTIONS", "timeout:2 attempts:2", 1) < 0)
        rc = -ENOMEM;
    for (size_t i = 0; i < ARRAY_SIZE(kept); i++) {
        if (rc == 0 && values[i] && setenv(kept[i], values[i], 1) < 0)
            rc = -ENOMEM;
        free(values[i]);
    }
    return rc;
}

static int dispatch(const struct config *config, const struct request *q, struct record **ret,
                    struct failure *f)
{
    const struct config_domain *domain = config_domain(config, q->domain);

    if (!domain)
        return failure_set(f, -ENOENT, "unknown-domain",
                           "add it to `domains` with principal, keytab and base",
                           "the domain %s is not configured", q->domain);
    switch (q->kind) {
    case REQUEST_ACCOUNT:
    case REQUEST_ACCOUNTS:
        return views_answer(domain, q, ret, f);
    case REQUEST_RESET:
        return reset_answer(domain, config->state_dir, q, ret, f);
    case REQUEST_LOGIN:
        return login_answer(domain, config->state_dir, q, ret, f);
    case REQUEST_VET:
        return vet_answer(domain, q, ret, f);
    case REQUEST_CHECK:
        return check_answer(domain, config->state_dir, ret, f);
    case REQUEST_CHALLENGE:
        return challenge_answer(domain, config->state_dir, q, ret, f);
    case REQUEST_ATTEST:
        return attest_answer(domain, config->state_dir, q, ret, f);
    }
    return failure_set(f, -EINVAL, "internal", NULL, "a request of no known kind");
}

// The record, with its copy of the secret, lives no longer than this function.
static int receive(struct request *q, struct failure *f)
{
    _cleanup_record_ struct record *r = NULL;
    struct err err = {0};
    int rc = recio_read(STDIN_FILENO, REQUEST_MS, &r, &err);

    if (rc == RECIO_END)
        return failure_set(f, -EBADMSG, FAILURE_BAD_REQUEST, "send one record, see daemon/PROTOCOL.md",
                           "there was no request");
    if (rc < 0)
        return failure_set(f, rc, FAILURE_BAD_REQUEST, "send one record, see daemon/PROTOCOL.md", "%s",
                           err.text);
    return request_parse(r, q, f);
}

static void mark(const struct request *q, const char *where)
{
    static const char *const kinds[] = {"account", "accounts", "reset",     "login",
                                        "check",   "vet",      "challenge", "attest"};
    char name[64];

    snprintf(name, sizeof name, "directory.%s.%s", kinds[q->kind], where);
    fault_point(name);
}

static int answer(const char *file, struct request *q, struct record **ret, struct failure *f)
{
    _cleanup_(config_freep) struct config *config = NULL;
    struct err err = {0};
    int rc = receive(q, f);

    if (rc < 0)
        return rc;
    rc = config_load(file, &config, &err);
    if (rc < 0)
        return failure_set(f, rc, "config", "correct the configuration", "%s", err.text);
    silence_use(config->state_dir);
    mark(q, "before");
    rc = dispatch(config, q, ret, f);
    mark(q, "answered");
    return rc;
}

static int serve(const char *file)
{
    _cleanup_(request_done) struct request q = {0};
    _cleanup_record_ struct record *r = NULL;
    struct failure f = {0}, late = {0};
    struct err err = {0};
    int code = EXIT_ANSWERED;

    protect(&q);
    failure_set(&late, 0, "timed-out", "see that DNS and the DCs answer this host: virtrust doctor",
                "no answer of the directory within %d seconds; nothing was changed", PATIENCE_S);
    watchdog_answer(failure_record(&late));
    watchdog_start(PATIENCE_S);
    if (answer(file, &q, &r, &f) < 0) {
        say(&q, f.code ? f.code : "internal", f.err.text);
        r = failure_record(&f);
        if (f.code && strcmp(f.code, FAILURE_BAD_REQUEST) == 0)
            code = EXIT_USAGE; // the requester's mistake, not the directory's answer
    } else if (q.kind == REQUEST_ATTEST && strcmp(record_get_or(r, "result", ""), "proven") != 0) {
        say(&q, record_get_or(r, "rule", "-"), record_get_or(r, "text", "-"));
    } else if (q.kind == REQUEST_RESET) {
        say(&q, record_get_or(r, "result", "-"), record_get_or(r, "text", "-"));
    } else if (record_is(r, "error")) {
        say(&q, record_get_or(r, "code", "-"), record_get_or(r, "text", "-"));
    }
    watchdog_stop();
    if (recio_write(STDOUT_FILENO, r, ANSWER_MS, &err) < 0) {
        say(&q, "answer", err.text);
        return EXIT_NO_WORK;
    }
    return code;
}

static int usage(FILE *to, int code)
{
    fputs("usage: virtrust-directory [--config FILE] < REQUEST\n"
          "Answers one request about a domain's accounts; see virtrust-directory(8).\n"
          "  --config FILE   instead of " CONFIG_FILE "\n"
          "  --help, --version\n",
          to);
    return code;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        {"config", required_argument, NULL, 'c'},
        {"help", no_argument, NULL, 'h'},
        {"version", no_argument, NULL, 'V'},
        {0},
    };
    const char *file = NULL;
    int option;

    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option == 'h')
            return usage(stdout, EXIT_ANSWERED);
        if (option == 'V')
            return puts("virtrust-directory " VIRTRUST_VERSION) < 0;
        if (option != 'c')
            return usage(stderr, EXIT_USAGE);
        file = optarg;
    }
    if (optind != argc)
        return usage(stderr, EXIT_USAGE);
    if (clean_environment() < 0) {
        fputs("virtrust-directory: out of memory\n", stderr);
        return EXIT_NO_WORK;
    }
    return serve(file);
}
