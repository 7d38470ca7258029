// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// The real virtrust, run against a server that plays one recorded conversation, in a directory of its own.
//
//     converse((const char *[]){"list", NULL}, "type=end\nv=1\nexit=0\n\n", &result);
#pragma once

#include "tests/unit/testing.h"

enum { OUTPUT = 64 * 1024, ARGS = 10 };

struct result {
    int code;
    char out[OUTPUT], err[OUTPUT],
        request[OUTPUT]; // the request as it came over the socket, "" when none did
};

// `reply` NULL: nobody listens.
void converse(const char *const *args, const char *reply, struct result *ret);
int listen_here(void); // on run/control.sock

int cli_setup(void **state); // of the group; torn down by testing_dir_remove
