// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// Where virtrust's other programs lie: beside this one in a build tree, else in the libexec directory.
//
//     program_path("virtrust-inspect", path);
//     rc = program_ask(path, argv, request, 60000, &answer, &err);
#pragma once

#include "common/err.h"
#include "common/record.h"

enum { PROGRAM_PATH = 4096 };

void program_path(const char *name, char ret[static PROGRAM_PATH]);
// Runs it with the request (NULL: none, its stdin is at its end) and reads one record from its stdout. What it says
// on stderr is kept back: an answer has it all, and without an answer its last line is part of the sentence. After
// timeout_ms it is killed with all that it started: -ETIMEDOUT. 0, or a negative errno with a sentence.
int program_ask(const char *path, char *const argv[], const struct record *request, int timeout_ms,
                struct record **ret, struct err *err);
