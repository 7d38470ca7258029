// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
// virtrust(1): one table of commands, which is also the help.
#include "daemon/cli/cli.h"
#include "daemon/cli/text.h"

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static int cmd_help(const struct cli *c, const char *command);

enum { // which options a command takes, besides --json and --config
    TAKES_DOMAIN = 1,
    TAKES_DRY = 2,
    TAKES_TIMEOUT = 4,
    TAKES_DISK = 8,
    TAKES_ONLY = 16,
    TAKES_STRATEGY = 32,
    TAKES_LOG_ON = 64,
    TAKES_ALL = 128,
    TAKES_SINCE = 256,
};

static const struct command {
    const char *name, *args;
    size_t min, max;
    unsigned takes;
    int (*run)(const struct cli *c, const char *command);
    const char *help;
} commands[] = {
    {"status", "", 0, 0, 0, cmd_ask, "is virtrust well, and what is it busy with"},
    {"list", "", 0, 0, TAKES_ONLY, cmd_ask, "every guest with its verdict"},
    {"sweep", "", 0, 0, TAKES_ONLY, cmd_ask,
     "look at every guest now and tell which are behind; repairs nothing"},
    {"show", "GUEST", 1, 1, 0, cmd_ask, "one guest: binding, verdict, its latest cases"},
    {"diagnose", "GUEST", 1, 1, TAKES_LOG_ON, cmd_ask,
     "why trust is broken, the evidence side by side, and what to do; writes nothing"},
    {"case", "CASE", 1, 1, 0, cmd_ask, "a case's whole history, each step with its time and reason"},
    {"inspect", "[GUEST]", 0, 1, TAKES_DISK | TAKES_TIMEOUT, cmd_inspect,
     "look at a guest's disks now (also --disk FILE, --hives DIR; needs no daemon)"},
    {"bind", "GUEST COMPUTER", 2, 2, TAKES_DOMAIN, cmd_ask,
     "say which computer account (name, SID or GUID) is this guest's"},
    {"unbind", "GUEST", 1, 1, 0, cmd_ask, "take that back; an unbound guest is never repaired"},
    {"bindings", "", 0, 0, 0, cmd_ask, "every binding"},
    {"repair", "GUEST", 1, 1, TAKES_DRY | TAKES_STRATEGY, cmd_ask,
     "look, judge and repair now (--dry-run: only say what would be done)"},
    {"approve", "CASE|--all", 0, 1, TAKES_ALL | TAKES_DOMAIN | TAKES_DRY, cmd_approve,
     "let cases that wait be repaired; everything is looked at again"},
    {"scorecard", "", 0, 0, TAKES_SINCE, cmd_scorecard,
     "what mode observe foretold, what became of it, and what was wrong"},
    {"policy", "test GUEST", 2, 2, 0, cmd_policy,
     "which entry of policies decides about a guest, and why (also with --config FILE)"},
    {"breaker", "[list|reset NAME]", 0, 2, 0, cmd_ask,
     "circuit breakers and limits of domains and policies; close one"},
    {"wait", "CASE|GUEST", 1, 1, TAKES_TIMEOUT, cmd_ask, "until a case is closed (--timeout TIME)"},
    {"doctor", "[GUEST]", 0, 1, 0, cmd_ask, "everything that stands in the way, with the next step"},
    {"hook", "install|remove|status", 1, 1, 0, cmd_hook, "the qemu hook"},
    {"help", "[COMMAND]", 0, 1, 0, cmd_help, "this, or one command with its options"},
};

