// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// Why a request could not be answered: the stable code, the sentence and the next step of an `error` record.
// It lies on the caller's stack; `code` and `next` are string constants, nobody frees them.
//
// A failure means that *nothing was asked of the directory that could have changed it*; what may have changed
// something is an outcome (reset.h), never a failure.
//
//     return failure_set(f, -EHOSTUNREACH, "dc-unreachable", "start the DC", "%s:389: %s", dc, why);
#pragma once

#include "common/err.h"
#include "common/record.h"

#define FAILURE_BAD_REQUEST "bad-request" // the requester's own mistake; the exit code says so, too

struct failure {
    const char *code; // NULL while nothing failed
    const char *next;
    struct err err;
};

// Fills the failure and returns `rc` unchanged. Control characters of foreign sentences become blanks.
int failure_set(struct failure *f, int rc, const char *code, const char *next, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

// Control characters become blanks, in place: a foreign sentence for a log.
void one_line(char *text);

// The `error` record, or NULL when out of memory.
struct record *failure_record(const struct failure *f);
