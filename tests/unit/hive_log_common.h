// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// A joined member's SECURITY hive in three states, for tests of its logs: after one, two and three passwords.
//
//     return cmocka_run_group_tests(tests, make_states, remove_states);
#pragma once

#include "tests/fixtures/hivelog.h"
#include "tests/unit/inspect_common.h"

enum { STATES = 3, SEQ = 41, SECTOR = 512 };

extern char dir[];                 // a directory for this test; state N lies in dir/N
extern struct blob states[STATES]; // the hive after the first, second, third password
extern struct blob grown;          // after the third one, and longer
extern const uint64_t dates[STATES];

int make_states(void **state);
int remove_states(void **state);
void run(const char *format, ...) __attribute__((format(printf, 1, 2)));
// The hive as it was after the first password, dirty since.
void dirty_hive(struct blob *ret);
// Looks at a hive and its logs, which it takes.
int look(struct blob *file, struct blob logs[static HIVE_LOGS], struct evidence *e, struct failure *f);
// What a dirty hive with these logs tells: the state, how many entries, which password; a doubt or none (NULL).
void expect(struct blob logs[static HIVE_LOGS], enum hive_state state, unsigned entries, int password,
            const char *doubt);
// A log whose entries lead from one state to the next, the first of them with this number.
void make_log(struct blob *log, int from, int to, uint32_t seq);
