// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// How a stand-in asks the world outside Wine: it writes a question to a file below $STANDIN_DIR, starts standin.sh
// (named by $STANDIN_SCRIPT) on it, and waits for the answer's file. What passes may be a secret of the test's
// domain: the buffers are wiped, the files deleted.
//
//     char answer[512];
//     size_t len = exchange("verify", question, question_len, answer, sizeof answer);
#pragma once

#include <stddef.h>

// How many bytes the answer has; 0 when there is none.
size_t exchange(const char *verb, const void *question, size_t len, void *answer, size_t size);
void exchange_log(const char *what); // a line in $STANDIN_DIR/calls
// Is it one of $STANDIN_FAULT's words (a comma between them)?
int exchange_fault(const char *word);
// Makes $STANDIN_DIR/holding and waits until somebody removes it.
void exchange_hold(void);
