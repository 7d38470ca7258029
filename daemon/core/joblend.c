// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// The strategy `credential`: nothing is reset from here. A credential that is good for this one account is lent to the
// helper for one call; the helper sets a password of its own making, and rotates it afterwards as after any other
// repair, so that the DC can show that it is the guest who holds the account.
//
//     reading → vetting → lending → counting → rotating → proving
#include "daemon/core/jobparts.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

void job_begin_lending(struct job_out *o, const char *note)
{
    o->next.kvno_reset = -1;
    job_enter(o, JOB_VETTING, note);
}

void job_after_vetting(struct job_out *o, const struct record *a, const struct job_world *w, int64_t now_us)
{
    const char *result = record_get_or(a, "result", "unknown");
    const char *text = record_get_or(a, "text", "the directory did not say what the credential is good for");

    if (job_refused_answer(o, a, w, now_us, "vetted"))
        return;
    if (strcmp(result, "good") == 0) {
        o->next.lent = true;
        job_enter(o, JOB_LENDING,
                  "the credential is good for this account and no other; lends it to the guest's helper");
    } else if (strcmp(result, "refused") == 0) {
        job_end(o, OUTCOME_REFUSED, VERDICT_UNKNOWN, record_get_or(a, "rule", "credential-refused"), text,
                record_get_or(a, "next",
                              "delegate Reset Password on this one computer object, and nothing else"));
    } else {
        job_retry(o, w, now_us, record_get_or(a, "rule", "not-vetted"), text);
    }
}

// What the helper says about the credential or about itself, and would say again.
static bool is_final(const char *reason)
{
    static const char *const reasons[] = {
        "credential-refused", "bad-credential",   "reset-refused", "identity-mismatch", "domain-controller",
        "isolated",           "account-disabled", "no-account",    "unsupported",       "not-joined",
    };

    for (size_t i = 0; i < ARRAY_SIZE(reasons); i++)
        if (strcmp(reason, reasons[i]) == 0)
            return true;
    return false;
}

static void not_done(struct job_out *o, const struct record *a, const struct job_world *w, int64_t now_us)
{
    const char *reason = record_get_or(a, "reason", "failed");
    const char *text = record_get_or(a, "text", "the helper did not do it");
    bool refused = strcmp(record_get_or(a, "result", ""), "refused") == 0;
    char line[LONG_TEXT];

    if (strcmp(reason, "no-dc") == 0)
        o->next.dc[0] = '\0'; // one that the guest reaches
    if (refused && is_final(reason)) {
        job_end(o, OUTCOME_REFUSED, VERDICT_UNKNOWN, reason, text,
                "mend what the text says, then repair anew");
    } else if (refused) {
        snprintf(line, sizeof line, "the helper refused (%.100s): %.300s; probes again", reason, text);
        job_start_over(o, JOB_PROBING, reason, line);
    } else if (o->next.tries + 1 >= JOB_SETTLE_TRIES) {
        job_end(
            o, OUTCOME_FAILED, VERDICT_UNKNOWN, reason, text,
            "mend what the text says, then repair anew: the helper goes on with the password that it began");
    } else {
        job_retry(o, w, now_us, reason, text);
    }
}

void job_after_lending(struct job_out *o, const struct record *a, const struct job_world *w, int64_t now_us)
{
    if (job_refused_answer(o, a, w, now_us, "result"))
        return;
    if (strcmp(record_get_or(a, "result", ""), "done") != 0) {
        not_done(o, a, w, now_us);
        return;
    }
    o->next.has_live = record_get_hex(a, "live_sha256", o->next.live, HASH) == 0;
    job_enter(o, JOB_COUNTING, "the helper has set and stored a password of its own; asks the DC");
}

void job_after_lent_counting(struct job_out *o)
{
    if (o->next.no_rotation) {
        o->pair = true;
        job_begin_attesting(
            o, "the DC shows the change; asks the guest for a fresh ticket, for policy forbids to rotate");
        return;
    }
    job_enter(o, JOB_ROTATING, "");
    snprintf(o->note, sizeof o->note,
             "key version is %" PRId64 " now (was %" PRId64
             "); the guest rotates once more, for the DC to show it",
             o->next.kvno_reset, o->next.kvno_before);
}

void job_need_credential(struct job_out *o, const struct job_world *w)
{
    if ((o->effect != JOB_EFFECT_VET && o->effect != JOB_EFFECT_LEND) || w->loan)
        return;
    job_end(o, OUTCOME_FAILED, VERDICT_UNKNOWN, "no-credential",
            "the credential for this repair is not at hand, or cannot be opened with this host's key",
            "hand it over: `virtrust repair GUEST --strategy credential --credential-file FILE`");
}
