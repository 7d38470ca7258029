// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// An error with a sentence: what happened, where, what would be right. It lies on the caller's stack; a function
// that returns an error fills it once, nobody else touches it. Passing NULL is fine: the sentence is then lost.
//
//     struct err err = {0};
//     return err_set(&err, -ENOENT, "%s: no such disk; is the storage mounted?", path);
#pragma once

#include <stdarg.h>

enum { ERR_TEXT_MAX = 512 };

struct err {
    char text[ERR_TEXT_MAX]; // one sentence, no newline; "" while nothing failed
};

// Writes the sentence (cut at ERR_TEXT_MAX - 1 bytes) and returns `code` unchanged.
int err_set(struct err *err, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));
int err_setv(struct err *err, int code, const char *format, va_list args)
    __attribute__((format(printf, 3, 0)));

// Puts "prefix: " before the sentence that stands there and returns `code` unchanged.
int err_prefix(struct err *err, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));

// The exit codes of every program (DESIGN, "Names fixed for scripts and checks").
enum exit_code {
    EXIT_ANSWERED = 0, // the question was answered
    EXIT_BAD_NEWS = 1, // the answer is bad news: behind, a failed proof
    EXIT_USAGE = 2,    // the command line is wrong
    EXIT_NO_LOOK = 3,  // could not look: unreadable, encrypted, unsupported
    EXIT_NO_WORK = 4,  // virtrust could not work: daemon, permission, configuration, store
    EXIT_TIMED_OUT = 5,
    EXIT_REFUSED = 6, // refused by a safety rule
};
