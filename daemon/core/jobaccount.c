// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// The parts of job_step that the directory answers: reading, resetting, confirming, counting and proving.
#include "daemon/core/jobparts.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static const int64_t LIMIT_WAIT_US = INT64_C(300) * 1000000;

bool job_account_fits(struct job_out *o, const struct record *a, const struct job_world *w, int64_t *ret_kvno)
{
    const char *sid = record_get_or(a, "sid", ""), *guid = record_get_or(a, "guid", "");

    if (record_get_bool(a, "found") != 1)
        job_end(o, OUTCOME_REFUSED, VERDICT_ACCOUNT_MISSING, "account-missing",
                "the bound account is not in the directory", "join the guest again and bind it anew");
    else if (strcmp(sid, w->binding.sid) != 0 || strcasecmp(guid, w->binding.guid) != 0)
        job_end(o, OUTCOME_REFUSED, VERDICT_ACCOUNT_RECREATED, "account-recreated",
                "the directory answered for another account than the bound one", "bind the guest anew");
    else if (record_get_i64(a, "kvno", ret_kvno) < 0)
        job_end(o, OUTCOME_FAILED, VERDICT_UNKNOWN, "no-kvno",
                "the directory shows no key version of the account",
                "let the delegated account read msDS-KeyVersionNumber");
    else
        return true;
    return false;
}

void job_after_reading(struct job_out *o, const struct record *a, const struct job_world *w, int64_t now_us)
{
    int64_t kvno;

    if (job_refused_answer(o, a, w, now_us, "account") || !job_account_fits(o, a, w, &kvno) ||
        !job_reading_compares(o, a))
        return;
    job_keep_dc(o, a, w);
    o->next.kvno_before = kvno;
    if (w->journal != JOURNAL_NONE) {
        o->next.inherited = !o->next.reset_answered;
        job_enter(o, JOB_CONFIRMING,
                  "a secret set before is not settled yet; asks whether the account holds it");
        return;
    }
    if (w->moving) {
        job_wait_migrated(o, w, now_us);
        return;
    }
    if (o->next.lends) {
        job_begin_lending(o, "");
        return;
    }
    o->mint = true;
    job_enter(o, JOB_RESETTING, "");
    snprintf(o->note, sizeof o->note,
             "new secret journalled; resets the account on %.200s (key version %" PRId64 ")", o->next.dc,
             kvno);
}

// The worker's own count of resets is full, before ours: nothing was written, and it is tried again.
static void after_limit(struct job_out *o, const char *text, int64_t now_us)
{
    o->wipe = true;
    job_enter(o, JOB_WAITING_TURN, "");
    o->next.deadline_us = 0;
    o->next.next_us = now_us + LIMIT_WAIT_US;
    snprintf(o->next.cause, sizeof o->next.cause, "hourly-limit");
    snprintf(o->next.text, sizeof o->next.text, "%s", text);
    snprintf(o->note, sizeof o->note, "held back: %.480s", text);
}

void job_after_reset(struct job_out *o, const struct record *a, const struct job_world *w, int64_t now_us)
{
    const char *result = record_get_or(a, "result", "unknown");
    const char *text = record_get_or(a, "text", "");

    (void)w;
    if (record_is(a, "reset") && strcmp(result, "done") == 0) {
        job_keep_dc(o, a, w);
        o->next.reset_answered = true;
        job_enter(o, JOB_CONFIRMING, "account reset");
        return;
    }
    if (record_is(a, "reset") && strcmp(result, "refused") == 0) {
        const char *rule = record_get_or(a, "rule", "refused");

        if (strcmp(rule, "kvno-moved") == 0) {
            // It may have moved by this very secret (a reset whose answer was lost): that is kept, and asked for.
            job_start_over(o, JOB_READING, rule,
                           "the account changed between reading and reset; reads it again");
            return;
        }
        if (strcmp(rule, "hourly-limit") == 0) {
            after_limit(o, text, now_us);
            return;
        }
        o->wipe = true; // nothing was written with it, now or before: every reset is settled before the next
        job_end(o, OUTCOME_REFUSED, VERDICT_UNKNOWN, rule, text[0] ? text : "the reset was refused",
                record_get_or(a, "next", ""));
        return;
    }
    job_enter(o, JOB_CONFIRMING, "nobody can say whether the reset took; asks by a log-on");
}

