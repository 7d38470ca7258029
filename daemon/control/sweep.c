// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
// `sweep`: a look at every guest, or at those whose names match. Each gets a case that looks and judges, no more (as
// `repair --dry-run` makes it); one that is open already is awaited instead. No more than some hundreds of them are
// open at a time, so that memory is bounded, and a connection that closes ends the sweep with what was begun. Looks of
// guests that were reverted come before these. Between two pages everything else has its turn.
#include "daemon/control/session.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum {
    PAGE = 128, // cases that are opened in one transaction
    LOOKED_THROUGH = 1000,
    FULL = 1,
};

struct sweep {
    struct heap open; // cases that are awaited
    bool all;         // every guest was taken
    unsigned looked, behind, unread;
};

struct page {
    char guests[PAGE][UUID_TEXT];
    size_t count;
};

struct sweep *sweep_free(struct sweep *w)
{
    if (w)
        heap_done(&w->open);
    free(w);
    return NULL;
}

static bool is_behind(enum verdict v)
{
    return v == VERDICT_BEHIND || v == VERDICT_RECURRING || v == VERDICT_CHANGED_ELSEWHERE;
}

static bool is_unread(const struct casefile *c)
{
    return c->verdict == VERDICT_UNKNOWN && strcmp(c->cause, "not-read") == 0;
}

static void tell(struct session *s, const struct casefile *c)
{
    _cleanup_record_ struct record *r = record_new("looked");
    struct sweep *w = s->sweep;

    w->looked++;
    w->behind += is_behind(c->verdict);
    w->unread += is_unread(c);
    record_add(r, "guest", c->guest);
    record_add(r, "name", c->name);
    record_add_i64(r, "case", c->id);
    record_add(r, "state", case_state_text(c->state));
    record_add(r, "outcome", outcome_text(c->outcome));
    record_add(r, "verdict", verdict_text(c->verdict));
    record_add(r, "cause", c->cause);
    record_add(r, "text", c->text);
    record_add_bool(r, "behind", is_behind(c->verdict));
    record_add_bool(r, "unread", is_unread(c));
    stream_send(s->stream, r);
}

static int note_guest(const char *uuid, void *arg)
{
    struct page *page = arg;

    memcpy(page->guests[page->count++], uuid, UUID_TEXT);
    return page->count == PAGE ? FULL : 0;
}

// The guest's case, made where none is open.
static int open_case(struct engine *e, const char *uuid, struct casefile *ret, struct err *err)
{
    struct guest g;
    int rc = store_guest_get(e->store, uuid, &g, err);

    if (rc == 0 && g.open_case)
        return store_case_get(e->store, g.open_case, ret, err);
    if (rc == 0)
        rc = engine_case_open(e, &g, ROLLBACK_MANUAL, false, now_us(), "a sweep looks at every guest", ret,
                              err);
    if (rc == 0) {
        ret->dry_run = true;
        rc = store_case_put(e->store, ret, err);
    }
    return rc == 0 ? store_guest_put(e->store, &g, err) : rc;
}

// One transaction for all of the page; then the effects.
static int open_page(struct session *s, const struct page *page, struct err *err)
{
    _cleanup_free_ struct casefile *cases = calloc(PAGE, sizeof *cases);
    struct engine *e = s->engine;
    int rc = cases ? store_begin(e->store, err) : -ENOMEM;

    for (size_t i = 0; rc >= 0 && i < page->count; i++)
        rc = open_case(e, page->guests[i], &cases[i], err);
    if (rc >= 0)
        rc = store_commit(e->store, err);
    if (rc < 0) {
        store_rollback(e->store);
        return rc;
    }
    for (size_t i = 0; i < page->count; i++) {
        const struct casefile *c = &cases[i];

        if (!c->id)
            continue; // gone meanwhile
        if (case_effect(c) == CASE_EFFECT_NONE) {
            tell(s, c); // it waits for somebody: nothing new is learnt by waiting with it
            continue;
        }
        rc = heap_put(&s->sweep->open, &(struct heap_item){.id = c->id, .order = c->id});
        if (rc < 0)
            return rc;
        engine_case_effect(e, c, case_effect(c));
    }
    return 0;
}

static void end(struct session *s)
{
    const struct sweep *w = s->sweep;
    _cleanup_record_ struct record *r = record_new("end");

    record_add_i64(r, "exit", w->behind ? EXIT_BAD_NEWS : w->unread ? EXIT_NO_LOOK : EXIT_ANSWERED);
    record_add_u64(r, "looked", w->looked);
    record_add_u64(r, "behind", w->behind);
    record_add_u64(r, "unread", w->unread);
    stream_send(s->stream, r);
    stream_end(s->stream);
}

// When what was told has been taken: the next guests, if few enough are open.
static void go_on(struct stream *stream, void *arg)
{
    struct session *s = arg;
    struct sweep *w = s->sweep;
    struct page page = {.count = 0};
    struct err err = {0};
    bool more = false;
    int rc = 0;

    if (!w->all && w->open.count <= PAGE) {
        rc = store_present(s->engine->store, &s->place, s->only, LOOKED_THROUGH, note_guest, &page, &more,
                           &err);
        w->all = rc == 0 && !more;
        if (rc >= 0)
            rc = open_page(s, &page, &err);
    }
    if (rc < 0)
        session_store_error(s, rc, &err);
    else if (w->all && !w->open.count)
        end(s);
    else if (!w->all && w->open.count <= PAGE)
        stream_when_sent(stream, go_on);
}

void sweep_case_closed(struct session *s, const struct casefile *c)
{
    if (!heap_find(&s->sweep->open, 0, c->id, NULL))
        return;
    heap_drop(&s->sweep->open, 0, c->id, NULL);
    tell(s, c);
    stream_when_sent(s->stream, go_on);
}

void handle_sweep(struct session *s, const struct record *request)
{
    _cleanup_record_ struct record *r = record_new("sweep");
    struct err err = {0};
    unsigned guests = 0;
    int rc;

    snprintf(s->only, sizeof s->only, "%s", record_get_or(request, "only", ""));
    rc = store_overview_count(s->engine->store, s->only, &guests, &err);
    s->sweep = calloc(1, sizeof *s->sweep);
    if (rc < 0 || !s->sweep) {
        session_store_error(s, rc < 0 ? rc : -ENOMEM, &err);
        return;
    }
    record_add_u64(r, "guests", guests);
    stream_send(s->stream, r);
    stream_when_sent(s->stream, go_on);
}
