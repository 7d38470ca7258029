// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// The parts of job_step that show, before anything is reset, that guest and host see the same directory (samedc.h):
// probe → comparing → check → reading. job.seen is the last reading, whoever took it; the next must follow on it.
#include "daemon/core/jobparts.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

// A writable DC's account, and a read-only DC's.
enum { UAC_DISABLED = 0x2, UAC_CONTROLLER = 0x2000 | 0x4000000 };

static void end_other(struct job_out *o, const char *text)
{
    job_end(o, OUTCOME_REFUSED, VERDICT_OTHER_DIRECTORY, "other-directory", text,
            "let it be if it is a copy in an isolated network; else see which domain controllers the guest's "
            "resolver "
            "names, and which this host's does");
}

static void end_untold(struct job_out *o, const char *text, const char *next)
{
    job_end(o, OUTCOME_REFUSED, VERDICT_UNKNOWN, "directory-untold", text, next);
}

// The reading of an answer follows on the last one, and becomes it. False, and the job ended, where it does not.
static bool follows(struct job_out *o, const struct record *a, const char *next)
{
    struct dc_sight now = dc_sight_of(a);
    char text[LONG_TEXT];

    switch (same_dc(&o->next.seen, &now, text, sizeof text)) {
    case SAME_DC_OTHER:
        end_other(o, text);
        return false;
    case SAME_DC_UNTOLD:
        end_untold(o, text, next);
        return false;
    case SAME_DC_FITS:
        break;
    }
    o->next.seen = now;
    return true;
}

void job_note_probed(struct job_out *o, const struct record *a)
{
    o->next.seen = dc_sight_of(a);
    o->next.marked = o->next.same_directory = false;
}

// What the reset would refuse is said before the guest is asked to make ready.
static bool account_is_fit(struct job_out *o, const struct record *a)
{
    int64_t uac = -1;

    record_get_i64(a, "uac", &uac);
    if (record_get_bool(a, "in_base") == 0)
        job_end(o, OUTCOME_REFUSED, VERDICT_UNKNOWN, "outside-base",
                "the account is not below the configured base, where virtrust may reset accounts",
                "move the account back, or delegate where it is and configure that as the domain's base");
    else if (uac >= 0 && uac & UAC_CONTROLLER)
        job_end(o, OUTCOME_REFUSED, VERDICT_DOMAIN_CONTROLLER, "domain-controller",
                "the bound account is a domain controller's; virtrust never touches one", "");
    else if (uac >= 0 && uac & UAC_DISABLED)
        job_end(o, OUTCOME_REFUSED, VERDICT_ACCOUNT_DISABLED, "account-disabled",
                "the account is disabled in the directory", "enable the account if it may be used");
    else
        return true;
    return false;
}

// What a read-only domain controller shows has moved by replication alone: a change on its writable partner arrives
// sooner or later. What the host reads there beyond the guest's own reading is such a mark as well.
static bool partner_heard(struct job_out *o, const struct record *a, const struct job_world *w,
                          int64_t now_us, uint64_t guests)
{
    char text[LONG_TEXT];

    if (o->next.marked || record_get_bool(a, "read_only") != 1)
        return true;
    if (o->next.seen.usn > guests) {
        o->next.marked = true;
        o->next.seen.usn--;
        return true;
    }
    snprintf(
        text, sizeof text,
        "the guest's domain controller %.150s is read-only and shows no change since the guest was asked, by "
        "which it could be told from a copy; waits for its replication with %.150s",
        record_get_or(a, "reader", o->next.dc), record_get_or(a, "dc", "its partner"));
    job_wait_replicated(o, w, now_us, text);
    return false;
}

void job_after_comparing(struct job_out *o, const struct record *a, const struct job_world *w, int64_t now_us)
{
    uint64_t marked = 0, guests = o->next.seen.usn;
    int64_t kvno;

    if (job_refused_answer(o, a, w, now_us, "account") || !job_account_fits(o, a, w, &kvno) ||
        !account_is_fit(o, a) ||
        !follows(
            o, a,
            "install the current virtrust-helper in the guest, and let it and this host reach the domain "
            "controller's port 389"))
        return;
    // From here on the guest has to see a higher one than this: the mark's, or the next change of anybody's.
    o->next.marked = record_get_u64(a, "dc_usn_marked", &marked) == 0 && marked > o->next.seen.usn;
    if (o->next.marked)
        o->next.seen.usn = marked - 1;
    if (!partner_heard(o, a, w, now_us, guests))
        return;
    job_enter(o, JOB_CHECKING, "");
    snprintf(o->note, sizeof o->note,
             "%.200s holds the bound account at USN %" PRIu64
             "; asks the guest for its own reading, and whether "
             "it is ready to store a new secret",
             record_get_or(a, "dc", "the DC"), o->next.seen.usn);
}

bool job_check_compares(struct job_out *o, const struct record *a, const struct job_world *w, int64_t now_us)
{
    struct dc_sight before = o->next.seen;
    char text[LONG_TEXT];

    if (!follows(o, a, "install the current virtrust-helper in the guest"))
        return false;
    if (o->next.seen.usn > before.usn)
        return true;
    o->next.seen = before;
    if (o->next.marked) {
        snprintf(
            text, sizeof text,
            "guest and host see two copies of one domain controller: what the host has just changed there "
            "is not in the one that the guest sees (USN %" PRIu64 ")",
            before.usn);
        end_other(o, text);
    } else {
        job_retry(o, w, now_us, "directory-at-rest",
                  "the domain controller takes no change by which two copies of it could be told apart; let "
                  "virtrust's account write its own attribute `info`");
    }
    return false;
}

bool job_reading_compares(struct job_out *o, const struct record *a)
{
    if (!o->next.same_directory &&
        !follows(o, a, "let this host reach the domain controller that the guest uses"))
        return false;
    o->next.same_directory = true;
    return true;
}
