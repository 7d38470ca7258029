// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// The command line's options: one table, by which they are read, refused where a command does not know them, and told
// by the help.
//
//     if (options_read(&c, argc, argv, &file, &exit_code) != OPTIONS_GO_ON) return exit_code;
//     rc = options_check(&c, command->name, command->takes);
#pragma once

#include "daemon/cli/cli.h"

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
    TAKES_PROOF = 512,
    TAKES_DELEGATION = 1024,
};

enum options_end { OPTIONS_GO_ON, OPTIONS_HELP, OPTIONS_VERSION, OPTIONS_WRONG };

// What is given lies in *c afterwards; the arguments begin at optind. A sentence was said where it is OPTIONS_WRONG.
enum options_end options_read(struct cli *c, int argc, char **argv);
// 0, or EXIT_USAGE with a sentence: an option that a command does not know must not be taken for granted, `approve
// --dry-run` would approve.
int options_check(const struct cli *c, const char *command, unsigned takes);

// The i-th option for the help: false when there are no more. *ret_takes 0: of every command.
bool options_at(size_t i, const char **ret_text, const char **ret_help, unsigned *ret_takes);
