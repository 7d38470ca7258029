// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// virtrust-watch: see docs/man/virtrust-watch.8.
#include "daemon/config/config.h"
#include "daemon/watch/doctor.h"
#include "daemon/watch/log.h"
#include "daemon/watch/virt.h"
#include "daemon/watch/watch.h"

#include <getopt.h>
#include <signal.h>
#include <string.h>

enum { ONCE_S = 60 }; // a one-shot answer takes no longer; libvirt's calls themselves may block for ever

struct options {
    const char *config, *describe, *probe;
    bool doctor;
};

static const char usage[] =
    "usage: virtrust-watch [--config FILE]                    watch, in the foreground\n"
    "       virtrust-watch [--config FILE] --describe GUEST   describe one guest (name or UUID) and exit\n"
    "       virtrust-watch [--config FILE] --doctor           say what is missing on this host and exit\n"
    "       virtrust-watch --version | --help\n";

static void too_late(int number)
{
    static const char text[] = "virtrust-watch: libvirt did not answer in time; is its daemon stalled?\n";

    (void)number;
    if (write(STDERR_FILENO, text, sizeof text - 1) < 0)
        _exit(EXIT_NO_WORK);
    _exit(EXIT_TIMED_OUT);
}

// -1: go on; else the exit code.
static int parse(int argc, char **argv, struct options *o)
{
    static const struct option table[] = {
        {"config", required_argument, NULL, 'c'},
        {"describe", required_argument, NULL, 'd'},
        {"doctor", no_argument, NULL, 'D'},
        {"probe", required_argument, NULL, 'p'},
        {"version", no_argument, NULL, 'V'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    int c;

    while ((c = getopt_long(argc, argv, "", table, NULL)) != -1)
        switch (c) {
        case 'c':
            o->config = optarg;
            break;
        case 'd':
            o->describe = optarg;
            break;
        case 'D':
            o->doctor = true;
            break;
        case 'p':
            o->probe = optarg;
            break;
        case 'V':
            printf("virtrust-watch %s\n", VIRTRUST_VERSION);
            return EXIT_ANSWERED;
        case 'h':
            fputs(usage, stdout);
            return EXIT_ANSWERED;
        default: // getopt has said what is wrong
            fputs(usage, stderr);
            return EXIT_USAGE;
        }
    if (optind < argc || (o->describe && o->doctor)) {
        fprintf(stderr, "virtrust-watch: %s\n%s",
                optind < argc ? "it takes no arguments besides its options"
                              : "--describe or --doctor, not both",
                usage);
        return EXIT_USAGE;
    }
    return -1;
}

static int once(const struct options *o, const struct config *config)
{
    struct err err = {0};
    int code;

    (void)signal(SIGALRM, too_late);
    alarm(ONCE_S);
    code = o->doctor ? doctor_check(config->libvirt_uri, &err)
                     : doctor_describe(config->libvirt_uri, o->describe, &err);
    if (code != EXIT_ANSWERED)
        fprintf(stderr, "virtrust-watch: %s\n", err.text);
    return code;
}

int main(int argc, char **argv)
{
    _cleanup_(config_freep) struct config *config = NULL;
    struct options o = {0};
    struct err err = {0};
    int code = parse(argc, argv, &o);

    if (code >= 0)
        return code;
    virt_quiet();
    if (o.probe)
        return virt_probe(o.probe);
    if (config_load(o.config, &config, &err) < 0) {
        fprintf(stderr, "virtrust-watch: %s\n", err.text);
        return EXIT_NO_WORK;
    }
    if (o.describe || o.doctor)
        return once(&o, config);
    if (watch_run(config, &err) < 0) {
        watch_log(LOG_ERR, "%s", err.text);
        return EXIT_NO_WORK;
    }
    return EXIT_ANSWERED;
}
