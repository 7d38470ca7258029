// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
// virtrust(1): one table of commands, which is also the help.
#include "daemon/cli/cli.h"
#include "daemon/cli/options.h"
#include "daemon/cli/text.h"

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static int cmd_help(const struct cli *c, const char *command);

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
    {"bind", "GUEST COMPUTER", 1, 2, TAKES_DOMAIN | TAKES_PROOF, cmd_ask,
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
    {"doctor", "[GUEST]", 0, 1, TAKES_DELEGATION, cmd_doctor,
     "everything that stands in the way, with the next step"},
    {"hook", "install|remove|status", 1, 1, 0, cmd_hook, "the qemu hook"},
    {"help", "[COMMAND]", 0, 1, 0, cmd_help, "this, or one command with its options"},
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
    const char *text, *told;
    unsigned takes;

    fputs("usage: virtrust [OPTION...] COMMAND [ARGUMENT...]\n\n", to);
    for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
        fprintf(to, "  %-9s %-22s %s\n", commands[i].name, commands[i].args, commands[i].help);
    fputc('\n', to);
    for (size_t i = 0; options_at(i, &text, &told, &takes); i++) {
        fprintf(to, "  %-18s ", text);
        print_takers(to, takes);
        fprintf(to, "%s\n", told);
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
    const char *text, *told;
    unsigned takes;

    (void)name;
    if (c->args_count && !command)
        return no_such_command(c->args[0]);
    if (!command) {
        usage(stdout);
        return EXIT_ANSWERED;
    }
    printf("usage: virtrust [OPTION...] %s%s%s\n\n  %s\n\n", command->name, command->args[0] ? " " : "",
           command->args, command->help);
    for (size_t i = 0; options_at(i, &text, &told, &takes); i++)
        if (told[0] && (!takes || command->takes & takes))
            printf("  %-18s %s\n", text, told);
    return EXIT_ANSWERED;
}

// `doctor` tells of a broken file, and of what can be known all the same; commands that are to be run by somebody are
// not made of half a file.
static int load(struct cli *c, const struct command *command)
{
    static char why[ERR_TEXT_MAX];
    struct err err = {0};
    int rc = config_load(c->file, &c->config, &err);

    if (rc >= 0)
        return 0;
    snprintf(why, sizeof why, "%s", err.text[0] ? err.text : strerror(-rc));
    if (strcmp(command->name, "doctor") != 0 || c->delegation ||
        config_load("/dev/null", &c->config, &err) < 0)
        return cli_error(c, EXIT_NO_WORK, "config", "", "%s", why);
    c->config_error = why;
    return 0;
}

static int run(struct cli *c, const struct command *command)
{
    int rc = load(c, command);

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
    if (strcmp(command->name, "bind") == 0 && (c->args_count == 1) != c->by_proof)
        return cli_fail(EXIT_USAGE,
                        "name the computer, or let the guest prove which it is: --by-proof, not both",
                        "usage: virtrust bind GUEST COMPUTER|--by-proof");
    return options_check(c, command->name, command->takes);
}

// `virtrust COMMAND --help` is `virtrust help COMMAND`.
static int help_wanted(struct cli *c, int argc, char **argv)
{
    for (int i = 1; i < argc && !c->args_count; i++)
        if (find(argv[i]))
            c->args[c->args_count++] = argv[i];
    return cmd_help(c, NULL);
}

int main(int argc, char **argv)
{
    struct cli c = {.timeout_s = -1};
    const struct command *command;
    int rc;

    switch (options_read(&c, argc, argv)) {
    case OPTIONS_GO_ON:
        break;
    case OPTIONS_HELP:
        return help_wanted(&c, argc, argv);
    case OPTIONS_VERSION:
        return puts("virtrust " VIRTRUST_VERSION) < 0 ? EXIT_NO_WORK : EXIT_ANSWERED;
    case OPTIONS_WRONG:
        return EXIT_USAGE;
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
    return command->run == cmd_help ? cmd_help(&c, NULL) : run(&c, command);
}
