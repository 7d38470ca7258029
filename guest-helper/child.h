// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// This very program, run once more for one verb: its own process, so that what it handled is gone with it, and its own
// time limit. Each system's child.c.
//
//     struct child_end end;
//     rc = child_run("probe", request, len, &end, &err);
#pragma once

#include "common/cleanup.h"
#include "common/err.h"

#include <stddef.h>

enum { CHILD_OUT_MAX = 1024 * 1024, CHILD_LINE = 512 };

struct child_end {
    int exit_code;
    char *out; // malloc'd, out_len bytes
    size_t out_len;
    char line[CHILD_LINE]; // the first line of its standard error
};
void child_end_done(struct child_end *e);

// 0, or -errno with a sentence: it could not be started. Output beyond the cap is cut.
int child_run(const char *verb, const char *input, size_t len, struct child_end *ret, struct err *err);
