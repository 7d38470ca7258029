// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/core/judge.h"

#include "common/cleanup.h"
#include "common/filetime.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

// A writable DC's account, and a read-only DC's (which is a workstation account besides).
enum { UAC_DISABLED = 0x2, UAC_CONTROLLER = 0x2000 | 0x4000000 };

static bool same_print(const struct guest_side *g, const struct pair *p)
{
    return g->has_fingerprint && memcmp(g->fingerprint, p->fingerprint, HASH) == 0;
}

bool claims_other(const struct guest_side *g, const struct binding *b, char *ret_text, size_t size)
{
    const char *what = NULL, *claim = NULL, *bound = NULL;

    if (!g->known)
        return false;
    if (g->account_sid[0] && strcmp(g->account_sid, b->sid) != 0)
        what = "account SID", claim = g->account_sid, bound = b->sid;
    else if (g->sam[0] && strcasecmp(g->sam, b->name) != 0)
        what = "account name", claim = g->sam, bound = b->name;
    else if (g->domain[0] && strcasecmp(g->domain, b->domain) != 0)
        what = "domain", claim = g->domain, bound = b->domain;
    if (what && ret_text)
        snprintf(ret_text, size, "the guest claims the %s %.150s, but it is bound to %.150s", what, claim,
                 bound);
    return what;
}

static bool is_controller(const struct evidence *e)
{
    return (e->guest.known && e->guest.role == ROLE_DOMAIN_CONTROLLER) ||
           (e->directory.known && e->directory.uac >= 0 && e->directory.uac & UAC_CONTROLLER);
}

// Of a guest that has a binding, a copy that may be an old one does not prove that it is joined no more.
static bool is_no_member(const struct evidence *e)
{
    return e->guest.known && e->guest.joined == TRI_NO && !(e->bound && e->guest.doubtful);
}

static bool is_mismatch(const struct evidence *e)
{
    return e->bound && claims_other(&e->guest, &e->binding, NULL, 0);
}

static bool is_missing(const struct evidence *e)
{
    return e->directory.known && e->directory.found == TRI_NO;
}

static bool is_recreated(const struct evidence *e)
{
    return e->bound && e->directory.known && e->directory.found == TRI_YES && e->directory.sid[0] &&
           strcmp(e->directory.sid, e->binding.sid) != 0;
}

static bool is_disabled(const struct evidence *e)
{
    return e->directory.known && e->directory.uac >= 0 && e->directory.uac & UAC_DISABLED;
}

static bool is_unread(const struct evidence *e)
{
    return !e->guest.known || e->guest.joined == TRI_UNKNOWN;
}

static bool is_proven_pair(const struct evidence *e)
{
    if (!e->directory.known)
        return false;
    for (size_t i = 0; i < e->pairs_count; i++) {
        const struct pair *p = &e->pairs[i];

        if (p->proven && same_print(&e->guest, p) && p->pwd_last_set &&
            p->pwd_last_set == e->directory.pwd_last_set)
            return true;
    }
    return false;
}

// When a secret was first seen: a secret that is seen again (after a rollback, or beside another date of AD's) has
// new rows, but was born with the oldest of them.
static int64_t born_us(const struct evidence *e, const unsigned char fingerprint[HASH])
{
    int64_t born = INT64_MAX;

    for (size_t i = 0; i < e->pairs_count; i++)
        if (memcmp(e->pairs[i].fingerprint, fingerprint, HASH) == 0 && e->pairs[i].first_us < born)
            born = e->pairs[i].first_us;
    return born;
}

// Does this pair hold a secret that followed the guest's present one?
static bool is_follower(const struct evidence *e, const struct pair *p)
{
    return !same_print(&e->guest, p) && born_us(e, p->fingerprint) > born_us(e, e->guest.fingerprint) &&
           (!e->guest.set_at || !p->set_at || p->set_at > e->guest.set_at);
}

// The fingerprint was seen before, and since then another one: time went back, whatever the directory says.
static bool is_older_print(const struct evidence *e)
{
    if (!e->guest.has_fingerprint)
        return false;
    for (size_t i = 0; i < e->pairs_count; i++)
        if (is_follower(e, &e->pairs[i]))
            return true;
    return false;
}

bool changed_by_this_guest(const struct evidence *e)
{
    if (!e->guest.has_fingerprint || !e->directory.known || !e->directory.pwd_last_set)
        return false;
    for (size_t i = 0; i < e->pairs_count; i++)
        if (is_follower(e, &e->pairs[i]) && e->pairs[i].pwd_last_set == e->directory.pwd_last_set)
            return true;
    return false;
}

static bool is_moved_pair(const struct evidence *e)
{
    bool dated = filetime_plausible(e->directory.pwd_last_set);

    if (!e->directory.known)
        return false;
    for (size_t i = 0; i < e->pairs_count; i++) {
        const struct pair *p = &e->pairs[i];

        if (!same_print(&e->guest, p))
            continue;
        if (dated && p->pwd_last_set && e->directory.pwd_last_set > p->pwd_last_set)
            return true;
        if (p->kvno >= 0 && e->directory.kvno > p->kvno)
            return true;
    }
    return false;
}

static bool has_kvnos(const struct evidence *e)
{
    return e->directory.known && e->guest.kvno >= 0 && e->directory.kvno >= 0;
}

static bool is_kvno_older(const struct evidence *e)
{
    return has_kvnos(e) && e->guest.kvno < e->directory.kvno;
}

static bool is_kvno_newer(const struct evidence *e)
{
    return has_kvnos(e) && e->guest.kvno > e->directory.kvno;
}

static bool is_kvno_same(const struct evidence *e)
{
    return has_kvnos(e) && e->guest.kvno == e->directory.kvno;
}

