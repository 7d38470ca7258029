// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/core/jobparts.h"

#include "common/cleanup.h"
#include "common/hostname.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { OVERS = 5 };

void job_enter(struct job_out *out, enum job_state state, const char *note)
{
    if (out->next.state != state)
        out->next.tries = 0;
    out->next.state = state;
    out->next.next_us = 0;
    out->effect = job_effect(state);
    if (state == JOB_PROBING) {
        // A probe makes a new one-use key, and with it a new token: what was recorded under the old one is over.
        out->new_token = true;
        out->next.has_public_key = false;
        out->next.stored = false;
    }
    if (note[0])
        snprintf(out->note, sizeof out->note, "%s", note);
}

void job_end(struct job_out *out, enum outcome outcome, enum verdict verdict, const char *cause,
             const char *text, const char *next)
{
    job_enter(out, JOB_ENDED, "");
    out->next.outcome = outcome;
    out->next.verdict = verdict;
    if (text != out->next.text)
        snprintf(out->next.text, sizeof out->next.text, "%s", text);
    snprintf(out->next.next, sizeof out->next.next, "%s", next);
    snprintf(out->next.cause, sizeof out->next.cause, "%s", cause);
    snprintf(out->note, sizeof out->note, "%s: %.480s", outcome_text(outcome), text);
}

bool job_start_over(struct job_out *out, enum job_state state, const char *cause, const char *text)
{
    if (out->next.rereads >= OVERS) {
        job_end(out, OUTCOME_FAILED, VERDICT_UNKNOWN, cause, text,
                "mend what the text says; `virtrust repair` goes on with the same secret");
        return false;
    }
    out->next.rereads++;
    job_enter(out, state, text);
    return true;
}

// Errors that no waiting mends. True when the job ended.
static bool ended_by_error(struct job_out *o, const char *code, const char *text, const char *next)
{
    static const struct {
        const char *code;
        enum outcome outcome;
    } fatal[] = {
        {"guest-gone", OUTCOME_LEFT},      {"exec-blocked", OUTCOME_FAILED},
        {"no-helper", OUTCOME_FAILED},     {"push-refused", OUTCOME_FAILED},
        {"permission", OUTCOME_FAILED},    {"helper-refused", OUTCOME_REFUSED},
        {"helper-failed", OUTCOME_FAILED}, {"outside-base", OUTCOME_REFUSED},
        {"bad-request", OUTCOME_FAILED},
    };

    for (size_t i = 0; i < ARRAY_SIZE(fatal); i++) {
        if (strcmp(fatal[i].code, code) != 0)
            continue;
        // A half-done repair is not given up for a helper that failed once.
        if (fatal[i].outcome == OUTCOME_FAILED && job_must_stay(o->next.state) &&
            o->next.tries < JOB_SETTLE_TRIES)
            return false;
        job_end(o, fatal[i].outcome, VERDICT_UNKNOWN, code, text, next);
        return true;
    }
    return false;
}

// Deals with type=error and with answers of another type. True when the answer is not the awaited one.
bool job_refused_answer(struct job_out *o, const struct record *a, const struct job_world *w, int64_t now_us,
                        const char *type)
{
    const char *code, *text;

    // virtrust-deliver wraps what the helper says in `done`.
    if (record_is(a, type) || record_is(a, "done"))
        return false;
    code = record_is(a, "error") ? record_get_or(a, "code", "internal") : "protocol";
    text = record_is(a, "error") ? record_get_or(a, "text", "a worker failed without a reason")
                                 : "a worker gave an answer of another kind";
    if (!ended_by_error(o, code, text, record_get_or(a, "next", "")))
        job_retry(o, w, now_us, code, text);
    return true;
}

void job_keep_dc(struct job_out *o, const struct record *a, const struct job_world *w)
{
    const char *dc = w->journal != JOURNAL_NONE && w->journal_dc[0] ? w->journal_dc : record_get(a, "dc");

    if (hostname_valid(dc))
        snprintf(o->next.dc, sizeof o->next.dc, "%s", dc);
}

void job_after_clock(struct job_out *o, const struct record *a, const struct job_world *w, int64_t now_us)
{
    int64_t offset = 0;
    uint32_t tries = o->next.tries;

    if (job_refused_answer(o, a, w, now_us, "done"))
        return;
    o->next.heard = true;
    record_get_i64(a, "offset_ms", &offset);
    job_enter(o, JOB_PROBING, "");
    o->next.tries = tries; // a guest whose channel cannot be judged yet is asked at growing pauses
    if (record_get_bool(a, "set") == 1)
        snprintf(o->note, sizeof o->note, "set the guest's clock; it was off by %" PRId64 " ms", offset);
    else
        snprintf(o->note, sizeof o->note, "the guest's agent answers; its clock is off by %" PRId64 " ms",
                 offset);
}

