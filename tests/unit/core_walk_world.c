// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/unit/core_walk_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GUID "11111111-2222-3333-4444-555555555555"
#define SID "S-1-5-21-1-2-3-1105"

void world_replicate(struct world *w)
{
    for (int i = 0; i < 2; i++)
        w->dcs[i] = (struct dc){w->ad_secret, w->kvno, w->pwd_last_set};
}

// The DC that a job asks: the guest's own where it names none.
static unsigned asked(const struct world *w, const struct job *j)
{
    return strcmp(j->dc, "dc1") == 0 ? 0 : strcmp(j->dc, "dc2") == 0 ? 1 : w->guests_dc;
}

static const char *dc_name(unsigned dc)
{
    return dc ? "dc2" : "dc1";
}

// The guest rotated once after its snapshot, and was reverted.
struct world world_new(void)
{
    struct world w = {.ad_secret = ROTATED_SECRET,
                      .kvno = 3,
                      .pwd_last_set = 133000000000000000,
                      .usn = 1,
                      .running = true,
                      .secrets = ROTATED_SECRET};

    w.guest.held = w.snapshot.held = SNAPSHOT_SECRET;
    world_replicate(&w);
    return w;
}

static void add_live(struct record *r, int secret)
{
    unsigned char live[HASH];

    memset(live, secret, sizeof live);
    record_add_hex(r, "live_sha256", live, sizeof live);
}

static void add_sight(const struct world *w, unsigned dc, struct record *r)
{
    record_addf(r, "dc_instance", "aaaaaaaa-2222-3333-4444-55555555555%u", dc);
    record_add_u64(r, "dc_usn", w->usn);
}

static int expected(const struct job *j)
{
    return j->has_live ? j->live[0] : -1;
}

static void account_changes(struct world *w, unsigned dc, int secret)
{
    w->ad_secret = secret;
    w->kvno++;
    w->pwd_last_set += 10000000;
    w->usn++;
    if (w->lags)
        w->dcs[dc] = (struct dc){w->ad_secret, w->kvno, w->pwd_last_set};
    else
        world_replicate(w);
}

static struct record *error(const char *code)
{
    struct record *r = record_new("error");

    record_add(r, "code", code);
    record_add(r, "text", "something is in the way");
    return r;
}

// A token that was never seen becomes the current one, however late it comes; one that was retired changes nothing.
static bool take_token(struct world *w, const char *token)
{
    uint64_t bit = UINT64_C(1) << atoi(token) % 64;
    struct guest_state *g = &w->guest;

    if (strcmp(g->token, token) == 0)
        return true;
    if (g->seen & bit)
        return false;
    // What AD has taken is brought to its end before its token goes.
    *g = (struct guest_state){.held = g->pending && g->pending == w->ad_secret ? g->pending
                                      : g->minted && g->minted == w->ad_secret ? g->minted
                                                                               : g->held,
                              .seen = g->seen | bit};
    snprintf(g->token, sizeof g->token, "%s", token);
    return true;
}

static struct record *probe(struct world *w, const struct job *j)
{
    struct record *r = record_new("probe");
    unsigned char key[65] = {4};

    if (take_token(w, j->token)) {
        w->guest.has_key = true;
        record_add_hex(r, "public_key", key, sizeof key);
    } else {
        record_add_bool(r, "superseded", true);
    }
    record_add_bool(r, "joined", true);
    record_add(r, "sam_account_name", "WS1$");
    record_add(r, "rotation", w->no_rotation && !w->tells_late ? "forbidden" : "allowed");
    record_add(r, "channel", w->guest.held == w->dcs[w->guests_dc].secret ? "healthy" : "broken");
    record_add_bool(r, "dc_reachable", true);
    record_add(r, "dc", dc_name(w->guests_dc));
    add_sight(w, w->guests_dc, r);
    add_live(r, w->guest.held);
    return r;
}

static struct record *check(const struct world *w, const struct job *j)
{
    struct record *r = record_new("check");

    record_add_bool(r, "ready", w->guest.held == expected(j));
    record_add(r, "reason", w->guest.held == expected(j) ? NULL : "changed");
    add_sight(w, asked(w, j), r);
    return r;
}

static struct record *result(const struct world *w, const char *what, const char *reason)
{
    struct record *r = record_new("result");

    record_add(r, "result", what);
    record_add(r, "reason", reason);
    if (strcmp(what, "done") == 0)
        add_live(r, w->guest.held);
    return r;
}

static struct record *store(struct world *w, const struct job *j, int secret, enum depth depth)
{
    struct guest_state *g = &w->guest;

    if (strcmp(g->token, j->token) != 0)
        return result(w, "refused", "superseded");
    if (g->stored)
        return result(w, "done", NULL);
    if (g->held != expected(j) && !g->storing)
        return result(w, "refused", "changed");
    if (!g->has_key)
        return result(w, "refused", "no-key");
    g->storing = true;
    if (depth == HALF)
        return NULL;
    g->held = secret;
    if (depth == UNRECORDED)
        return NULL;
    g->stored = true;
    g->storing = false;
    return result(w, "done", NULL);
}

static struct record *rotate(struct world *w, const struct job *j, enum depth depth)
{
    struct guest_state *g = &w->guest;

    if (strcmp(g->token, j->token) != 0)
        return result(w, "refused", "superseded");
    if (g->rotated)
        return result(w, "done", NULL);
    if (w->no_rotation)
        return result(w, "failed", "forbidden");
    if (g->held != expected(j) && !g->pending)
        return result(w, "refused", "changed");
    if (!g->pending)
        g->pending = ++w->secrets;
    if (depth == HALF)
        return NULL;
    if (w->dcs[asked(w, j)].secret != g->pending) { // else AD has taken it already, before an interruption
        if (w->dcs[asked(w, j)].secret != g->held)
            return result(w, "failed", "not-taken");
        account_changes(w, asked(w, j), g->pending);
        w->rotations++;
    }
    if (depth == UNRECORDED)
        return NULL;
    g->held = g->pending;
    g->pending = 0;
    g->rotated = true;
    return result(w, "done", NULL);
}