static bool has_no_directory(const struct evidence *e)
{
    return !e->directory.known || e->directory.found != TRI_YES;
}

static bool is_doubtful(const struct evidence *e)
{
    return e->guest.doubtful;
}

static bool has_no_dates(const struct evidence *e)
{
    return !filetime_plausible(e->guest.set_at) || !filetime_plausible(e->directory.pwd_last_set);
}

// AD's date minus the guest's, in microseconds, both on their own clocks.
static int64_t gap_us(const struct evidence *e)
{
    return filetime_to_us(e->directory.pwd_last_set) - filetime_to_us(e->guest.set_at);
}

static int64_t margin_us(const struct evidence *e)
{
    int64_t skew = e->directory.skew_us;

    return e->tolerance_us + (skew < 0 ? -skew : skew);
}

static bool is_date_older(const struct evidence *e)
{
    return !has_no_dates(e) && gap_us(e) > margin_us(e);
}

static bool is_date_newer(const struct evidence *e)
{
    return !has_no_dates(e) && gap_us(e) < -margin_us(e);
}

static bool always(const struct evidence *e)
{
    (void)e;
    return true;
}

static const struct row {
    const char *cause;
    enum verdict verdict;
    bool (*holds)(const struct evidence *e);
    const char *text;
} rows[] = {
    {"domain-controller", VERDICT_DOMAIN_CONTROLLER, is_controller,
     "this is a domain controller; virtrust never touches one (a reverted DC risks USN rollback)"},
    {"not-joined", VERDICT_NOT_A_MEMBER, is_no_member, "the guest is not joined to a domain"},
    {"claims-other", VERDICT_IDENTITY_MISMATCH, is_mismatch,
     "the guest claims another identity than its binding"},
    {"account-missing", VERDICT_ACCOUNT_MISSING, is_missing, "the bound account is not in the directory"},
    {"account-recreated", VERDICT_ACCOUNT_RECREATED, is_recreated,
     "the account in the directory has another SID than the bound one: it was deleted and made anew"},
    {"account-disabled", VERDICT_ACCOUNT_DISABLED, is_disabled, "the account is disabled in the directory"},
    {"not-read", VERDICT_UNKNOWN, is_unread, "the guest's copy could not be read"},
    {"pair-proven", VERDICT_IN_STEP, is_proven_pair,
     "guest and directory hold the pair that was proven good before"},
    {"older-secret", VERDICT_BEHIND, is_older_print,
     "the guest holds a secret that was already followed by a newer one"},
    {"directory-moved", VERDICT_BEHIND, is_moved_pair,
     "the guest holds the same secret as before, but the directory's password was changed since"},
    {"no-directory", VERDICT_UNKNOWN, has_no_directory, "the directory could not be asked"},
    {"kvno-older", VERDICT_BEHIND, is_kvno_older, "the guest's key version is older than the directory's"},
    {"kvno-newer", VERDICT_AHEAD, is_kvno_newer,
     "the guest's key version is newer than the directory's (replication lag, or a restored DC)"},
    {"kvno-same", VERDICT_IN_STEP, is_kvno_same, "guest and directory hold the same key version"},
    {"doubtful", VERDICT_UNKNOWN, is_doubtful,
     "the guest's copy was read with a doubt, and its date alone proves nothing"},
    {"no-dates", VERDICT_UNKNOWN, has_no_dates, "guest or directory give no usable password date"},
    {"date-older", VERDICT_BEHIND, is_date_older, "the directory's password is newer than the guest's"},
    {"date-newer", VERDICT_AHEAD, is_date_newer,
     "the guest's password is newer than the directory's (replication lag, restored DC, or an offline join)"},
    {"too-close", VERDICT_UNKNOWN, always,
     "the two password dates are too close to tell two rotations apart; the guest's own probe settles it"},
};

const char *judge_row(size_t i, enum verdict *ret_verdict)
{
    if (i >= ARRAY_SIZE(rows))
        return NULL;
    *ret_verdict = rows[i].verdict;
    return rows[i].cause;
}

static void explain(const struct evidence *e, const struct row *row, struct judgement *j)
{
    if (row->holds == is_mismatch) {
        claims_other(&e->guest, &e->binding, j->text, sizeof j->text);
    } else if (row->holds == is_unread && e->guest.why[0]) {
        snprintf(j->text, sizeof j->text, "%.480s", e->guest.why);
    } else if (row->holds == has_no_directory && e->directory.why[0]) {
        snprintf(j->text, sizeof j->text, "%s: %.400s", row->text, e->directory.why);
    } else if (row->holds == is_doubtful) {
        snprintf(j->text, sizeof j->text, "%s: %.350s", row->text, e->guest.doubt);
    } else if (has_kvnos(e) && row->verdict != VERDICT_UNKNOWN) {
        snprintf(j->text, sizeof j->text, "%s (guest %" PRId64 ", AD %" PRId64 ")", row->text, e->guest.kvno,
                 e->directory.kvno);
    } else if (!has_no_dates(e)) {
        char guest[FILETIME_TEXT], ad[FILETIME_TEXT];

        filetime_text(e->guest.set_at, guest);
        filetime_text(e->directory.pwd_last_set, ad);
        snprintf(j->text, sizeof j->text, "%s (guest %s, AD %s)", row->text, guest, ad);
    } else {
        snprintf(j->text, sizeof j->text, "%s", row->text);
    }
}

struct judgement judge(const struct evidence *e)
{
    struct judgement j = {.verdict = VERDICT_UNKNOWN};

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        if (!rows[i].holds(e))
            continue;
        j.verdict = rows[i].verdict;
        snprintf(j.cause, sizeof j.cause, "%s", rows[i].cause);
        explain(e, &rows[i], &j);
        break;
    }
    return j;
}
