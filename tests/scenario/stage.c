// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/scenario/stage.h"

#include "common/cleanup.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GUEST "4c6c1b40-0000-0000-0000-000000000001"

struct stage *stage_new(void)
{
    struct stage *s = calloc(1, sizeof *s);

    if (!s)
        abort();
    s->now = s->start = INT64_C(1800000000) * SECOND;
    s->settle_us = 2 * SECOND;
    s->kvno = 3;
    s->usn = 100;
    snprintf(s->guest.uuid, sizeof s->guest.uuid, GUEST);
    s->world.evidence.tolerance_us = INT64_C(600) * SECOND;
    s->world.patience_us = INT64_C(1800) * SECOND;
    s->job_world.agent_wait_us = INT64_C(1800) * SECOND;
    s->job_world.proof_wait_us = INT64_C(120) * SECOND;
    return s;
}

void stage_free(struct stage *s)
{
    record_free(s->description);
    free(s);
}

struct casefile *stage_case(struct stage *s)
{
    return s->cases_count ? &s->cases[s->cases_count - 1] : NULL;
}

bool stage_open(const struct stage *s)
{
    return s->cases_count && s->cases[s->cases_count - 1].state != CASE_CLOSED;
}

static void note(struct stage *s, const char *text)
{
    if (text[0] && s->notes_count < NOTES_MAX)
        snprintf(s->notes[s->notes_count++], LONG_TEXT, "%s", text);
}

static void await(struct stage *s, enum case_effect of_case, enum job_effect of_job, uint32_t epoch)
{
    if (s->awaited.of_case != CASE_EFFECT_NONE || s->awaited.of_job != JOB_EFFECT_NONE)
        s->stale = s->awaited;
    s->awaited = (struct awaited){of_case, of_job, epoch};
    s->looks += of_case == CASE_EFFECT_LOOK;
    s->resets += of_job == JOB_EFFECT_RESET;
    s->stores += of_job == JOB_EFFECT_STORE;
    s->rotations += of_job == JOB_EFFECT_ROTATE;
}

// The newest first, as the store gives them.
void stage_pair(struct stage *s, const struct pair *p)
{
    for (unsigned i = 0; i < s->ledger_count; i++) {
        struct pair *old = &s->ledger[i];

        if (memcmp(old->fingerprint, p->fingerprint, HASH) == 0 && old->pwd_last_set == p->pwd_last_set &&
            old->kvno == p->kvno) {
            struct pair moved = *old;

            moved.last_us = p->last_us;
            moved.proven |= p->proven;
            memmove(&s->ledger[1], &s->ledger[0], i * sizeof *old);
            s->ledger[0] = moved;
            return;
        }
    }
    if (s->ledger_count == LEDGER_MAX)
        s->ledger_count--;
    memmove(&s->ledger[1], &s->ledger[0], s->ledger_count++ * sizeof *p);
    s->ledger[0] = *p;
}

static unsigned count_same(struct stage *s)
{
    const struct guest_side *g = &s->world.evidence.guest;
    unsigned same = 1;

    if (!g->has_fingerprint || !stage_case(s)->witnessed)
        return 0;
    for (unsigned i = 0; i + 1 < s->cases_count; i++)
        same += s->cases[i].witnessed && s->cases[i].has_fingerprint &&
                memcmp(s->cases[i].fingerprint, g->fingerprint, HASH) == 0;
    return same;
}

// What the engine gathers from store and configuration before a case's step.
static void gather(struct stage *s)
{
    struct evidence *e = &s->world.evidence;
    struct circumstances *c = &s->world.circumstances;

    e->pairs_count = e->bound ? s->ledger_count : 0;
    if (e->pairs_count > PAIRS_MAX)
        e->pairs_count = PAIRS_MAX;
    memcpy(e->pairs, s->ledger, e->pairs_count * sizeof e->pairs[0]);
    c->bound = e->bound;
    c->has_agent = strcmp(record_get_or(s->description, "agent", "disconnected"), "none") != 0;
    c->transient_disks = record_get_bool(s->description, "transient_disks") == 1;
    c->same_fingerprint = count_same(s);
    c->away = s->guest.away;
    c->running = s->guest.running;
    snprintf(c->name, sizeof c->name, "%s", s->guest.name);
}

