// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// The second form of proof: where no rotation can be shown (policy forbids it, or the DC does not show it or its
// attributes), the guest gets a fresh Kerberos ticket, and virtrust-directory sees by it that the guest holds the
// password of today. That shows that its trust is whole; whether the host's sealed copy is still that very password is
// another question, and said. Where no ticket can be shown either, it stays a claim.
//
//     counting|proving → attesting → ended
#include "daemon/core/jobparts.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

void job_begin_attesting(struct job_out *o, const char *note)
{
    job_enter(o, JOB_ATTESTING, note);
    o->next.deadline_us = 0;
}

static const char copy_is_live[] =
    "allow the guest to change its password, then `virtrust repair` has it rotated; until then whoever "
    "holds this host's state directory holds the guest's secret";

// What is said without a ticket: why the DC can show no more, and what to do.
static void claim(struct job_out *o, const char *why)
{
    const struct job *j = &o->next;
    char text[LONG_TEXT];

    if (!j->no_rotation) {
        snprintf(text, sizeof text,
                 "the guest says that it rotated, but the DC does not show it; nor does a ticket: %.250s",
                 why);
        job_end(o, OUTCOME_CLAIMED, VERDICT_UNKNOWN, "rotation-not-shown", text,
                "check replication between the DCs, then `virtrust repair` the guest");
        return;
    }
    snprintf(
        text, sizeof text,
        "the guest says that its channel works by the %s; policy forbids to rotate it%s; no ticket shows "
        "it: %.200s",
        j->lent ? "change that the DC shows" : "secret that virtrust set",
        j->lent ? "" : ", so the host's sealed copy is live", why);
    job_end(o, OUTCOME_CLAIMED, VERDICT_BEHIND, "rotation-forbidden", text,
            j->lent ? "allow the guest to change its password, then `virtrust repair` has it rotated"
                    : copy_is_live);
}

// The KDC itself wrote into the ticket when the password was set that opened it.
static bool set_since(const struct job *j, const struct record *a)
{
    uint64_t set = 0;

    return j->pwd_last_set_reset && record_get_u64(a, "ticket_pwd_last_set", &set) == 0 &&
           set > j->pwd_last_set_reset;
}

static void shown(struct job_out *o, const struct record *a)
{
    const char *dc = record_get_or(a, "dc", "the DC");
    char text[LONG_TEXT];

    if (o->next.lent || set_since(&o->next, a)) {
        o->wipe = !o->next.lent;
        snprintf(text, sizeof text,
                 "a fresh ticket of %.200s shows that the guest holds the account's password, and that this "
                 "is one "
                 "which it has set itself",
                 dc);
        job_end(o, OUTCOME_PROVEN, VERDICT_BEHIND, "ticket-shown", text, "");
        return;
    }
    snprintf(text, sizeof text,
             "a fresh ticket of %.200s shows that the guest holds the account's password; %s, so the host's "
             "sealed "
             "copy is live",
             dc, o->next.no_rotation ? "policy forbids to rotate it" : "the DC does not show the rotation");
    job_end(o, OUTCOME_PROVEN, VERDICT_BEHIND, "ticket-shown", text,
            o->next.no_rotation ? copy_is_live
                                : "check replication between the DCs, then `virtrust repair` the guest");
}

// Of this very account: the verifier was asked for it, and says again whose ticket it was.
static bool is_ours(const struct record *a, const struct job *j, const struct job_world *w)
{
    return record_is(a, "attested") && strcmp(record_get_or(a, "result", ""), "proven") == 0 &&
           strcmp(record_get_or(a, "guest", ""), j->guest) == 0 &&
           strcasecmp(record_get_or(a, "guid", ""), w->binding.guid) == 0 &&
           strcmp(record_get_or(a, "sid", ""), w->binding.sid) == 0;
}

// A refusal by virtrust-directory or by the helper would come again; what is only away is asked for once more.
static bool is_final(const struct record *a)
{
    return record_is(a, "attested") || strcmp(record_get_or(a, "result", ""), "refused") == 0;
}

void job_no_ticket(struct job_out *o, const struct job_world *w, int64_t now_us, const char *code,
                   const char *why)
{
    if (o->next.tries + 1 >= JOB_SETTLE_TRIES)
        claim(o, why);
    else
        job_retry(o, w, now_us, code, why);
}

void job_after_attest(struct job_out *o, const struct record *a, const struct job_world *w, int64_t now_us)
{
    const char *why = record_get_or(a, "text", "the guest showed none");

    if (is_ours(a, &o->next, w))
        shown(o, a);
    else if (is_final(a))
        claim(o, why);
    else
        job_no_ticket(o, w, now_us, record_get_or(a, "code", "no-ticket"), why);
}