static bool is_another(const struct record *a, const struct binding *b, char *ret, size_t size)
{
    const char *sam = record_get(a, "sam_account_name"), *sid = record_get(a, "account_sid");
    const char *domain = record_get(a, "domain");

    if (sid && sid[0] && strcmp(sid, b->sid) != 0)
        snprintf(ret, size, "the helper claims the account SID %.150s, but the guest is bound to %.150s", sid,
                 b->sid);
    else if (sam && sam[0] && strcasecmp(sam, b->name) != 0)
        snprintf(ret, size, "the helper claims to be %.100s, but the guest is bound to %.100s", sam, b->name);
    else if (domain && domain[0] && strcasecmp(domain, b->domain) != 0)
        snprintf(ret, size, "the helper claims the domain %.150s, but the guest is bound to %.150s", domain,
                 b->domain);
    else
        return false;
    return true;
}

// No account is reset for a guest that does not say which one it holds.
static bool says_who(const struct record *a)
{
    return record_get_or(a, "sam_account_name", "")[0] || record_get_or(a, "account_sid", "")[0];
}

// Healthy: nothing was broken, or a store of ours came through whose rotation is still owed, or the rotation did too
// (its answer was lost, and the journal is settled): then the DC has to show it.
static void after_healthy(struct job_out *o, const struct job_world *w, int64_t now_us)
{
    if (w->journal != JOURNAL_NONE) {
        job_enter(o, JOB_CONFIRMING,
                  "the guest's channel works; asks whether it is by the secret that virtrust set");
        o->next.stored = true;
        o->next.inherited = !o->next.reset_answered;
        return;
    }
    // Whether it has rotated already nobody here can tell without its secret: it does so once more.
    if (o->next.lent) {
        job_enter(o, JOB_COUNTING, "the guest's channel works since the credential was lent; asks the DC");
        return;
    }
    if (o->next.kvno_reset >= 0) {
        o->next.deadline_us = now_us + w->proof_wait_us;
        job_enter(o, JOB_PROVING, "the guest holds a newer secret than the one virtrust set; asks the DC");
        return;
    }
    o->pair = true;
    job_end(o, OUTCOME_NO_ACTION, VERDICT_IN_STEP, "probe-healthy",
            "the guest's own secure channel works: nothing was reset", "");
}

// The probe says that the channel is neither healthy nor mendable by a password.
static void after_odd_channel(struct job_out *o, const struct record *a, const struct job_world *w,
                              int64_t now_us)
{
    const char *code = record_get_or(a, "channel_code", "unknown");
    const char *text = record_get_or(a, "channel_text",
                                     "the guest cannot tell whether its channel is broken");

    if (strcmp(code, "account-missing") == 0)
        job_end(o, OUTCOME_REFUSED, VERDICT_ACCOUNT_MISSING, code, text, "join the guest again");
    else if (strcmp(code, "account-disabled") == 0)
        job_end(o, OUTCOME_REFUSED, VERDICT_ACCOUNT_DISABLED, code, text,
                "enable the account if it may be used");
    else {
        job_retry(o, w, now_us, code, text);
        if (o->next.state != JOB_ENDED) {
            o->next.state = JOB_WAITING_AGENT; // the clock and the probe are asked again from the start
            o->effect = JOB_EFFECT_NONE;
        }
    }
}

void job_after_probe(struct job_out *o, const struct record *a, const struct job_world *w, int64_t now_us)
{
    const char *channel = record_get_or(a, "channel", "unknown");
    char text[LONG_TEXT];

    if (job_refused_answer(o, a, w, now_us, "probe"))
        return;
    o->next.heard = true;
    if (record_get_bool(a, "joined") == 0) {
        job_end(o, OUTCOME_NO_ACTION, VERDICT_NOT_A_MEMBER, "not-joined",
                "the guest is not joined to a domain", "");
        return;
    }
    if (is_another(a, &w->binding, text, sizeof text)) {
        job_end(o, OUTCOME_REFUSED, VERDICT_IDENTITY_MISMATCH, "claims-other", text,
                "find out why; correct the binding only if the guest is right");
        return;
    }
    if (record_get_or(a, "dc", "")[0] && !hostname_valid(record_get(a, "dc"))) {
        job_end(o, OUTCOME_REFUSED, VERDICT_UNKNOWN, "bad-dc",
                "the helper names as its DC what can be no host's name: nobody is asked by it",
                "look at what answers in the guest as virtrust-helper; then `virtrust repair` it");
        return;
    }
    job_keep_dc(o, a, w);
    job_note_probed(o, a);
    if (record_get_bool(a, "superseded") == 1) {
        job_start_over(o, JOB_PROBING, "superseded",
                       "an older request came late and took the helper; probes again");
        return;
    }
    // What an attempt has shown stays shown, whatever the probe thinks.
    o->next.no_rotation |= strcmp(record_get_or(a, "rotation", ""), "forbidden") == 0;
    o->next.has_live = record_get_hex(a, "live_sha256", o->next.live, HASH) == 0;
    o->next.has_public_key = record_get_hex(a, "public_key", o->next.public_key, sizeof o->next.public_key) ==
                             0;
    if (strcmp(channel, "healthy") == 0)
        after_healthy(o, w, now_us);
    else if (strcmp(channel, "broken") != 0 || record_get_bool(a, "dc_reachable") != 1)
        after_odd_channel(o, a, w, now_us);
    else if (!o->next.has_live || !o->next.has_public_key || !says_who(a))
        job_end(o, OUTCOME_FAILED, VERDICT_UNKNOWN, "helper-answer",
                "the helper gave no account name, no fingerprint or no one-use key",
                "install the current virtrust-helper in the guest");
    else {
        if (hostname_valid(record_get(a, "dc"))) // its own, also where an unsettled secret was set at another
            snprintf(o->next.dc, sizeof o->next.dc, "%s", record_get(a, "dc"));
        job_enter(o, JOB_COMPARING, "");
        snprintf(o->note, sizeof o->note, "the guest's probe: its channel to %.200s is broken (%.100s)",
                 o->next.dc[0] ? o->next.dc : "its DC", record_get_or(a, "channel_code", "no code"));
    }
}

