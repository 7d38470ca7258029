// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
// virtrustd: the daemon. See daemon/README.md; virtrustd(8).
#include "daemon/core/words.h"
#include "daemon/engine/engine.h"
#include "daemon/engine/hoststate.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

static void usage(FILE *to)
{
    fputs("usage: virtrustd [--config FILE]\n"
          "       virtrustd [--config FILE] --new-host-key\n"
          "       virtrustd --list-steps | --version | --help\n"
          "\n"
          "  --config FILE   read FILE instead of " CONFIG_FILE "\n"
          "  --new-host-key  make another key, and forget what hung on a lost one: the ledger and sealed "
          "secrets;\n"
          "                  virtrustd must be stopped\n"
          "  --list-steps    print every committed step of a case and of a repair, one a line\n",
          to);
}

#define PRINT_CASE(name, text) puts("case." text);
#define PRINT_JOB(name, text) puts("job." text);

static int list_steps(void)
{
    CASE_STATES(PRINT_CASE)
    JOB_STATES(PRINT_JOB)
    return EXIT_ANSWERED;
}

// Secrets pass through this process for moments: no core dumps, no ptrace by others.
static void harden(void)
{
    struct rlimit none = {0};

    setrlimit(RLIMIT_CORE, &none);
    prctl(PR_SET_DUMPABLE, 0);
    umask(077);
}

static int run(const char *file)
{
    struct config *config = NULL;
    _cleanup_(engine_closep) struct engine *e = NULL;
    struct err err = {0};
    int rc = config_load(file, &config, &err);

    if (rc == 0)
        rc = engine_open(config, &e, &err);
    if (rc < 0) {
        engine_log(3, 0, NULL, "%s", err.text[0] ? err.text : strerror(-rc));
        return EXIT_NO_WORK;
    }
    engine_log(6, 0, NULL, "version %s is ready, mode %s", VIRTRUST_VERSION, config_mode_text(config->mode));
    rc = engine_run(e);
    return rc < 0 ? EXIT_NO_WORK : EXIT_ANSWERED;
}

static int renew(const char *file)
{
    _cleanup_(config_freep) struct config *config = NULL;
    struct err err = {0};
    int rc = config_load(file, &config, &err);

    if (rc == 0)
        rc = hoststate_renew(config->state_dir, &err);
    if (rc < 0) {
        fprintf(stderr, "virtrustd: %s\n", err.text[0] ? err.text : strerror(-rc));
        return EXIT_NO_WORK;
    }
    puts("a new host key was made; the ledger begins anew");
    return EXIT_ANSWERED;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        {"config", required_argument, NULL, 'c'}, {"list-steps", no_argument, NULL, 'l'},
        {"new-host-key", no_argument, NULL, 'n'}, {"version", no_argument, NULL, 'V'},
        {"help", no_argument, NULL, 'h'},         {0},
    };
    const char *file = NULL;
    bool new_key = false;

    for (int o; (o = getopt_long(argc, argv, "c:h", options, NULL)) != -1;) {
        switch (o) {
        case 'c':
            file = optarg;
            break;
        case 'n':
            new_key = true;
            break;
        case 'l':
            return list_steps();
        case 'V':
            puts("virtrustd " VIRTRUST_VERSION);
            return EXIT_ANSWERED;
        case 'h':
            usage(stdout);
            return EXIT_ANSWERED;
        default:
            usage(stderr);
            return EXIT_USAGE;
        }
    }
    if (optind < argc) {
        usage(stderr);
        return EXIT_USAGE;
    }
    harden();
    return new_key ? renew(file) : run(file);
}