static void mint_anew(struct job_out *o, const char *note)
{
    if (!job_start_over(o, JOB_RESETTING, "changed-again", note))
        return;
    o->next.inherited = o->next.reset_answered = false;
    o->next.kvno_reset = -1;
    o->mint = true;
}

// The guest was healthy, but not by the journalled secret: that one is settled. Whether it is healthy by its own
// rotation or was so only until somebody changed the account just now, a further probe tells.
static void after_newer_secret(struct job_out *o)
{
    o->wipe = true;
    job_start_over(o, JOB_PROBING, "secret-replaced",
                   "the account holds a newer secret than the one virtrust set");
}

// The account does not hold the journalled secret: that settles what became of it.
static void login_refused(struct job_out *o, const struct job_world *w, int64_t now_us, const char *text)
{
    if (o->next.stored) {
        after_newer_secret(o);
    } else if (o->next.lends) {
        o->wipe = true; // it is not the account's, and nothing of ours can make it so any more
        job_begin_lending(o, "the older secret is settled: the account does not hold it");
    } else if (w->journal == JOURNAL_CONFIRMED) {
        // It was taken once and is not any more: the guest's rotation or another tool changed it since.
        mint_anew(o, "the older secret is settled: the account holds another; resets it anew");
    } else if (o->next.reset_answered && o->next.inherited && o->next.tries + 1 >= JOB_SETTLE_TRIES) {
        // `done` may be the worker's record of a reset long ago, which nobody confirmed before another changed it.
        mint_anew(o, "the older secret was set once, but the account holds another now; resets it anew");
    } else if (o->next.reset_answered) {
        job_retry(o, w, now_us, "login-refused", text); // the DC needs a moment
    } else {
        // Settled: the reset did not take. The same secret again, never a second one.
        job_start_over(o, JOB_RESETTING, "reset-lost", "the reset did not take; the same secret again");
    }
}

// The DC that was reset gave no answer: the next time any DC is asked, then that one again. Another DC's word counts
// only where it takes the secret; that it does not know of it yet settles nothing.
static void turn_dc(struct job_out *o, const struct job_world *w)
{
    snprintf(o->next.dc, sizeof o->next.dc, "%s", o->next.dc[0] ? "" : w->journal_dc);
}

void job_after_login(struct job_out *o, const struct record *a, const struct job_world *w, int64_t now_us)
{
    const char *result = record_get_or(a, "result", "unknown");
    const char *text = record_get_or(a, "text", "the DC did not say whether it takes the new secret");
    bool elsewhere = w->journal_dc[0] && !o->next.dc[0], refused = strcmp(result, "refused") == 0;
    char line[LONG_TEXT];

    if (w->journal_dc[0] && (elsewhere || !record_is(a, "login")))
        turn_dc(o, w);
    if (job_refused_answer(o, a, w, now_us, "login"))
        return;
    if (strcmp(result, "accepted") == 0) {
        o->confirm = true;
        if (record_get_or(a, "dc", "")[0])
            snprintf(o->next.dc, sizeof o->next.dc, "%s", record_get(a, "dc"));
        job_enter(o, JOB_COUNTING, "confirmed: the DC takes the new secret");
    } else if (refused && elsewhere) {
        snprintf(line, sizeof line,
                 "%.200s, which was reset, cannot be asked, and %.200s does not take the secret yet",
                 w->journal_dc, record_get_or(a, "dc", "another DC"));
        job_retry(o, w, now_us, "not-replicated", line);
    } else if (refused) {
        login_refused(o, w, now_us, text);
    } else {
        job_retry(o, w, now_us, "login-unknown", text);
    }
}

// The guest's channel works by the secret that the host knows, and nothing may make that copy worthless: it is kept,
// sealed; a later rollback is mended with it. That the guest stored it is its own word alone, until a ticket shows it.
static void end_unrotated(struct job_out *o)
{
    o->pair = true;
    if (o->next.kvno_before < 0) // its channel worked when this repair began
        job_end(o, OUTCOME_NO_ACTION, VERDICT_IN_STEP, "rotation-forbidden",
                "the guest's channel works by the secret that virtrust set: nothing was reset; policy "
                "forbids to rotate it, so the host's sealed copy is live",
                "allow the guest to change its password, then `virtrust repair` has it rotated; until "
                "then whoever holds this host's state directory holds the guest's secret");
    else
        job_begin_attesting(
            o, "the guest says that its channel works; asks it for a fresh ticket, for policy forbids "
               "to rotate");
}