void job_after_check(struct job_out *o, const struct record *a, const struct job_world *w, int64_t now_us)
{
    if (job_refused_answer(o, a, w, now_us, "check"))
        return;
    if (record_get_bool(a, "migrating") == 1) {
        job_wait_migrated(o, w, now_us);
        return;
    }
    if (record_get_bool(a, "ready") == 1) {
        if (job_check_compares(o, a, w, now_us))
            job_enter(o, JOB_READING, "the helper is ready to store a new secret");
        return;
    }
    if (strcmp(record_get_or(a, "reason", ""), "changed") == 0) {
        job_start_over(o, JOB_PROBING, "changed", "the guest's secret changed since the probe; probes again");
        return;
    }
    job_end(o, OUTCOME_REFUSED, VERDICT_UNKNOWN, record_get_or(a, "reason", "not-ready"),
            record_get_or(a, "text", "the helper is not ready to store a secret"), "");
}

void job_ask_again(struct job_out *o)
{
    o->next.no_rotation = true;
    job_start_over(
        o, JOB_PROBING, "still-broken",
        "the guest holds the secret and its policy forbids to rotate it; asks whether its channel works");
}

// The DC that the guest reaches is not the one that was reset, and has not heard of it.
static bool is_behind(const struct job_out *o, const struct job_world *w, const char *reason)
{
    return o->next.state == JOB_STORING && strcmp(reason, "wrong-secret") == 0 &&
           w->journal == JOURNAL_CONFIRMED && w->journal_dc[0] && strcasecmp(o->next.dc, w->journal_dc) != 0;
}

// A helper's `result` that is not `done`.
static void verb_refused(struct job_out *o, const struct record *a, const struct job_world *w, int64_t now_us)
{
    const char *reason = record_get_or(a, "reason", "failed");
    const char *text = record_get_or(a, "text", "the helper did not do it");
    uint32_t tries = o->next.tries + 1;
    char line[LONG_TEXT];

    if (is_behind(o, w, reason)) {
        snprintf(
            line, sizeof line,
            "the account was reset on %.200s, and the domain controller that the guest reaches does not know "
            "of it yet; waits for their replication",
            w->journal_dc);
        job_probe_replicated(o, now_us, line);
        return;
    }
    if (strcmp(record_get_or(a, "result", ""), "refused") == 0) {
        if (o->next.stored) // the healthy guest rotated by itself, perhaps before the key version was counted
            o->next.kvno_reset = -1;
        snprintf(line, sizeof line, "the helper refused (%.100s): %.300s; probes again", reason, text);
        job_start_over(o, JOB_PROBING, reason, line);
        return;
    }
    if (strcmp(reason, "no-dc") == 0)
        o->next.dc[0] = '\0'; // the guest does not reach the DC that was reset: one of its own then
    if (o->next.state == JOB_ROTATING && strcmp(reason, "forbidden") == 0)
        job_ask_again(o);
    else if (tries >= JOB_SETTLE_TRIES)
        job_end(o, OUTCOME_FAILED, VERDICT_UNKNOWN, reason, text,
                "mend what the text says; `virtrust repair` goes on with the same secret");
    else
        job_retry(o, w, now_us, reason, text);
}

// A store's or rotation's `result`. False, and the job moved on, when it is not done.
static bool verb_done(struct job_out *o, const struct record *a, const struct job_world *w, int64_t now_us)
{
    if (job_refused_answer(o, a, w, now_us, "result"))
        return false;
    if (strcmp(record_get_or(a, "result", ""), "done") != 0) {
        verb_refused(o, a, w, now_us);
        return false;
    }
    o->next.has_live = record_get_hex(a, "live_sha256", o->next.live, HASH) == 0;
    return true;
}

void job_after_store(struct job_out *o, const struct record *a, const struct job_world *w, int64_t now_us)
{
    if (!verb_done(o, a, w, now_us))
        return;
    if (o->next.no_rotation)
        job_ask_again(o);
    else
        job_enter(o, JOB_ROTATING, "secret delivered and stored in the guest");
}

void job_after_rotate(struct job_out *o, const struct record *a, const struct job_world *w, int64_t now_us)
{
    if (!verb_done(o, a, w, now_us))
        return;
    o->next.deadline_us = now_us + w->proof_wait_us;
    job_enter(o, JOB_PROVING, "the guest says that it rotated its password; asks the DC");
}
