// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/control/score.h"

#include "daemon/core/score.h"
#include "daemon/engine/sides.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { GUESTS_A_PAGE = 20, CASES_MOST = 2000 }; // of one guest: the newest

struct scoring {
    int64_t since_us;
    char (*guests)[UUID_TEXT];
    size_t count, room, next;
    struct score_seen *seen; // of the guest at hand, oldest first once they are turned round
    struct casefile *cases;
    size_t seen_count;
    unsigned looked, looks, predicted, classes[SCORE_CLASSES_COUNT];
};

struct scoring *scoring_free(struct scoring *w)
{
    if (!w)
        return NULL;
    free(w->guests);
    free(w->seen);
    free(w->cases);
    free(w);
    return NULL;
}

static int note_guest(const struct guest *g, void *arg)
{
    struct scoring *w = arg;

    if (w->count == w->room) {
        size_t room = w->room ? 2 * w->room : 256;
        char(*grown)[UUID_TEXT] = realloc(w->guests, room * sizeof *grown);

        if (!grown)
            return -ENOMEM;
        w->guests = grown;
        w->room = room;
    }
    memcpy(w->guests[w->count++], g->uuid, UUID_TEXT);
    return 0;
}

// What it was decided to do, as the judging step has it.
static int take_step(int64_t at_us, const char *state, const char *text, const struct record *details,
                     void *arg)
{
    struct score_seen *s = arg;
    const char *verdict = record_get(details, "verdict");

    (void)at_us, (void)state, (void)text;
    if (!verdict)
        return 0;
    // An unknown one would have been asked first, and foretells nothing.
    s->judged = true;
    s->predicted = strcmp(verdict, verdict_text(VERDICT_BEHIND)) == 0 &&
                   strcmp(record_get_or(details, "action", ""), action_text(ACTION_RECORD)) == 0;
    return 0;
}

static int read_seen(struct engine *e, const struct casefile *c, struct score_seen *ret, struct err *err)
{
    _cleanup_record_ struct record *disk = NULL, *directory = NULL;
    struct guest_side guest;
    struct directory_side account;
    int rc = store_evidence_get(e->store, c->id, "disk", &disk, err);

    if (rc >= 0)
        rc = store_evidence_get(e->store, c->id, "directory", &directory, err);
    *ret = (struct score_seen){
        .case_id = c->id, .at_us = c->opened_us, .witnessed = c->witnessed, .verdict = c->verdict};
    if (rc >= 0)
        rc = store_step_each(e->store, c->id, take_step, ret, err);
    if (rc < 0)
        return rc;
    side_of_disk(disk, &e->key, &guest);
    side_of_directory(directory, c->opened_us, &account);
    ret->has_fingerprint = guest.has_fingerprint;
    memcpy(ret->fingerprint, guest.fingerprint, HASH);
    ret->set_at = guest.set_at;
    ret->guest_kvno = guest.kvno;
    ret->pwd_last_set = account.pwd_last_set;
    ret->kvno = account.kvno;
    ret->ours = c->outcome == OUTCOME_PROVEN || c->outcome == OUTCOME_CLAIMED;
    return 0;
}

struct reading {
    struct scoring *w;
    struct engine *engine;
    struct err *err;
};

static int take_case(const struct casefile *c, void *arg)
{
    struct reading *r = arg;
    struct scoring *w = r->w;
    int rc;

    if (c->opened_us < w->since_us || w->seen_count == CASES_MOST)
        return 1;
    if (c->state != CASE_CLOSED)
        return 0;
    rc = read_seen(r->engine, c, &w->seen[w->seen_count], r->err);
    if (rc == 0)
        w->cases[w->seen_count++] = *c;
    return rc;
}

static void turn_round(struct scoring *w)
{
    for (size_t i = 0, j = w->seen_count; i + 1 < j; i++) {
        struct score_seen seen = w->seen[i];
        struct casefile c = w->cases[i];

        j--;
        w->seen[i] = w->seen[j];
        w->cases[i] = w->cases[j];
        w->seen[j] = seen;
        w->cases[j] = c;
    }
}