void job_after_counting(struct job_out *o, const struct record *a, const struct job_world *w, int64_t now_us)
{
    int64_t kvno;

    if (job_refused_answer(o, a, w, now_us, "account") || !job_account_fits(o, a, w, &kvno))
        return;
    if (o->next.lent && !o->next.stored && kvno <= o->next.kvno_before) {
        job_retry(o, w, now_us, "reset-not-shown",
                  "the guest says that it has a new password, but the DC shows no change yet");
        return;
    }
    o->next.kvno_reset = kvno;
    record_get_u64(a, "pwd_last_set", &o->next.pwd_last_set_reset);
    if (o->next.lent && !o->next.stored) {
        job_after_lent_counting(o);
        return;
    }
    if (o->next.stored && o->next.no_rotation) {
        end_unrotated(o);
        return;
    }
    if (o->next.stored) {
        job_enter(o, JOB_ROTATING, "the guest holds the secret that virtrust set; it is rotated now");
        return;
    }
    if (!o->next.has_public_key) {
        // Resumed without a key of this job (a restart, or a store that an earlier job sent came through).
        job_enter(o, JOB_PROBING, "");
        return;
    }
    job_enter(o, JOB_STORING, "");
    snprintf(o->note, sizeof o->note,
             "key version is %" PRId64 " now (was %" PRId64 "); hands the secret to the guest", kvno,
             o->next.kvno_before);
}

// One further change is the rotation. With more, another party changed the account too, and what the guest holds may
// not be the last of them: the guest is not vouched for.
static void after_change(struct job_out *o, const struct record *a, int64_t kvno)
{
    char text[LONG_TEXT], before[32] = "";

    o->next.kvno_after = kvno;
    o->wipe = true; // the DC shows that the journalled secret is not the account's any more
    if (kvno > o->next.kvno_reset + 1) {
        snprintf(text, sizeof text,
                 "%.200s shows more than one change since the reset: key version %" PRId64 " then, %" PRId64
                 " now",
                 record_get_or(a, "dc", "the DC"), o->next.kvno_reset, kvno);
        job_end(o, OUTCOME_CLAIMED, VERDICT_UNKNOWN, "changed-again", text,
                "find out who else changes this account, then `virtrust repair` the guest");
        return;
    }
    o->pair = true;
    if (o->next.kvno_before >= 0)
        snprintf(before, sizeof before, "%" PRId64 " before, ", o->next.kvno_before);
    snprintf(text, sizeof text,
             "%.200s shows the rotation: key version %s%" PRId64 " after the reset, %" PRId64 " now",
             record_get_or(a, "dc", "the DC"), before, o->next.kvno_reset, kvno);
    job_end(o, OUTCOME_PROVEN, VERDICT_BEHIND, "rotation-shown", text, "");
}

// The bound account, of which the DC shows everything but that.
static bool hides_version(const struct record *a, const struct job_world *w)
{
    int64_t kvno;

    return record_is(a, "account") && record_get_bool(a, "found") == 1 &&
           record_get_i64(a, "kvno", &kvno) < 0 && strcmp(record_get_or(a, "sid", ""), w->binding.sid) == 0 &&
           strcasecmp(record_get_or(a, "guid", ""), w->binding.guid) == 0;
}

void job_after_proof(struct job_out *o, const struct record *a, const struct job_world *w, int64_t now_us)
{
    uint64_t pwd_last_set = 0;
    int64_t kvno;

    if (hides_version(a, w)) {
        job_begin_attesting(o, "the DC shows no key version any more; asks the guest for a fresh ticket");
        return;
    }
    if (job_refused_answer(o, a, w, now_us, "account") || !job_account_fits(o, a, w, &kvno))
        return;
    record_get_u64(a, "pwd_last_set", &pwd_last_set);
    if (kvno > o->next.kvno_reset && pwd_last_set > o->next.pwd_last_set_reset) {
        after_change(o, a, kvno);
        return;
    }
    if (now_us >= o->next.deadline_us) {
        job_begin_attesting(o, "the DC does not show the rotation; asks the guest for a fresh ticket");
        return;
    }
    job_retry(o, w, now_us, "rotation-not-shown", "the DC does not show the rotation yet");
}
