// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// Runs one program by its path, without a shell: a secret on its standard input, what it prints kept (both streams,
// cut). Nothing secret ever stands in its arguments or environment.
//
//     char out[1024];
//     rc = run_program((const char *const[]){"/usr/bin/net", "changesecretpw", NULL}, &secret, out, sizeof out, &err);
#pragma once

#include "common/err.h"
#include "common/secret.h"

#include <stddef.h>

// The exit status (0..255), or -errno with a sentence (-ECHILD: it died by a signal). input NULL: no input.
int run_program(const char *const *argv, const struct secret *input, char *ret_out, size_t out_size,
                struct err *err);
