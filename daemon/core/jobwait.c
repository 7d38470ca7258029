// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// The parts of job_step that wait: for a guest that does not answer, for the end of a migration, for what one domain
// controller has to hear from another.
#include "common/cleanup.h"
#include "daemon/core/jobparts.h"

#include <stdio.h>
#include <string.h>

enum {
    SECOND = 1000 * 1000,
    PAUSE_LONGEST = 30,
    PAUSE_OFF = 300,
    PAUSE_REPLICATION = 60,
    REPLICATION_HOURS = 24
};

// The guest did not answer: nothing was begun, and waiting for its agent is the right thing.
static bool is_absence(const char *code)
{
    static const char *const codes[] = {"no-agent", "agent-busy", "agent-timeout", "guest-off"};

    for (size_t i = 0; i < ARRAY_SIZE(codes); i++)
        if (strcmp(code, codes[i]) == 0)
            return true;
    return false;
}

bool job_must_stay(enum job_state state)
{
    return state == JOB_STORING || state == JOB_LENDING || state == JOB_ROTATING || state == JOB_CONFIRMING ||
           state == JOB_COUNTING || state == JOB_RESETTING || state == JOB_PROVING || state == JOB_ATTESTING;
}

static int64_t pause_us(uint32_t tries)
{
    int64_t seconds = tries > 5 ? PAUSE_LONGEST : INT64_C(1) << tries;

    return (seconds > PAUSE_LONGEST ? PAUSE_LONGEST : seconds) * SECOND;
}

// An off guest may stay off for weeks, also in the middle of a repair: the deadline runs only while it runs.
static void wait_for_start(struct job_out *out, int64_t now_us)
{
    out->next.deadline_us = 0;
    out->next.tries = 0;
    out->next.next_us = now_us + (int64_t)PAUSE_OFF * SECOND;
    out->effect = JOB_EFFECT_NONE;
}

static void end_late(struct job_out *out, const char *code, const char *text)
{
    enum outcome outcome = OUTCOME_FAILED;

    if (!out->next.heard)
        outcome = OUTCOME_SILENT;
    else if (out->next.state == JOB_PROVING)
        outcome = OUTCOME_CLAIMED;
    job_end(out, outcome, VERDICT_UNKNOWN, code, text,
            outcome == OUTCOME_SILENT ? "start qemu-guest-agent in the guest, then `virtrust repair` it"
                                      : "mend what the text says, then `virtrust repair` the guest");
}

void job_retry(struct job_out *out, const struct job_world *w, int64_t now_us, const char *code,
               const char *text)
{
    uint32_t tries = out->next.tries + 1;
    enum job_state state = out->next.state;

    snprintf(out->next.text, sizeof out->next.text, "%s", text);
    if (!w->running && (state == JOB_STORING || state == JOB_LENDING || state == JOB_ROTATING)) {
        wait_for_start(out, now_us);
        return;
    }
    if (!out->next.deadline_us)
        out->next.deadline_us = now_us + w->agent_wait_us;
    if (now_us >= out->next.deadline_us) {
        end_late(out, code, text);
        return;
    }
    if (is_absence(code) && !job_must_stay(state))
        job_enter(out, w->running ? JOB_WAITING_AGENT : JOB_WAITING_START, "");
    out->next.tries = tries;
    out->next.next_us = now_us + pause_us(tries);
    out->effect = JOB_EFFECT_NONE;
    if (tries == 1)
        snprintf(out->note, sizeof out->note, "waits: %.480s", text);
}

// However long that takes: no deadline runs meanwhile. When it is over, it runs here again, or it has left.
void job_wait_migrated(struct job_out *out, const struct job_world *w, int64_t now_us)
{
    out->next.deadline_us = 0;
    job_retry(out, w, now_us, "migrating", "the guest migrates; nothing is reset before that is over");
}

// Sites replicate on a timetable, some a few times a day. True when it has been waited long enough, and the job ended.
static bool waited_a_day(struct job_out *out, int64_t now_us, const char *text)
{
    if (now_us < out->next.created_us + (int64_t)REPLICATION_HOURS * 3600 * SECOND)
        return false;
    job_end(out, OUTCOME_FAILED, VERDICT_UNKNOWN, "not-replicated", text,
            "see why the domain controllers do not replicate (repadmin /showrepl, samba-tool drs showrepl); "
            "`virtrust repair` goes on with the same secret");
    return true;
}

void job_wait_replicated(struct job_out *out, const struct job_world *w, int64_t now_us, const char *text)
{
    if (waited_a_day(out, now_us, text))
        return;
    out->next.deadline_us = 0;
    job_retry(out, w, now_us, "not-replicated", text);
    if (out->next.tries > 5)
        out->next.next_us = now_us + (int64_t)PAUSE_REPLICATION * SECOND;
}

void job_probe_replicated(struct job_out *out, int64_t now_us, const char *text)
{
    bool told = strcmp(out->next.text, text) == 0;

    if (waited_a_day(out, now_us, text))
        return;
    job_enter(out, JOB_PROBING, "");
    out->next.deadline_us = 0;
    out->next.next_us = now_us + (int64_t)PAUSE_REPLICATION * SECOND;
    out->effect = JOB_EFFECT_NONE;
    snprintf(out->next.text, sizeof out->next.text, "%s", text);
    if (!told)
        snprintf(out->note, sizeof out->note, "waits: %.480s", text);
}