static const struct {
    unsigned takes;
    const char *text, *help;
} option_help[] = {
    {0, "--json", "the answer as one JSON object, see virtrust(1)"},
    {0, "--config FILE", "read FILE instead of " CONFIG_FILE},
    {TAKES_DOMAIN, "--domain DOMAIN", "the Active Directory domain, where several are configured"},
    {TAKES_ALL, "--all", "every case that waits for approval"},
    {TAKES_ALL, "--policy NAME", "only those of guests that this entry of policies matches"},
    {TAKES_ALL, "--yes", "approve them without asking for their number"},
    {TAKES_SINCE, "--since TIME", "how far back: 12h, 30d (left out: 30d)"},
    {TAKES_DRY, "--dry-run", "say what would be done, write nothing"},
    {TAKES_STRATEGY, "--strategy STRATEGY",
     "provision (the host resets the account), or credential (the guest does, with one that is lent to it)"},
    {TAKES_STRATEGY, "--credential-file FILE",
     "what is lent: a line DOMAIN\\user, a line with the password; good for this one account alone"},
    {TAKES_LOG_ON, "--log-on", "let the running guest also try its account's log-on at the DC"},
    {TAKES_TIMEOUT, "--timeout TIME", "give up after that time: seconds, or 90s, 5m, 2h"},
    {TAKES_ONLY, "--only PATTERN", "only guests whose name matches the pattern (* ? [a-z])"},
    {TAKES_DISK, "--disk FILE", "a disk image instead of a guest"},
    {TAKES_DISK, "--format FORMAT", "the image's format; left out, qcow2 by its first bytes, else raw"},
    {TAKES_DISK, "--snapshot NAME", "an internal snapshot of its qcow2 images instead of the present"},
    {TAKES_DISK, "--engine ENGINE",
     "auto (direct, and guestfs for what it does not read), direct or guestfs"},
    {TAKES_DISK, "--hives DIR", "a folder of registry hives instead of a guest"},
    {0, "--version, --help", ""},
};

// Sentences repeat what guests, files and daemons said: nothing of that may steer the terminal.
static void say(const char *text, const char *next)
{
    char safe[TEXT_SAFE];

    fflush(stdout);
    fprintf(stderr, "virtrust: %s", text_safe(text, safe, sizeof safe));
    if (next && next[0])
        fprintf(stderr, "; %s", text_safe(next, safe, sizeof safe));
    fputc('\n', stderr);
}

int cli_fail(int exit_code, const char *next, const char *format, ...)
{
    _cleanup_free_ char *text = NULL;
    va_list args;

    va_start(args, format);
    if (vasprintf(&text, format, args) < 0)
        text = NULL;
    va_end(args);
    say(text ? text : "out of memory", next);
    return exit_code;
}

int cli_error(const struct cli *c, int exit_code, const char *code, const char *next, const char *format, ...)
{
    _cleanup_free_ char *text = NULL;
    va_list args;

    va_start(args, format);
    if (vasprintf(&text, format, args) < 0)
        text = NULL;
    va_end(args);
    if (c->json)
        json_print(json_pack("{s:i, s:o, s:i}", "schema", CLI_SCHEMA, "error",
                             json_error(exit_code, code, text ? text : "out of memory", next), "exit",
                             exit_code));
    say(text ? text : "out of memory", next);
    return exit_code;
}

// The commands that take an option, as "bind: ".
static void print_takers(FILE *to, unsigned takes)
{
    const char *between = "";

    for (size_t i = 0; takes && i < ARRAY_SIZE(commands); i++)
        if (commands[i].takes & takes) {
            fprintf(to, "%s%s", between, commands[i].name);
            between = ", ";
        }
    fputs(takes ? ": " : "", to);
}

static void usage(FILE *to)
{
    fputs("usage: virtrust [OPTION...] COMMAND [ARGUMENT...]\n\n", to);
    for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
        fprintf(to, "  %-9s %-22s %s\n", commands[i].name, commands[i].args, commands[i].help);
    fputc('\n', to);
    for (size_t i = 0; i < ARRAY_SIZE(option_help); i++) {
        fprintf(to, "  %-18s ", option_help[i].text);
        print_takers(to, option_help[i].takes);
        fprintf(to, "%s\n", option_help[i].help);
    }
    fputs("\nexit codes: 0 answered, 1 bad news, 2 usage, 3 could not look, 4 virtrust could not work,\n"
          "            5 timed out, 6 refused by a safety rule\n",
          to);
}

static const struct command *find(const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    return NULL;
}

static int no_such_command(const char *name)
{
    return cli_fail(EXIT_USAGE, "`virtrust --help` lists them", "there is no command %s", name);
}

// One command with the options that it takes.
static int cmd_help(const struct cli *c, const char *name)
{
    const struct command *command = c->args_count ? find(c->args[0]) : NULL;

    (void)name;
    if (c->args_count && !command)
        return no_such_command(c->args[0]);
    if (!command) {
        usage(stdout);
        return EXIT_ANSWERED;
    }
    printf("usage: virtrust [OPTION...] %s%s%s\n\n  %s\n\n", command->name, command->args[0] ? " " : "",
           command->args, command->help);
    for (size_t i = 0; i < ARRAY_SIZE(option_help); i++)
        if (option_help[i].help[0] && (!option_help[i].takes || command->takes & option_help[i].takes))
            printf("  %-18s %s\n", option_help[i].text, option_help[i].help);
    return EXIT_ANSWERED;
}

