// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
// What core needs to know of the world, gathered from configuration and store.
#include "common/filetime.h"
#include "daemon/engine/engine.h"
#include "daemon/engine/sides.h"
#include "daemon/engine/subject.h"
#include "daemon/engine/turns.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

void engine_choice(struct engine *e, const char *uuid, const char *name, struct config_choice *ret)
{
    _cleanup_(subject_done) struct subject subject = {0};

    subject_of(e, uuid, name, false, &subject);
    config_choose(e->config, &subject.sees, ret);
}

static enum mode mode_of(enum config_mode mode)
{
    switch (mode) {
    case MODE_OBSERVE:
        return MODE_CORE_OBSERVE;
    case MODE_ASK:
        return MODE_CORE_ASK;
    case MODE_REPAIR:
        return MODE_CORE_REPAIR;
    }
    return MODE_CORE_OBSERVE;
}

static int gather_evidence(struct engine *e, const struct casefile *c, const struct record *disk,
                           const struct record *directory, struct evidence *ret, struct err *err)
{
    int rc = store_binding_get(e->store, c->guest, &ret->binding, err);

    if (rc < 0)
        return rc;
    ret->bound = rc == 0;
    ret->tolerance_us = (int64_t)e->config->tolerance_s * 1000000;
    side_of_disk(disk, &e->key, &ret->guest);
    side_of_directory(directory, now_us(), &ret->directory);
    return 0;
}

// The ledger is asked by the bound account even where the directory did not answer: an older secret is older anyway.
// Without a binding the account is the one that the directory was asked for.
static int gather_pairs(struct engine *e, const struct casefile *c, struct evidence *ev, struct err *err)
{
    const char *guid = ev->bound ? ev->binding.guid : ev->directory.guid;

    return guid[0] ? store_pairs(e->store, c->guest, guid, ev->pairs, PAIRS_MAX, &ev->pairs_count, err) : 0;
}

static int count_same(struct engine *e, const struct casefile *c, const struct guest_side *g, unsigned *ret,
                      struct err *err)
{
    bool counted = c->has_fingerprint && g->has_fingerprint &&
                   memcmp(c->fingerprint, g->fingerprint, HASH) == 0;
    int rc;

    *ret = 0;
    if (!g->has_fingerprint || !c->witnessed)
        return 0;
    rc = store_case_same_fingerprint(e->store, c->guest, g->fingerprint, 0, ret, err);
    *ret += counted ? 0 : 1; // this one
    return rc;
}

// When the account was changed last; a rollback before that counts as one, for what has run since then may hold it.
static int64_t changed_us(const struct casefile *c, const struct evidence *ev)
{
    uint64_t set = ev->directory.known ? ev->directory.pwd_last_set : 0;
    int64_t us = filetime_plausible(set) ? filetime_to_us(set) : c->rolled_us;

    return us < c->rolled_us ? us : c->rolled_us;
}

// Copies: who else has this binding, and which of them ran since the account was changed?
static int gather_copies(struct engine *e, const struct casefile *c, const struct evidence *ev,
                         struct circumstances *ret, struct err *err)
{
    int64_t since_us = changed_us(c, ev);
    struct guest g = {0};
    int rc = store_guest_get(e->store, c->guest, &g, err);

    if (rc < 0)
        return rc;
    ret->running = g.running;
    ret->away = g.away;
    ret->idle = !g.running && g.ran_us < since_us;
    return ev->bound ? store_twin(e->store, c->guest, ev->binding.guid, since_us, ret->twin, err) : 0;
}

static int gather_circumstances(struct engine *e, const struct casefile *c, const struct evidence *ev,
                                struct circumstances *ret, struct err *err)
{
    _cleanup_record_ struct record *description = NULL;
    struct config_choice choice;
    int rc = store_description_get(e->store, c->guest, &description, err);

    if (rc < 0)
        return rc;
    engine_choice(e, c->guest, c->name, &choice);
    ret->mode = mode_of(choice.mode);
    ret->bound = ev->bound;
    ret->by_policy = !ev->bound && choice.computer[0] && choice.domain;
    ret->domain_configured = ev->bound ? config_domain(e->config, ev->binding.domain) != NULL
                                       : choice.domain != NULL;
    ret->has_agent = strcmp(record_get_or(description, "agent", "none"), "none") != 0;
    ret->transient_disks = choice.discarded || record_get_bool(description, "transient_disks") == 1;
    snprintf(ret->name, sizeof ret->name, "%s", c->name);
    snprintf(ret->computer, sizeof ret->computer, "%s", choice.computer[0] ? choice.computer : ev->guest.sam);
    if (ev->bound)
        turns_peek(e, c, &ev->binding, &choice, ret->held);
    rc = count_same(e, c, &ev->guest, &ret->same_fingerprint, err);
    if (rc >= 0)
        rc = gather_copies(e, c, ev, ret, err);
    return rc < 0 ? rc : 0;
}

int engine_world_of(struct engine *e, const struct casefile *c, const struct record *disk,
                    const struct record *directory, struct case_world *ret, struct err *err)
{
    int rc;

    memset(ret, 0, sizeof *ret);
    ret->patience_us = (int64_t)e->config->agent_wait_s * 1000000;
    rc = gather_evidence(e, c, disk, directory, &ret->evidence, err);
    if (rc >= 0)
        rc = gather_pairs(e, c, &ret->evidence, err);
    if (rc >= 0)
        rc = gather_circumstances(e, c, &ret->evidence, &ret->circumstances, err);
    return rc;
}

int engine_world(struct engine *e, const struct casefile *c, struct case_world *ret, struct err *err)
{
    _cleanup_record_ struct record *disk = NULL, *directory = NULL;
    int rc = store_evidence_get(e->store, c->id, "disk", &disk, err);

    if (rc >= 0)
        rc = store_evidence_get(e->store, c->id, "directory", &directory, err);
    return rc < 0 ? rc : engine_world_of(e, c, disk, directory, ret, err);
}
