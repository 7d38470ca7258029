// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// The real hook program (built with its paths below the current directory) on a bench: a directory of its own with a
// spool, the watcher's end of hook.sock, and the hook run in it as libvirtd would run it.
//
//     hook_run(hook_xml, strlen(hook_xml));
//     r = hook_received();                       // NULL: it sent nothing; the caller frees it
//     return cmocka_run_group_tests(tests, hook_prepare, hook_clear);
#pragma once

#include "common/record.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sys/types.h>

#define UUID "1b2f7c6e-0000-4000-8000-00000000002a"
#define NAME "g\xc3\xbcst"

extern const char hook_xml[]; // of that guest; the file "doc" holds it, too

struct hook_run {
    pid_t pid;
    int input, output; // write to its standard input, read what it prints (stdout and stderr)
};

enum { CLOSED = -2 };

// Starts the hook; with stdin `input` when that is not -1 (CLOSED: none at all).
struct hook_run hook_start(int input, bool close_output);
// In a child: becomes the hook, with the file "doc" as its standard input. Returns only when it cannot.
void hook_become(const char *const *argv);
// Waits for its end: it printed nothing and exited 0.
void hook_good_end(struct hook_run *r);
void hook_run(const char *data, size_t len);

// uuid, xml NULL: it says none.
void hook_expect(const struct record *r, const char *uuid, const char *xml);
struct record *hook_received(void);
struct record *hook_spooled(void);           // the one file in the spool, which is removed
size_t hook_spool_count(char ret_name[300]); // ret_name (may be NULL): of one of them

void hook_open_socket(void);
void hook_no_socket(void);
void hook_deaf_socket(void); // its file is there, and nobody listens

int hook_prepare(void **state); // of the group
int hook_clear(void **state);
int hook_set_up(void **state); // of each test: an empty spool, a watcher