static void remember_pair(struct stage *s)
{
    const struct evidence *e = &s->world.evidence;
    struct pair p = {.kvno = e->directory.kvno,
                     .set_at = e->guest.set_at,
                     .pwd_last_set = e->directory.pwd_last_set,
                     .first_us = s->now,
                     .last_us = s->now};

    if (!e->bound || !e->guest.known || !e->guest.has_fingerprint || e->directory.found != TRI_YES ||
        stage_case(s)->verdict == VERDICT_IDENTITY_MISMATCH)
        return;
    memcpy(p.fingerprint, e->guest.fingerprint, HASH);
    stage_pair(s, &p);
}

static void open_case(struct stage *s, enum rollback_kind kind, bool witnessed)
{
    struct casefile *c;

    if (s->cases_count == CASES_MAX)
        abort();
    c = &s->cases[s->cases_count++];
    case_open(c, s->guest.uuid, s->guest.name, kind, witnessed, s->now, s->now);
    c->id = s->cases_count;
    s->job = (struct job){0};
    s->world.evidence.guest = (struct guest_side){.joined = TRI_UNKNOWN, .kvno = -1};
    s->world.evidence.directory = (struct directory_side){.found = TRI_UNKNOWN, .kvno = -1, .uac = -1};
    await(s, case_effect(c), JOB_EFFECT_NONE, c->epoch);
}

void stage_case_input(struct stage *s, const struct case_input *in)
{
    struct casefile *c = stage_case(s);
    uint32_t epoch = c->epoch;
    struct case_out out;

    gather(s);
    case_step(c, in, &s->world, s->now, &out);
    *c = out.next;
    note(s, out.note);
    if (out.judged)
        remember_pair(s);
    if (out.effect == CASE_EFFECT_JOB) {
        job_open(&s->job, c, &s->world.evidence.binding, s->now);
        s->job.lends = s->job_world.loan;
        s->job.id = c->id;
    } else if (c->state == CASE_CLOSED) {
        if (s->job.id && s->job.state != JOB_ENDED) {
            s->job.state = JOB_ENDED;
            s->job.outcome = c->outcome;
            s->job.epoch++;
        }
        await(s, CASE_EFFECT_NONE, JOB_EFFECT_NONE, 0);
    }
    if (out.effect == CASE_EFFECT_SUPERSEDE)
        open_case(s, in->rollback, true);
    else if (out.effect != CASE_EFFECT_JOB && c->epoch != epoch)
        await(s, out.effect, JOB_EFFECT_NONE, c->epoch);
}

static void remember_proven(struct stage *s, const struct record *answer)
{
    struct pair p = {.kvno = s->world.evidence.directory.kvno,
                     .pwd_last_set = s->world.evidence.directory.pwd_last_set,
                     .first_us = s->now,
                     .last_us = s->now,
                     .proven = true};

    if (!s->job.has_live)
        return;
    if (record_is(answer, "account")) {
        record_get_u64(answer, "pwd_last_set", &p.pwd_last_set);
        record_get_i64(answer, "kvno", &p.kvno);
    }
    memcpy(p.fingerprint, s->job.live, HASH);
    stage_pair(s, &p);
}

static void tell_case(struct stage *s)
{
    struct case_input in = {.kind = CASE_IN_JOB_ENDED, .outcome = s->job.outcome, .verdict = s->job.verdict};

    snprintf(in.cause, sizeof in.cause, "%s", s->job.cause);
    snprintf(in.text, sizeof in.text, "%s", s->job.text);
    snprintf(in.next, sizeof in.next, "%s", s->job.next);
    stage_case_input(s, &in);
}

void stage_job_input(struct stage *s, const struct job_input *in)
{
    struct job before = s->job;
    struct job_out out;

    s->job_world.running = s->guest.running;
    s->job_world.binding = s->world.evidence.binding;
    job_step(&before, in, &s->job_world, s->now, &out);
    if (out.new_token)
        snprintf(out.next.token, sizeof out.next.token, "%032u", ++s->tokens);
    s->job = out.next;
    note(s, out.note);
    s->mints += out.mint;
    s->wipes += out.wipe;
    s->taken &= !out.mint;
    if (out.mint)
        s->job_world.journal = JOURNAL_MINTED;
    else if (out.wipe)
        s->job_world.journal = JOURNAL_NONE;
    else if (out.confirm)
        s->job_world.journal = JOURNAL_CONFIRMED;
    if (out.pair)
        remember_proven(s, in->answer);
    await(s, CASE_EFFECT_NONE, out.effect, s->job.epoch);
    if (s->job.state == JOB_ENDED && before.state != JOB_ENDED)
        tell_case(s);
}