// A repair with the lent credential: the guest mints, resets and stores; what AD has taken is not minted again.
static struct record *lend(struct world *w, const struct job *j, enum depth depth)
{
    struct guest_state *g = &w->guest;

    if (strcmp(g->token, j->token) != 0)
        return result(w, "refused", "superseded");
    if (g->mended)
        return result(w, "done", NULL);
    if (g->held != expected(j) && g->held != g->minted)
        return result(w, "refused", "changed");
    if (!g->has_key && !g->minted)
        return result(w, "refused", "no-key");
    if (!g->minted)
        g->minted = ++w->secrets;
    if (depth == HALF)
        return NULL;
    if (w->dcs[asked(w, j)].secret != g->minted) {
        account_changes(w, asked(w, j), g->minted);
        w->resets++;
    }
    if (depth == UNRECORDED)
        return NULL;
    g->held = g->minted;
    g->minted = 0;
    g->mended = true;
    return result(w, "done", NULL);
}

static struct record *vet(void)
{
    struct record *r = record_new("vetted");

    record_add(r, "result", "good");
    return r;
}

static struct record *reset(struct world *w, const struct job *j, int secret, enum depth depth)
{
    struct record *r = record_new("reset");

    if (w->reset_record != secret) {
        if (w->dcs[asked(w, j)].kvno != j->kvno_before) {
            record_add(r, "result", "refused");
            record_add(r, "rule", "kvno-moved");
            return r;
        }
        account_changes(w, asked(w, j), secret);
        w->resets++;
        if (depth == WHOLE)
            w->reset_record = secret;
    }
    record_add(r, "result", depth == WHOLE ? "done" : "unknown");
    record_add(r, "dc", dc_name(asked(w, j)));
    return r;
}

static struct record *account(struct world *w, const struct job *j)
{
    const struct dc *dc = &w->dcs[asked(w, j)];
    struct record *r = record_new("account");

    record_add_bool(r, "found", true);
    record_add(r, "guid", GUID);
    record_add(r, "sid", SID);
    record_add(r, "dc", dc_name(asked(w, j)));
    add_sight(w, asked(w, j), r);
    if (j->state == JOB_COMPARING)
        record_add_u64(r, "dc_usn_marked", ++w->usn);
    record_add_i64(r, "kvno", dc->kvno);
    record_add_u64(r, "pwd_last_set", dc->pwd_last_set);
    return r;
}

static struct record *login(const struct world *w, const struct job *j, int secret)
{
    struct record *r = record_new("login");

    record_add(r, "dc", dc_name(asked(w, j)));
    record_add(r, "result", w->dcs[asked(w, j)].secret == secret ? "accepted" : "refused");
    return r;
}

static struct record *clock_set(void)
{
    struct record *r = record_new("done");

    record_add_i64(r, "offset_ms", -5000);
    record_add_bool(r, "set", true);
    return r;
}

static bool is_guests(enum job_effect effect)
{
    return effect == JOB_EFFECT_CLOCK || effect == JOB_EFFECT_PROBE || effect == JOB_EFFECT_CHECK ||
           effect == JOB_EFFECT_STORE || effect == JOB_EFFECT_ROTATE || effect == JOB_EFFECT_LEND;
}

static struct record *do_it(struct world *w, const struct job *j, enum job_effect effect, int secret,
                            enum depth depth)
{
    if (w->journal == JOURNAL_NONE)
        world_replicate(w);
    if (is_guests(effect) && !w->running)
        return error("guest-off");
    switch (effect) {
    case JOB_EFFECT_CLOCK:
        return clock_set();
    case JOB_EFFECT_PROBE:
        return probe(w, j);
    case JOB_EFFECT_CHECK:
        return check(w, j);
    case JOB_EFFECT_ACCOUNT:
        return account(w, j);
    case JOB_EFFECT_VET:
        return vet();
    case JOB_EFFECT_LEND:
        return lend(w, j, depth);
    case JOB_EFFECT_RESET:
        return reset(w, j, secret, depth);
    case JOB_EFFECT_LOGIN:
        return login(w, j, secret);
    case JOB_EFFECT_STORE:
        return store(w, j, secret, depth);
    case JOB_EFFECT_ROTATE:
        return rotate(w, j, depth);
    case JOB_EFFECT_ATTEST:
        return error("helper-refused"); // of an older version: it stays a claim
    case JOB_EFFECT_NONE:
        break;
    }
    return NULL;
}

void world_land(struct world *w, unsigned i)
{
    struct orphan o = w->orphans[i];

    w->orphans[i] = w->orphans[--w->orphans_count];
    record_free(do_it(w, &o.job, o.effect, o.journal_secret, o.depth));
}

void world_orphan(struct world *w, const struct job *j, enum job_effect effect, enum depth depth)
{
    if (w->orphans_count < ORPHANS_MAX)
        w->orphans[w->orphans_count++] = (struct orphan){*j, effect, w->journal_secret, depth};
}

struct record *world_perform(struct world *w, const struct job *j, enum job_effect effect, enum depth depth)
{
    // The directory worker's requests about one account are serialised by a lock.
    for (unsigned i = w->orphans_count; !is_guests(effect) && i-- > 0;)
        if (w->orphans[i].effect == JOB_EFFECT_RESET)
            world_land(w, i);
    return do_it(w, j, effect, w->journal_secret, depth);
}
