// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// What a repair's answers and its end say about the directory (breaker.h).
#include "daemon/core/breaker.h"

#include "common/cleanup.h"

#include <string.h>
#include <strings.h>

static bool among(const char *word, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(word, words[i]) == 0)
            return true;
    return false;
}

// The directory is asked in it, or what the directory holds already is under way to the guest.
static bool touches_directory(enum job_state state)
{
    return state == JOB_COMPARING || (state >= JOB_READING && state < JOB_ENDED);
}

// A domain controller that speaks for another domain, or not as one does.
static bool is_strange(const char *code)
{
    static const char *const codes[] = {"wrong-domain", "dc-unsuitable", "protocol"};

    return among(code, codes, ARRAY_SIZE(codes));
}

static bool is_outage(const char *code)
{
    static const char *const codes[] = {"dc-unreachable", "dns",      "timed-out", "dc-refused", "not-sealed",
                                        "keytab",         "internal", "state",     "clock",      "config"};

    return among(code, codes, ARRAY_SIZE(codes));
}

static bool asks_directory(enum job_state state)
{
    return state == JOB_COMPARING || state == JOB_READING || state == JOB_VETTING || state == JOB_RESETTING ||
           state == JOB_CONFIRMING || state == JOB_COUNTING || state == JOB_PROVING;
}

// The DC that was reset, and took the new secret, shows no newer key version.
static bool went_backwards(enum job_state before, const struct job *j, const struct record *a)
{
    int64_t kvno;

    return before == JOB_COUNTING && j->reset_answered && j->kvno_before >= 0 && j->dc[0] &&
           strcasecmp(record_get_or(a, "dc", ""), j->dc) == 0 && record_get_i64(a, "kvno", &kvno) == 0 &&
           kvno < j->kvno_before;
}

enum attempt_result attempt_of_answer(enum job_state before, const struct job *j, const struct record *answer)
{
    const char *code;

    if (!asks_directory(before) || !answer)
        return ATTEMPT_OPEN;
    if (went_backwards(before, j, answer))
        return ATTEMPT_STRANGE;
    if (!record_is(answer, "error"))
        return ATTEMPT_OPEN;
    code = record_get_or(answer, "code", "");
    return is_strange(code) ? ATTEMPT_STRANGE : is_outage(code) ? ATTEMPT_FAILED : ATTEMPT_OPEN;
}

// Refusals that speak of the delegated account or the domain, and not of this one account.
static enum attempt_result of_refusal(const struct job *j)
{
    static const char *const bad[] = {"access-denied", "dc-refused", "unreadable", "no-base"};

    if (strcmp(j->cause, "account-recreated") == 0)
        return ATTEMPT_STRANGE;
    return among(j->cause, bad, ARRAY_SIZE(bad)) ? ATTEMPT_FAILED : ATTEMPT_NEUTRAL;
}

enum attempt_result attempt_of_end(enum job_state before, const struct job *j)
{
    static const char *const waits[] = {"not-replicated", "rotation-not-shown", "reset-not-shown", "silent"};

    switch (j->outcome) {
    case OUTCOME_PROVEN:
        return ATTEMPT_GOOD;
    case OUTCOME_CLAIMED:
        return strcmp(j->cause, "changed-again") == 0 ? ATTEMPT_FAILED : ATTEMPT_NEUTRAL;
    case OUTCOME_FAILED:
        if (among(j->cause, waits, ARRAY_SIZE(waits)))
            return ATTEMPT_NEUTRAL;
        return touches_directory(before) ? ATTEMPT_FAILED : ATTEMPT_NEUTRAL;
    case OUTCOME_REFUSED:
        return of_refusal(j);
    case OUTCOME_OPEN:
    case OUTCOME_SILENT:
    case OUTCOME_SUPERSEDED:
    case OUTCOME_LEFT:
    case OUTCOME_NO_ACTION:
    case OUTCOMES_COUNT:
        break;
    }
    return ATTEMPT_NEUTRAL;
}