static void settle(struct stage *s)
{
    struct rollback r = signal_classify(&s->guest, s->description, &s->policy);
    struct case_input in = {.kind = CASE_IN_SIGNAL, .rollback = r.kind};

    memset(&s->guest.burst, 0, sizeof s->guest.burst);
    note(s, r.text);
    if (stage_open(s))
        stage_case_input(s, &in);
    else if (r.kind != ROLLBACK_NONE && r.kind != ROLLBACK_SNAPSHOT_HALT)
        open_case(s, r.kind, r.witnessed);
}

static void wake_job(struct stage *s)
{
    if (stage_open(s) && s->job.id && s->job.state != JOB_ENDED)
        stage_job_input(s, &(struct job_input){.kind = JOB_IN_WAKE});
}

// The next thing that is due, at or before `to`: its time, or `to + 1`.
static int64_t next_due(struct stage *s, int64_t to)
{
    int64_t due = to + 1;
    int64_t times[] = {s->guest.burst.last_us ? s->guest.burst.last_us + s->settle_us : 0,
                       stage_open(s) ? stage_case(s)->wake_us : 0,
                       stage_open(s) && s->job.id && s->job.state != JOB_ENDED ? s->job.next_us : 0};

    for (size_t i = 0; i < ARRAY_SIZE(times); i++)
        if (times[i] && times[i] < due)
            due = times[i];
    return due;
}

static void fire(struct stage *s)
{
    if (signal_settled(&s->guest.burst, s->settle_us, s->now)) {
        settle(s);
    } else if (stage_open(s) && stage_case(s)->wake_us && stage_case(s)->wake_us <= s->now) {
        stage_case(s)->wake_us = 0;
        await(s, case_effect(stage_case(s)), JOB_EFFECT_NONE, stage_case(s)->epoch);
    } else {
        s->job.next_us = 0;
        wake_job(s);
    }
}

void stage_clock(struct stage *s, int64_t to_us)
{
    for (int64_t due; (due = next_due(s, to_us)) <= to_us;) {
        if (due > s->now)
            s->now = due;
        fire(s);
    }
    s->now = to_us;
}

static void leave(struct stage *s, const char *why)
{
    struct case_input in = {.kind = CASE_IN_GONE};

    snprintf(in.text, sizeof in.text, "%s", why);
    if (stage_open(s))
        stage_case_input(s, &in);
}

static void scan_ended(struct stage *s)
{
    if (!s->scan_us || s->guest.seen_us >= s->scan_us)
        return;
    s->guest.present = s->guest.running = false;
    leave(s, "the guest is no longer defined on this host");
}

void stage_signal(struct stage *s, enum signal_kind kind, struct record *signal)
{
    _cleanup_record_ struct record *taken = signal;

    if (kind == SIGNAL_SCAN_BEGIN)
        s->scan_us = s->now;
    else if (kind == SIGNAL_SCAN_END)
        scan_ended(s);
    if (kind == SIGNAL_SCAN_BEGIN || kind == SIGNAL_SCAN_END || kind == SIGNAL_CONNECTED ||
        kind == SIGNAL_CONNECTION_LOST)
        return;
    signal_take(&s->guest, kind, s->now, s->description, signal);
    if (record_get(signal, "state")) {
        record_free(s->description);
        s->description = take(taken);
    }
    if (kind == SIGNAL_UNDEFINED && !s->guest.present)
        leave(s, "the guest was undefined");
    else if (kind == SIGNAL_STOPPED_MIGRATED)
        leave(s, "the guest migrated to another host; the virtrust there looks after it");
    if (stage_open(s) && s->guest.running && s->job.id &&
        (s->job.state == JOB_WAITING_START || (kind == SIGNAL_AGENT_CONNECTED && s->job.next_us)))
        wake_job(s);
}

void stage_manual(struct stage *s, bool dry_run)
{
    open_case(s, ROLLBACK_MANUAL, false);
    stage_case(s)->dry_run = dry_run;
}

// Every effect is begun again; what was under way is nobody's any more.
void stage_restart(struct stage *s)
{
    if (!stage_open(s))
        return;
    if (s->job.id && s->job.state == JOB_ENDED)
        tell_case(s);
    else if (s->job.id)
        stage_job_input(s, &(struct job_input){.kind = JOB_IN_RESUME});
    else if (!stage_case(s)->wake_us)
        await(s, case_effect(stage_case(s)), JOB_EFFECT_NONE, stage_case(s)->epoch);
}
