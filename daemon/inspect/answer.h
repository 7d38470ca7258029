// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// What came out of the cage becomes an answer of virtrust's: made anew of the keys that an answer has, each of
// the form that it has. Whoever took over a parser can lie about this one guest, as its own administrator can
// in the hive; he cannot choose what the next process has to read. Advice and exit code of a failure are
// never his, nor are the engine's name, whether the guest ran, and the doubts of those outside.
//
//     rc = answer_take(from_cage, &outside, "direct", &answer, &failure);
#pragma once

#include "daemon/inspect/evidence.h"

enum { ANSWER_OTHER = 1 };

// Of what `outside` (which stays the caller's) knows: live, doubts and facts. `engine` NULL: the parser's own word.
// 0 with the evidence; ANSWER_OTHER: the engine does not read this disk, *f's sentence names what it holds;
// -1 with *f: the parser's failure, or "internal" where its answer is none.
int answer_take(const struct record *from, const struct evidence *outside, const char *engine,
                struct record **ret, struct failure *f);

// The parser's side of the second one; of the others evidence_record() and failure_record().
struct record *answer_other(const char *what);
