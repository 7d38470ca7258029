// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
// virtrust(1): one table of commands, which is also the help.
#include "daemon/cli/cli.h"

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct command {
    const char *name, *args;
    size_t min, max;
    int (*run)(const struct cli *c, const char *command);
    const char *help;
} commands[] = {
    {"status", "", 0, 0, cmd_ask, "is virtrust well, and what is it busy with"},
    {"list", "", 0, 0, cmd_ask, "every guest with its verdict"},
    {"show", "GUEST", 1, 1, cmd_ask, "one guest: binding, verdict, its latest cases"},
    {"case", "CASE", 1, 1, cmd_ask, "a case's whole history, each step with its time and reason"},
    {"inspect", "[GUEST]", 0, 1, cmd_inspect, "look at a guest's disks now (also --disk FILE, --hives DIR; needs no daemon)"},
    {"bind", "GUEST COMPUTER", 2, 2, cmd_ask, "say which computer account (name, SID or GUID) is this guest's"},
    {"unbind", "GUEST", 1, 1, cmd_ask, "take that back; an unbound guest is never repaired"},
    {"bindings", "", 0, 0, cmd_ask, "every binding"},
    {"repair", "GUEST", 1, 1, cmd_ask, "look, judge and repair now (--dry-run: only say what would be done)"},
    {"approve", "CASE", 1, 1, cmd_ask, "let a case that waits be repaired; everything is looked at again"},
    {"wait", "CASE|GUEST", 1, 1, cmd_ask, "until a case is closed (--timeout SECONDS)"},
    {"doctor", "", 0, 0, cmd_ask, "everything that stands in the way, with the next step"},
    {"hook", "install|remove|status", 1, 1, cmd_hook, "the qemu hook"},
};

int cli_fail(int exit_code, const char *next, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    fputs("virtrust: ", stderr);
    vfprintf(stderr, format, args);
    va_end(args);
    if (next && next[0])
        fprintf(stderr, "; %s", next);
    fputc('\n', stderr);
    return exit_code;
}

static void usage(FILE *to)
{
    fputs("usage: virtrust [OPTION...] COMMAND [ARGUMENT...]\n\n", to);
    for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
        fprintf(to, "  %-9s %-22s %s\n", commands[i].name, commands[i].args, commands[i].help);
    fputs("\n"
          "  --json              the answer as one JSON object\n"
          "  --config FILE       read FILE instead of " CONFIG_FILE "\n"
          "  --domain D          bind: the Active Directory domain, where several are configured\n"
          "  --dry-run           repair: say what would be done, write nothing\n"
          "  --timeout SECONDS   wait, inspect: give up after that time\n"
          "  --disk FILE [--format FORMAT], --hives DIR   inspect: a disk image, a folder of registry hives\n"
          "  --version, --help\n\n"
          "exit codes: 0 answered, 1 bad news, 2 usage, 3 could not look, 4 virtrust could not work,\n"
          "            5 timed out, 6 refused by a safety rule\n",
          to);
}

// Seconds, also as 90s, 5m, 2h.
static int parse_timeout(const char *text, int64_t *ret)
{
    char *end;
    long value;

    errno = 0;
    value = strtol(text, &end, 10);
    if (errno || end == text || value < 0 || value > 30 * 86400)
        return -EINVAL;
    if (strcmp(end, "m") == 0)
        value *= 60;
    else if (strcmp(end, "h") == 0)
        value *= 3600;
    else if (*end && strcmp(end, "s") != 0)
        return -EINVAL;
    *ret = value;
    return 0;
}

enum { OPT_JSON = 256, OPT_CONFIG, OPT_DOMAIN, OPT_DRY, OPT_TIMEOUT, OPT_DISK, OPT_FORMAT, OPT_HIVES, OPT_VERSION };

static const struct option options[] = {
    {"json", no_argument, NULL, OPT_JSON},          {"config", required_argument, NULL, OPT_CONFIG},
    {"domain", required_argument, NULL, OPT_DOMAIN}, {"dry-run", no_argument, NULL, OPT_DRY},
    {"timeout", required_argument, NULL, OPT_TIMEOUT}, {"disk", required_argument, NULL, OPT_DISK},
    {"format", required_argument, NULL, OPT_FORMAT}, {"hives", required_argument, NULL, OPT_HIVES},
    {"version", no_argument, NULL, OPT_VERSION},    {"help", no_argument, NULL, 'h'},
    {0},
};

// -1: go on; else the exit code.
static int take_option(struct cli *c, int o, const char **file)
{
    switch (o) {
    case OPT_JSON:
        c->json = true;
        return -1;
    case OPT_CONFIG:
        *file = optarg;
        return -1;
    case OPT_DOMAIN:
        c->domain = optarg;
        return -1;
    case OPT_DRY:
        c->dry_run = true;
        return -1;
    case OPT_TIMEOUT:
        if (parse_timeout(optarg, &c->timeout_s) == 0)
            return -1;
        return cli_fail(EXIT_USAGE, "give seconds, or 90s, 5m, 2h", "--timeout %s is no time", optarg);
    case OPT_DISK:
        c->disk = optarg;
        return -1;
    case OPT_FORMAT:
        c->format = optarg;
        return -1;
    case OPT_HIVES:
        c->hives = optarg;
        return -1;
    case OPT_VERSION:
        puts("virtrust " VIRTRUST_VERSION);
        return EXIT_ANSWERED;
    case 'h':
        usage(stdout);
        return EXIT_ANSWERED;
    default:
        fputs("virtrust: `virtrust --help` lists commands and options\n", stderr);
        return EXIT_USAGE;
    }
}

static const struct command *find(const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    return NULL;
}

static int run(struct cli *c, const struct command *command, const char *file)
{
    struct err err = {0};
    int rc = config_load(file, &c->config, &err);

    if (rc < 0)
        return cli_fail(EXIT_NO_WORK, "", "%s", err.text[0] ? err.text : strerror(-rc));
    rc = command->run(c, command->name);
    if (fflush(stdout) != 0 || ferror(stdout))
        rc = cli_fail(EXIT_NO_WORK, "", "cannot write the answer: %s", strerror(errno));
    config_free(c->config);
    return rc;
}

int main(int argc, char **argv)
{
    struct cli c = {.timeout_s = -1};
    const struct command *command;
    const char *file = NULL;
    size_t given;

    for (int o; (o = getopt_long(argc, argv, "h", options, NULL)) != -1;) {
        int rc = take_option(&c, o, &file);

        if (rc >= 0)
            return rc;
    }
    if (optind == argc) {
        usage(stderr);
        return EXIT_USAGE;
    }
    if (strcmp(argv[optind], "help") == 0) {
        usage(stdout);
        return EXIT_ANSWERED;
    }
    command = find(argv[optind]);
    if (!command)
        return cli_fail(EXIT_USAGE, "`virtrust --help` lists them", "there is no command %s", argv[optind]);
    given = (size_t)(argc - optind - 1);
    if (given < command->min || given > command->max)
        return cli_fail(EXIT_USAGE, "", "usage: virtrust %s %s", command->name, command->args);
    for (; c.args_count < given; c.args_count++)
        c.args[c.args_count] = argv[optind + 1 + (int)c.args_count];
    return run(&c, command, file);
}