// Seconds, also as 90s, 5m, 2h; at most 30 days.
static int parse_timeout(const char *text, int64_t *ret)
{
    int64_t value = 0;

    if (*text < '0' || *text > '9')
        return -EINVAL;
    for (; *text >= '0' && *text <= '9'; text++)
        if ((value = value * 10 + *text - '0') > 30 * 86400)
            return -EINVAL;
    if (strcmp(text, "m") == 0)
        value *= 60;
    else if (strcmp(text, "h") == 0)
        value *= 3600;
    else if (*text && strcmp(text, "s") != 0)
        return -EINVAL;
    if (value > 30 * 86400)
        return -EINVAL;
    *ret = value;
    return 0;
}

enum {
    OPT_JSON = 256,
    OPT_CONFIG,
    OPT_DOMAIN,
    OPT_DRY,
    OPT_TIMEOUT,
    OPT_DISK,
    OPT_FORMAT,
    OPT_SNAPSHOT,
    OPT_ENGINE,
    OPT_HIVES,
    OPT_ONLY,
    OPT_STRATEGY,
    OPT_CREDENTIAL,
    OPT_LOG_ON,
    OPT_POLICY,
    OPT_SINCE,
    OPT_ALL,
    OPT_YES,
    OPT_VERSION
};

static const struct option options[] = {
    {"json", no_argument, NULL, OPT_JSON},
    {"config", required_argument, NULL, OPT_CONFIG},
    {"domain", required_argument, NULL, OPT_DOMAIN},
    {"dry-run", no_argument, NULL, OPT_DRY},
    {"timeout", required_argument, NULL, OPT_TIMEOUT},
    {"disk", required_argument, NULL, OPT_DISK},
    {"format", required_argument, NULL, OPT_FORMAT},
    {"snapshot", required_argument, NULL, OPT_SNAPSHOT},
    {"engine", required_argument, NULL, OPT_ENGINE},
    {"hives", required_argument, NULL, OPT_HIVES},
    {"only", required_argument, NULL, OPT_ONLY},
    {"strategy", required_argument, NULL, OPT_STRATEGY},
    {"credential-file", required_argument, NULL, OPT_CREDENTIAL},
    {"log-on", no_argument, NULL, OPT_LOG_ON},
    {"policy", required_argument, NULL, OPT_POLICY},
    {"since", required_argument, NULL, OPT_SINCE},
    {"all", no_argument, NULL, OPT_ALL},
    {"yes", no_argument, NULL, OPT_YES},
    {"version", no_argument, NULL, OPT_VERSION},
    {"help", no_argument, NULL, 'h'},
    {0},
};

struct kept {
    int option;
    size_t at; // in struct cli
};

// Options that only keep what stands behind them, and those that only are given or not.
static const struct kept texts[] = {
    {OPT_DOMAIN, offsetof(struct cli, domain)}, {OPT_DISK, offsetof(struct cli, disk)},
    {OPT_FORMAT, offsetof(struct cli, format)}, {OPT_SNAPSHOT, offsetof(struct cli, snapshot)},
    {OPT_ENGINE, offsetof(struct cli, engine)}, {OPT_HIVES, offsetof(struct cli, hives)},
    {OPT_ONLY, offsetof(struct cli, only)},     {OPT_STRATEGY, offsetof(struct cli, strategy)},
    {OPT_POLICY, offsetof(struct cli, policy)}, {OPT_CREDENTIAL, offsetof(struct cli, credential_file)},
    {OPT_SINCE, offsetof(struct cli, since)},
};
static const struct kept flags[] = {
    {OPT_JSON, offsetof(struct cli, json)},     {OPT_DRY, offsetof(struct cli, dry_run)},
    {OPT_LOG_ON, offsetof(struct cli, log_on)}, {OPT_ALL, offsetof(struct cli, all)},
    {OPT_YES, offsetof(struct cli, yes)},
};

static bool keep_option(struct cli *c, int o)
{
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
        if (texts[i].option == o) {
            *(const char **)((char *)c + texts[i].at) = optarg;
            return true;
        }
    for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
        if (flags[i].option == o) {
            *(bool *)((char *)c + flags[i].at) = true;
            return true;
        }
    return false;
}

