// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// The circuit breaker: repairs that keep failing are stopped before they have broken a pool. There is one for each
// domain and one for each policy. closed → open (failures within a window, a share of the guests, a domain controller
// that answers strangely) → half-open after a pause: one repair is let through to try → closed when it succeeds, else
// open again for twice the pause. A wait for replication, a guest that does not answer and an account that may not be
// reset count for nothing.
//
// Pure: how many failed is counted by the caller, time is an argument.
//
//     breaker_took(&breaker, ATTEMPT_FAILED, "vm3", case_id, &counts, &rules, now_us, &out);
//     if (out.changed) ...    // out.next, out.note
#pragma once

#include "common/record.h"
#include "daemon/core/types.h"

// How a repair went so far, as far as it says something about domain and directory.
#define ATTEMPT_RESULTS(X) \
    X(OPEN, "open")        \
    X(GOOD, "good")        \
    X(NEUTRAL, "neutral")  \
    X(FAILED, "failed")    \
    X(STRANGE, "strange")

#define BREAKER_STATES(X) \
    X(CLOSED, "closed")   \
    X(OPEN, "open")       \
    X(HALF_OPEN, "half-open")

#define WORD_ATTEMPT(name, text) ATTEMPT_##name,
#define WORD_BREAKER(name, text) BREAKER_##name,
enum attempt_result { ATTEMPT_RESULTS(WORD_ATTEMPT) ATTEMPT_RESULTS_COUNT };
enum breaker_state { BREAKER_STATES(WORD_BREAKER) BREAKER_STATES_COUNT };

const char *attempt_result_text(enum attempt_result v);
const char *breaker_state_text(enum breaker_state v);
int attempt_result_parse(const char *text); // -EINVAL
int breaker_state_parse(const char *text);

struct breaker {
    char name[NAME_TEXT + 8]; // "domain corp.test", "policy desktops"
    enum breaker_state state;
    int64_t since_us;     // in this state
    int64_t reopen_us;    // open: when one repair may try
    int64_t pause_us;     // how long the newest pause was
    int64_t cleared_us;   // failures before it count no more
    uint32_t trips;       // how often it opened in a row
    int64_t probe;        // half-open: the case that tries; 0: nobody yet
    char text[LONG_TEXT]; // why it opened
};

struct breaker_rules {
    unsigned failures, share; // share: percent of the guests
    int64_t window_us, pause_us;
};

struct breaker_counts {        // within the window, and since it was cleared
    unsigned failures, guests; // cases that failed; how many guests those are of
    unsigned pool;             // bound guests of the domain or policy; 0: not counted
};

struct breaker_out {
    struct breaker next;
    bool changed;
    char note[LONG_TEXT]; // one line for the log; "" none
};

// A repair of `name` went so (ATTEMPT_OPEN: nothing is known of it any more, it was given up).
void breaker_took(const struct breaker *b, enum attempt_result result, const char *text, int64_t case_id,
                  const struct breaker_counts *n, const struct breaker_rules *rules, int64_t now_us,
                  struct breaker_out *ret);
// May this case's repair begin, or go on to its reset? False: held back, why in ret_text (LONG_TEXT), until when.
// probe_lives: the case that tries is still at it.
bool breaker_lets(const struct breaker *b, int64_t case_id, bool probe_lives, int64_t now_us,
                  struct breaker_out *ret, char ret_text[static LONG_TEXT], int64_t *ret_until_us);
// The administrator's word.
void breaker_reset(const struct breaker *b, int64_t now_us, struct breaker_out *ret);

// What the answer that a job has just got says (NULL: it was lost), and what its end says; before: the state in which
// it was. ATTEMPT_OPEN: nothing.
enum attempt_result attempt_of_answer(enum job_state before, const struct job *j,
                                      const struct record *answer);
enum attempt_result attempt_of_end(enum job_state before, const struct job *ended);
