// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// Evidence → verdict and cause, by one ordered table (DESIGN, "How `behind` is decided"): pairs, not clocks. Each row
// has a stable id (the cause), a verdict and a condition; the first that holds decides. Unknown is a value: a field
// that is not known makes no condition true.
//
//     struct judgement j = judge(&evidence);    // j.verdict, j.cause, j.text
#pragma once

#include "daemon/core/types.h"

#include <stddef.h>

enum { PAIRS_MAX = 16 };

// What one side (disk or live probe) says of the guest.
struct guest_side {
    bool known;          // somebody looked and could read
    char why[LONG_TEXT]; // when not: the reason, a sentence
    char why_code[SHORT_TEXT];
    char why_next[LONG_TEXT]; // what the administrator can do about it
    enum tri joined;
    enum role role;
    char sam[SHORT_TEXT];   // "" unknown; with '$'
    char domain[NAME_TEXT]; // DNS name, "" unknown
    char account_sid[192];  // "" unknown
    bool has_fingerprint;
    unsigned char fingerprint[HASH];
    uint64_t set_at; // FILETIME, 0 unknown
    int64_t kvno;    // -1 unknown
    bool doubtful;   // a dirty or damaged source: an old date alone proves nothing
    char doubt[LONG_TEXT];
    char engine[NAME_TEXT]; // who read the disk, for people; "" unknown
};

// What the directory says of the bound account.
struct directory_side {
    bool known;
    char why[LONG_TEXT];
    enum tri found;
    char guid[UUID_TEXT], sid[192], name[SHORT_TEXT], dc[NAME_TEXT];
    uint64_t pwd_last_set; // FILETIME; 0 unknown or sentinel
    int64_t kvno;          // -1 unknown
    int64_t uac;           // -1 unknown
    int64_t skew_us;       // DC's clock minus ours, as measured; 0 unknown
};

struct evidence {
    struct guest_side guest;
    struct directory_side directory;
    bool bound;
    struct binding binding;
    struct pair pairs[PAIRS_MAX]; // newest first
    size_t pairs_count;
    int64_t tolerance_us; // AD newer by more than this (plus skew) = behind, without a pair
};

struct judgement {
    enum verdict verdict;
    char cause[SHORT_TEXT]; // the row's id
    char text[LONG_TEXT];   // what it rests on, one sentence
};

struct judgement judge(const struct evidence *e);

// Do the guest's claims (names, SID) contradict the binding? ret_text (may be NULL): which one, in words.
bool claims_other(const struct guest_side *g, const struct binding *b, char *ret_text, size_t size);

// Was the directory's present password set by this very guest? True when a secret that followed the one it holds now
// was seen in it together with the directory's present date. (Else another machine may have changed it.)
bool changed_by_this_guest(const struct evidence *e);

// For tests and the manual: the table's rows in order; NULL behind the last.
const char *judge_row(size_t i, enum verdict *ret_verdict);
