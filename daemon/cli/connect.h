// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// The way to virtrustd's control socket, and why there is none.
//
//     if (connect_control(c, &s, &why) < 0)
//         return cli_error(c, EXIT_NO_WORK, why.code, why.next, "%s", why.err.text);
#pragma once

#include "common/err.h"
#include "common/os/recio.h"
#include "daemon/cli/cli.h"

// Why nobody can be asked; code and next are constants.
struct unasked {
    const char *code, *next;
    struct err err;
};

// -1, always. Takes printf's words for the sentence.
int unasked_set(struct unasked *why, const char *code, const char *next, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
// *ret is the caller's. -1 with *why: virtrustd does not run, or this user may not speak with it.
int connect_control(const struct cli *c, struct recio **ret, struct unasked *why);