static void send_prediction(struct session *s, const struct casefile *c, const struct score_settled *settled)
{
    _cleanup_record_ struct record *r = record_new("prediction");

    record_add_i64(r, "case", c->id);
    record_add(r, "guest", c->guest);
    record_add(r, "name", c->name);
    record_add_i64(r, "at_us", c->opened_us);
    record_add(r, "verdict", verdict_text(c->verdict));
    record_add(r, "cause", c->cause);
    record_add(r, "text", c->text);
    record_add(r, "would", c->would);
    record_add(r, "class", score_class_text(settled->class));
    if (settled->case_id) {
        record_add_i64(r, "settled_us", settled->at_us);
        record_add_i64(r, "settled_case", settled->case_id);
    }
    stream_send(s->stream, r);
}

static int score_guest(struct session *s, const char *guest, struct err *err)
{
    struct scoring *w = s->scoring;
    struct reading r = {w, s->engine, err};
    const struct score_seen *former = NULL;
    int rc;

    w->seen_count = 0;
    rc = store_case_each(s->engine->store, guest, false, 0, take_case, &r, err);
    if (rc < 0)
        return rc;
    turn_round(w);
    w->looked += w->seen_count > 0;
    w->looks += (unsigned)w->seen_count;
    for (size_t i = 0; i < w->seen_count; i++) {
        struct score_settled settled;

        if (!w->seen[i].predicted || (former && score_repeats(former, &w->seen[i])))
            continue;
        former = &w->seen[i];
        settled = score_settle(former, &w->seen[i + 1], w->seen_count - i - 1);
        w->predicted++;
        w->classes[settled.class]++;
        send_prediction(s, &w->cases[i], &settled);
    }
    return 0;
}

static void send_score(struct session *s)
{
    _cleanup_record_ struct record *r = record_new("score");
    const struct scoring *w = s->scoring;
    const unsigned *n = w->classes;

    record_add_i64(r, "since_us", w->since_us);
    record_add_u64(r, "guests", w->looked);
    record_add_u64(r, "looks", w->looks);
    record_add_u64(r, "predicted", w->predicted);
    record_add_u64(r, "by_hand", n[SCORE_BY_HAND]);
    record_add_u64(r, "by_virtrust", n[SCORE_BY_VIRTRUST]);
    record_add_u64(r, "by_rollback", n[SCORE_BY_ROLLBACK]);
    record_add_u64(r, "still", n[SCORE_STILL]);
    record_add_u64(r, "open", n[SCORE_OPEN]);
    record_add_u64(r, "wrong", n[SCORE_WRONG]);
    stream_send(s->stream, r);
    session_end(s, n[SCORE_WRONG] ? EXIT_BAD_NEWS : EXIT_ANSWERED);
}

static void send_page(struct stream *stream, void *arg)
{
    struct session *s = arg;
    struct scoring *w = s->scoring;
    struct err err = {0};
    int rc = 0;

    for (unsigned n = 0; rc == 0 && n < GUESTS_A_PAGE && w->next < w->count; n++)
        rc = score_guest(s, w->guests[w->next++], &err);
    if (rc < 0)
        session_store_error(s, rc, &err);
    else if (w->next < w->count)
        stream_when_sent(stream, send_page);
    else
        send_score(s);
}

void handle_scorecard(struct session *s, const struct record *request)
{
    struct scoring *w = calloc(1, sizeof *w);
    struct err err = {0};
    int rc = -ENOMEM;

    s->scoring = w;
    if (w && record_get_i64(request, "since_us", &w->since_us) < 0) {
        session_error(s, EXIT_USAGE, "usage", "use the virtrust that belongs to this virtrustd",
                      "the request does not say since when");
        return;
    }
    if (w) {
        w->seen = calloc(CASES_MOST, sizeof *w->seen);
        w->cases = calloc(CASES_MOST, sizeof *w->cases);
        if (w->seen && w->cases)
            rc = store_guest_each(s->engine->store, note_guest, w, &err);
    }
    if (rc < 0)
        session_store_error(s, rc, &err);
    else
        send_page(s->stream, s);
}
