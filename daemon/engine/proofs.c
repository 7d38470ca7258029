// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/engine/proofs.h"

#include <stdio.h>
#include <string.h>

enum { AT_ONCE = 2 };

static const int64_t hour_us = INT64_C(3600) * 1000000, day_us = 24 * INT64_C(3600) * 1000000;

// A guest that was asked, or waits to be.
struct asked {
    char uuid[UUID_TEXT], domain[NAME_TEXT];
    bool waiting, running, push;
    int64_t at_us; // when it was asked last
    char why_not[160];
};

struct proofs {
    struct asked *list; // by UUID
    size_t count, room;
    unsigned running, waiting;
};

// Where it is, or would be.
static size_t place_of(const struct proofs *p, const char *uuid)
{
    size_t low = 0, high = p->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (strcmp(p->list[middle].uuid, uuid) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static struct asked *find(struct engine *e, const char *uuid)
{
    size_t at = e->proofs ? place_of(e->proofs, uuid) : 0;

    return e->proofs && at < e->proofs->count && strcmp(e->proofs->list[at].uuid, uuid) == 0
               ? &e->proofs->list[at]
               : NULL;
}

static struct asked *find_or_make(struct engine *e, const char *uuid)
{
    struct asked *a = find(e, uuid);
    struct proofs *p;
    size_t at;

    if (a)
        return a;
    if (!e->proofs)
        e->proofs = calloc(1, sizeof *e->proofs);
    p = e->proofs;
    if (!p)
        return NULL;
    if (p->count == p->room) {
        size_t room = p->room ? p->room * 2 : 16;
        struct asked *grown = reallocarray(p->list, room, sizeof *grown);

        if (!grown)
            return NULL;
        p->list = grown;
        p->room = room;
    }
    at = place_of(p, uuid);
    memmove(&p->list[at + 1], &p->list[at], (p->count - at) * sizeof *p->list);
    p->count++;
    p->list[at] = (struct asked){0};
    snprintf(p->list[at].uuid, sizeof p->list[at].uuid, "%s", uuid);
    return &p->list[at];
}

static void go_on(struct engine *e);

static void on_answer(struct engine *e, const struct attest_end *got, void *arg)
{
    const char *uuid = got->guest;
    struct asked *a = find(e, uuid);
    enum proof_end end = PROOF_END_NONE;
    char domain[NAME_TEXT];
    struct binding b;
    struct err err = {0};
    const char *why;
    int rc;

    (void)arg;
    e->proofs->running--;
    a->running = false;
    memcpy(domain, a->domain, sizeof domain);
    rc = proofs_take(e, uuid, domain, got->answer, &b, &end, &err);
    why = rc < 0 ? err.text : end == PROOF_END_NONE ? attest_why_not(got->answer, got->lost) : "";
    a = find(e, uuid); // the list may lie elsewhere by now
    snprintf(a->why_not, sizeof a->why_not, "%.159s", why);
    if (*why)
        engine_log(6, 0, uuid, "no proof of possession: %s", why);
    go_on(e);
}

static void go_on(struct engine *e)
{
    struct proofs *p = e->proofs;

    for (size_t i = 0; p->waiting && p->running < AT_ONCE && i < p->count; i++) {
        struct asked *a = &p->list[i];
        char uuid[UUID_TEXT], domain[NAME_TEXT];
        struct attest_question q = {.guest = uuid, .domain = domain, .push = a->push};

        if (!a->waiting)
            continue;
        a->waiting = false;
        a->running = true;
        a->at_us = now_us();
        p->waiting--;
        p->running++;
        memcpy(uuid, a->uuid, sizeof uuid);
        memcpy(domain, a->domain, sizeof domain);
        attest_ask(e, &q, on_answer, p);
    }
}

static bool any_policy(const struct config *c)
{
    for (size_t i = 0; i < c->policies_count; i++)
        if (c->policies[i].bind)
            return true;
    return false;
}

// What is broken, or not what it seems, is not asked: a guest whose channel works has something to show.
static bool may_be_well(const struct guest *g)
{
    return g->verdict == VERDICT_UNKNOWN || g->verdict == VERDICT_IN_STEP || g->verdict == VERDICT_AHEAD;
}

static void want(struct engine *e, const struct config_choice *choice, struct asked *a)
{
    snprintf(a->domain, sizeof a->domain, "%s", choice->domain->name);
    a->push = choice->push_helper && choice->mode != MODE_OBSERVE;
    if (!a->waiting && !a->running) {
        a->waiting = true;
        e->proofs->waiting++;
    }
    go_on(e);
}

void proofs_noticed(struct engine *e, const struct guest *g, bool came)
{
    struct config_choice choice;
    struct asked *a;
    struct binding b;
    struct err err = {0};
    int64_t pause = hour_us;
    int rc;

    if (!any_policy(e->config) || !g->running || !g->agent_connected || g->open_case || g->burst.last_us ||
        !may_be_well(g))
        return;
    rc = store_binding_get(e->store, g->uuid, &b, &err);
    if (rc < 0 || (rc == 0 && (!came || strcmp(b.how, "proof") != 0)))
        return;
    if (rc == 0)
        pause = day_us;
    engine_choice(e, g->uuid, g->name, &choice);
    if (!choice.by_proof || !choice.domain)
        return;
    a = find_or_make(e, g->uuid);
    if (a && (!a->at_us || now_us() - a->at_us > pause || now_us() < a->at_us))
        want(e, &choice, a);
}

void proofs_case_closed(struct engine *e, const struct casefile *c)
{
    struct guest g;
    struct err err = {0};

    if (any_policy(e->config) && store_guest_get(e->store, c->guest, &g, &err) == 0)
        proofs_noticed(e, &g, false);
}

bool proofs_again(struct engine *e, const struct guest *g)
{
    struct config_choice choice;
    struct asked *a;

    engine_choice(e, g->uuid, g->name, &choice);
    if (!choice.by_proof || !choice.domain)
        return false;
    a = g->running && !g->open_case && may_be_well(g) ? find_or_make(e, g->uuid) : NULL;
    if (a)
        want(e, &choice, a);
    return true;
}

const char *proofs_last(struct engine *e, const char *uuid)
{
    const struct asked *a = find(e, uuid);

    return a && a->why_not[0] ? a->why_not : NULL;
}

void proofs_close(struct engine *e)
{
    if (!e->proofs)
        return;
    attest_cancel_arg(e, e->proofs);
    free(e->proofs->list);
    free(e->proofs);
    e->proofs = NULL;
}
