// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/cli/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

enum kind { FLAG, TEXT, TIME, THE_VERSION, THE_HELP };

static const struct {
    const char *name, *shown; // shown: as the help writes it
    enum kind kind;
    size_t at; // in struct cli
    unsigned takes;
    const char *help; // "": not told of one command
} table[] = {
    {"json", "--json", FLAG, offsetof(struct cli, json), 0, "the answer as JSON, see virtrust(1)"},
    {"config", "--config FILE", TEXT, offsetof(struct cli, file), 0, "read FILE instead of " CONFIG_FILE},
    {"domain", "--domain DOMAIN", TEXT, offsetof(struct cli, domain), TAKES_DOMAIN,
     "the Active Directory domain, where several are configured"},
    {"by-proof", "--by-proof", FLAG, offsetof(struct cli, by_proof), TAKES_PROOF,
     "instead of COMPUTER: let the running guest show by a Kerberos ticket which account it holds"},
    {"all", "--all", FLAG, offsetof(struct cli, all), TAKES_ALL, "every case that waits for approval"},
    {"policy", "--policy NAME", TEXT, offsetof(struct cli, policy), TAKES_ALL,
     "only those of guests that this entry of policies matches"},
    {"yes", "--yes", FLAG, offsetof(struct cli, yes), TAKES_ALL,
     "approve them without asking for their number"},
    {"since", "--since TIME", TEXT, offsetof(struct cli, since), TAKES_SINCE,
     "how far back: 12h, 30d (left out: 30d)"},
    {"dry-run", "--dry-run", FLAG, offsetof(struct cli, dry_run), TAKES_DRY,
     "say what would be done, write nothing"},
    {"strategy", "--strategy STRATEGY", TEXT, offsetof(struct cli, strategy), TAKES_STRATEGY,
     "provision (the host resets the account), or credential (the guest does, with one that is lent to it)"},
    {"credential-file", "--credential-file FILE", TEXT, offsetof(struct cli, credential_file), TAKES_STRATEGY,
     "what is lent: a line DOMAIN\\user, a line with the password; good for this one account alone"},
    {"log-on", "--log-on", FLAG, offsetof(struct cli, log_on), TAKES_LOG_ON,
     "let the running guest also try its account's log-on at the DC"},
    {"timeout", "--timeout TIME", TIME, offsetof(struct cli, timeout_s), TAKES_TIMEOUT,
     "give up after that time: seconds, or 90s, 5m, 2h"},
    {"only", "--only PATTERN", TEXT, offsetof(struct cli, only), TAKES_ONLY,
     "only guests whose name matches the pattern (* ? [a-z])"},
    {"disk", "--disk FILE", TEXT, offsetof(struct cli, disk), TAKES_DISK, "a disk image instead of a guest"},
    {"format", "--format FORMAT", TEXT, offsetof(struct cli, format), TAKES_DISK,
     "the image's format; left out, qcow2 by its first bytes, else raw"},
    {"snapshot", "--snapshot NAME", TEXT, offsetof(struct cli, snapshot), TAKES_DISK,
     "an internal snapshot of its qcow2 images instead of the present"},
    {"engine", "--engine ENGINE", TEXT, offsetof(struct cli, engine), TAKES_DISK,
     "auto (direct, and guestfs for what it does not read), direct or guestfs"},
    {"key-file", "--key-file FILE", TEXT, offsetof(struct cli, key_file), TAKES_DISK,
     "what opens its LUKS volumes: a file that holds their passphrase"},
    {"hives", "--hives DIR", TEXT, offsetof(struct cli, hives), TAKES_DISK,
     "a folder of registry hives instead of a guest"},
    {"delegation", "--delegation", FLAG, offsetof(struct cli, delegation), TAKES_DELEGATION,
     "print the commands that give the delegated account its right, and no more (needs no daemon)"},
    {"version", "--version, --help", THE_VERSION, 0, 0, ""},
    {"help", NULL, THE_HELP, 0, 0, ""},
};

// Seconds, also as 90s, 5m, 2h; at most 30 days.
static int parse_time(const char *text, int64_t *ret)
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

static enum options_end take_one(struct cli *c, size_t i, const char *value)
{
    void *at = (char *)c + table[i].at;

    switch (table[i].kind) {
    case FLAG:
        *(bool *)at = true;
        return OPTIONS_GO_ON;
    case TEXT:
        // A script's variable that is not set: --only "" would mean everything, and not what was meant.
        if (!value[0]) {
            cli_fail(EXIT_USAGE, "give one, or leave the option out; nothing was done",
                     "--%s has an empty value", table[i].name);
            return OPTIONS_WRONG;
        }
        *(const char **)at = value;
        return OPTIONS_GO_ON;
    case TIME:
        if (parse_time(value, at) == 0)
            return OPTIONS_GO_ON;
        cli_fail(EXIT_USAGE, "give seconds, or 90s, 5m, 2h, at most 30 days", "--%s %s does not fit",
                 table[i].name, value);
        return OPTIONS_WRONG;
    case THE_VERSION:
        return OPTIONS_VERSION;
    case THE_HELP:
        return OPTIONS_HELP;
    }
    return OPTIONS_WRONG;
}

enum options_end options_read(struct cli *c, int argc, char **argv)
{
    enum { FIRST = 256 };
    struct option options[ARRAY_SIZE(table) + 1] = {0};
    enum options_end end;

    for (size_t i = 0; i < ARRAY_SIZE(table); i++)
        options[i] = (struct option){
            .name = table[i].name,
            .has_arg = table[i].kind == TEXT || table[i].kind == TIME ? required_argument : no_argument,
            .val = FIRST + (int)i,
        };
    for (int o; (o = getopt_long(argc, argv, "h", options, NULL)) != -1;) {
        if (o == 'h')
            return OPTIONS_HELP;
        if (o < FIRST) {
            fputs("virtrust: `virtrust --help` lists commands and options\n", stderr);
            return OPTIONS_WRONG;
        }
        end = take_one(c, (size_t)(o - FIRST), optarg);
        if (end != OPTIONS_GO_ON)
            return end;
    }
    return OPTIONS_GO_ON;
}

static bool given(const struct cli *c, size_t i)
{
    const void *at = (const char *)c + table[i].at;

    switch (table[i].kind) {
    case FLAG:
        return *(const bool *)at;
    case TEXT:
        return *(const char *const *)at != NULL;
    case TIME:
        return *(const int64_t *)at >= 0;
    case THE_VERSION:
    case THE_HELP:
        break;
    }
    return false;
}

int options_check(const struct cli *c, const char *command, unsigned takes)
{
    for (size_t i = 0; i < ARRAY_SIZE(table); i++)
        if (table[i].takes && !(takes & table[i].takes) && given(c, i))
            return cli_fail(EXIT_USAGE, "`virtrust --help` says which command takes it; nothing was done",
                            "--%s is no option of %s", table[i].name, command);
    return 0;
}

bool options_at(size_t i, const char **ret_text, const char **ret_help, unsigned *ret_takes)
{
    if (i >= ARRAY_SIZE(table) || !table[i].shown)
        return false;
    *ret_text = table[i].shown;
    *ret_help = table[i].help;
    *ret_takes = table[i].takes;
    return true;
}