// -1: go on; else the exit code.
static int take_option(struct cli *c, int o, const char **file)
{
    if (keep_option(c, o))
        return -1;
    switch (o) {
    case OPT_CONFIG:
        *file = optarg;
        return -1;
    case OPT_TIMEOUT:
        if (parse_timeout(optarg, &c->timeout_s) == 0)
            return -1;
        return cli_fail(EXIT_USAGE, "give seconds, or 90s, 5m, 2h, at most 30 days",
                        "--timeout %s does not fit", optarg);
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

// An option that a command does not know must not be taken for granted: `approve --dry-run` would approve.
static int check_options(const struct cli *c, const struct command *command)
{
    const struct {
        const char *name;
        unsigned takes;
        bool given;
    } all[] = {
        {"--domain", TAKES_DOMAIN, c->domain != NULL},
        {"--dry-run", TAKES_DRY, c->dry_run},
        {"--timeout", TAKES_TIMEOUT, c->timeout_s >= 0},
        {"--disk", TAKES_DISK, c->disk != NULL},
        {"--format", TAKES_DISK, c->format != NULL},
        {"--hives", TAKES_DISK, c->hives != NULL},
        {"--snapshot", TAKES_DISK, c->snapshot != NULL},
        {"--engine", TAKES_DISK, c->engine != NULL},
        {"--only", TAKES_ONLY, c->only != NULL},
        {"--log-on", TAKES_LOG_ON, c->log_on},
        {"--all", TAKES_ALL, c->all},
        {"--yes", TAKES_ALL, c->yes},
        {"--policy", TAKES_ALL, c->policy != NULL},
        {"--since", TAKES_SINCE, c->since != NULL},
        {"--strategy", TAKES_STRATEGY, c->strategy != NULL},
        {"--credential-file", TAKES_STRATEGY, c->credential_file != NULL},
    };

    for (size_t i = 0; i < ARRAY_SIZE(all); i++)
        if (all[i].given && !(command->takes & all[i].takes))
            return cli_fail(EXIT_USAGE, "`virtrust --help` says which command takes it; nothing was done",
                            "%s is no option of %s", all[i].name, command->name);
    return 0;
}

// `doctor` tells of a broken file, and of what can be known all the same.
static int load(struct cli *c, const struct command *command, const char *file)
{
    static char why[ERR_TEXT_MAX];
    struct err err = {0};
    int rc = config_load(file, &c->config, &err);

    if (rc >= 0)
        return 0;
    snprintf(why, sizeof why, "%s", err.text[0] ? err.text : strerror(-rc));
    if (strcmp(command->name, "doctor") != 0 || config_load("/dev/null", &c->config, &err) < 0)
        return cli_error(c, EXIT_NO_WORK, "config", "", "%s", why);
    c->config_error = why;
    return 0;
}

static int run(struct cli *c, const struct command *command, const char *file)
{
    int rc = load(c, command, file);

    if (rc != 0)
        return rc;
    rc = command->run(c, command->name);
    if (fflush(stdout) != 0 || ferror(stdout))
        rc = cli_fail(EXIT_NO_WORK, "", "cannot write the answer: %s", strerror(errno));
    config_free(c->config);
    return rc;
}

static int take_arguments(struct cli *c, const struct command *command, int argc, char **argv)
{
    if ((size_t)argc < command->min || (size_t)argc > command->max)
        return cli_fail(EXIT_USAGE, "", "usage: virtrust %s %s", command->name,
                        command->args[0] ? command->args : "(without arguments)");
    for (int i = 0; i < argc; i++) {
        if (!argv[i][0])
            return cli_fail(EXIT_USAGE, "", "an argument is empty; usage: virtrust %s %s", command->name,
                            command->args);
        c->args[c->args_count++] = argv[i];
    }
    return check_options(c, command);
}

int main(int argc, char **argv)
{
    struct cli c = {.timeout_s = -1};
    const struct command *command;
    const char *file = NULL;
    int rc;

    for (int o; (o = getopt_long(argc, argv, "h", options, NULL)) != -1;) {
        rc = take_option(&c, o, &file);
        if (rc >= 0)
            return rc;
    }
    if (optind == argc) {
        usage(stderr);
        return EXIT_USAGE;
    }
    command = find(argv[optind]);
    if (!command)
        return no_such_command(argv[optind]);
    rc = take_arguments(&c, command, argc - optind - 1, argv + optind + 1);
    if (rc != 0)
        return rc;
    // The help also when the configuration is broken.
    return command->run == cmd_help ? cmd_help(&c, NULL) : run(&c, command, file);
}
