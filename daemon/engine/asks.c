// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/engine/asks.h"

#include "daemon/engine/engine.h"
#include "daemon/engine/hold.h"
#include "daemon/engine/policybind.h"
#include "daemon/engine/sides.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>

enum { DIRECTORY_TIMEOUT_S = 90 };

struct ask {
    int64_t case_id, order;
    uint32_t epoch;
};

struct line { // of one domain
    struct line *next;
    struct engine *engine;
    char domain[NAME_TEXT];
    struct heap waiting; // cases, by the order in which they came
    struct ask asked[ASKS_TOGETHER];
    size_t asked_count; // under way; 0: nothing
    size_t alone;       // so many are asked one by one: one of them may have spoilt a request for all
    unsigned failures;  // in a row
    sd_event_source *pause, *gather;
};

struct asks {
    struct engine *engine;
    struct line *lines;
    int64_t newest;
    uint64_t requests, questions;
};

int asks_open(struct engine *e, struct asks **ret)
{
    struct asks *a = calloc(1, sizeof *a);

    if (!a)
        return -ENOMEM;
    a->engine = e;
    *ret = a;
    return 0;
}

struct asks *asks_close(struct asks *a)
{
    if (!a)
        return NULL;
    for (struct line *l = a->lines, *next; l; l = next) {
        next = l->next;
        sd_event_source_disable_unref(l->pause);
        sd_event_source_disable_unref(l->gather);
        heap_done(&l->waiting);
        free(l);
    }
    free(a);
    return NULL;
}

// ---- the questions ----

struct question {
    char domain[NAME_TEXT];
    const char *key; // guid or name
    char whose[NAME_TEXT];
};

// By GUID where a binding stands; else by what a policy names; else, to tell the administrator what it looks like, by
// the guest's claim: that is read, and never acted upon.
static void question_of(struct engine *e, const struct casefile *c, struct question *ret)
{
    _cleanup_record_ struct record *disk = NULL;
    struct config_choice choice;
    struct binding b;
    struct err err = {0};

    if (store_binding_get(e->store, c->guest, &b, &err) == 0) {
        ret->key = "guid";
        snprintf(ret->domain, sizeof ret->domain, "%s", b.domain);
        snprintf(ret->whose, sizeof ret->whose, "%s", b.guid);
        return;
    }
    engine_choice(e, c->guest, c->name, &choice);
    store_evidence_get(e->store, c->id, "disk", &disk, &err);
    ret->key = "name";
    snprintf(ret->domain, sizeof ret->domain, "%s", choice.domain ? choice.domain->name : "");
    snprintf(ret->whose, sizeof ret->whose, "%s",
             choice.computer[0] ? choice.computer : record_get_or(disk, "sam_account_name", ""));
}

static struct line *line_of(struct asks *a, const char *domain)
{
    struct line *l = a->lines;

    while (l && strcmp(l->domain, domain) != 0)
        l = l->next;
    if (l || !(l = calloc(1, sizeof *l)))
        return l;
    l->engine = a->engine;
    snprintf(l->domain, sizeof l->domain, "%s", domain);
    l->next = a->lines;
    a->lines = l;
    return l;
}

static bool is_armed(sd_event_source *timer)
{
    int enabled = SD_EVENT_OFF;

    return timer && sd_event_source_get_enabled(timer, &enabled) > 0;
}

static bool is_paused(const struct line *l)
{
    return is_armed(l->pause);
}

static int on_timer(sd_event_source *s, uint64_t usec, void *arg);

static void arm(struct line *l, sd_event_source **timer, unsigned ms)
{
    uint64_t us = (uint64_t)ms * 1000;

    if (!*timer)
        sd_event_add_time_relative(l->engine->event, timer, CLOCK_MONOTONIC, us, 0, on_timer, l);
    else if (sd_event_source_set_time_relative(*timer, us) >= 0)
        sd_event_source_set_enabled(*timer, SD_EVENT_ONESHOT);
}

static void add_question(struct record *r, size_t at, const struct question *q)
{
    char key[RECORD_KEY_MAX];

    snprintf(key, sizeof key, "%zu.%s", at, q->key);
    record_add(r, key, q->whose);
}

// The questions that go together now; those whose case has gone on are dropped. One alone is asked as it always was.
static struct record *gather(struct line *l)
{
    size_t most = l->alone ? 1 : ASKS_TOGETHER;
    struct record *r = record_new("accounts"), *only;
    struct question q;
    struct heap_item item;
    struct casefile c;
    struct err err = {0};

    record_add(r, "domain", l->domain);
    while (l->asked_count < most && heap_first(&l->waiting)) {
        heap_take(&l->waiting, &item);
        if (store_case_get(l->engine->store, item.id, &c, &err) != 0 || c.state != CASE_ASKING_DIRECTORY)
            continue;
        question_of(l->engine, &c, &q);
        add_question(r, l->asked_count, &q);
        l->asked[l->asked_count++] = (struct ask){c.id, item.order, c.epoch};
    }
    if (l->asked_count > 1)
        return r;
    record_free(r);
    if (!l->asked_count)
        return NULL;
    only = record_new("account");
    record_add(only, "domain", l->domain);
    record_add(only, q.key, q.whose);
    return only;
}

static void on_answer(struct engine *e, const struct worker_key *key, const struct record *answer,
                      const char *lost, void *arg);

static void ask(struct line *l)
{
    struct engine *e = l->engine;
    struct record *r;

    if (l->asked_count || is_paused(l) || hold_on(e))
        return;
    if (l->gather)
        sd_event_source_set_enabled(l->gather, SD_EVENT_OFF);
    r = gather(l);
    if (!l->asked_count)
        return;
    e->asks->requests++;
    e->asks->questions += l->asked_count;
    worker_call(e, WORKER_DIRECTORY, r, DIRECTORY_TIMEOUT_S, (struct worker_key){0}, on_answer, l);
}

void asks_go_on(struct asks *a)
{
    for (struct line *l = a->lines; l; l = l->next)
        ask(l);
}

// The end of a pause, or of the moment in which questions gather.
static int on_timer(sd_event_source *s, uint64_t usec, void *arg)
{
    (void)s, (void)usec;
    ask(arg);
    return 0;
}

// Asks when everything that this turn of the loop brings is there; while looks wait, which will bring further
// questions, a moment later.
static void ask_soon(struct line *l)
{
    bool more = !l->alone && l->waiting.count < ASKS_TOGETHER && looks_waiting(&l->engine->looks);

    if (!l->asked_count && !is_paused(l) && heap_first(&l->waiting) && (!more || !is_armed(l->gather)))
        arm(l, &l->gather, more ? ASKS_GATHER_MS : 0);
}

void asks_want(struct engine *e, const struct casefile *c)
{
    struct question q;
    struct line *l;

    question_of(e, c, &q);
    l = line_of(e->asks, q.domain);
    // A case that waits already keeps its place.
    if (!l || (!heap_find(&l->waiting, 0, c->id, NULL) &&
               heap_put(&l->waiting, &(struct heap_item){.id = c->id, .order = ++e->asks->newest}) < 0)) {
        engine_again(e, DUE_CASE, c->id, NULL);
        return;
    }
    ask_soon(l);
}

// ---- the answers ----

static void tell(struct engine *e, const struct ask *asked, const struct record *answer, const char *lost)
{
    const struct worker_key key = {.case_id = asked->case_id, .epoch = asked->epoch};
    struct case_input in = {.kind = record_is(answer, "account") ? CASE_IN_ANSWERED : CASE_IN_UNANSWERED};
    struct err err = {0};

    in.transient = in.kind == CASE_IN_UNANSWERED;
    if (in.kind == CASE_IN_ANSWERED && policybind(e, &key, answer, &err) < 0) {
        // Without its binding the case would be judged as one that may never be repaired.
        engine_log(3, key.case_id, NULL, "cannot keep the binding that a policy makes: %s; tries again",
                   err.text);
        engine_again(e, DUE_CASE, key.case_id, NULL);
        return;
    }
    engine_learnt(e, &key, "directory", answer, lost, &in);
}

// `3.name` belongs to the fourth question, a key without a number to all of them.
static bool belongs(const char *key, size_t at, const char **ret_rest)
{
    char *end = NULL;
    unsigned long number = strtoul(key, &end, 10);

    *ret_rest = key;
    if (end == key || *end != '.')
        return true;
    *ret_rest = end + 1;
    return number == at;
}

// One question's answer out of that for all: an `account`, or the `error` of a question that could not be asked.
static struct record *answer_of(const struct record *all, size_t at)
{
    char key[RECORD_KEY_MAX];
    bool failed;
    struct record *r;

    snprintf(key, sizeof key, "%zu.code", at);
    failed = record_get(all, key);
    r = record_new(failed ? "error" : "account");
    for (size_t i = 2; i < record_count(all); i++) { // behind type and v
        const char *name, *rest, *value;
        size_t len;

        record_at(all, i, &name, &value, &len);
        if (belongs(name, at, &rest))
            record_add_bytes(r, rest, value, len);
    }
    return r;
}

static bool is_answered(const struct record *answer, size_t asked)
{
    return record_is(answer, asked > 1 ? "accounts" : "account");
}

// May one question of several have spoilt it for all, or is it the domain that does not answer?
static bool may_be_spoilt(const struct record *answer)
{
    static const char *const codes[] = {"bad-request", "dc-refused", "internal"};
    const char *code = record_get_or(answer, "code", "");

    for (size_t i = 0; i < ARRAY_SIZE(codes); i++)
        if (strcmp(codes[i], code) == 0)
            return true;
    return !answer; // the worker died
}

unsigned asks_pause(unsigned failures, uint32_t chance)
{
    unsigned ms = ASKS_PAUSE_MS;

    for (unsigned i = 1; i < failures && ms < ASKS_PAUSE_MAX_MS; i++)
        ms *= 2;
    if (ms > ASKS_PAUSE_MAX_MS)
        ms = ASKS_PAUSE_MAX_MS;
    return ms - ms / 4 + chance % (ms / 2 + 1); // between three and five quarters
}

static void pause_line(struct line *l, const char *why)
{
    uint32_t chance = 0;
    unsigned ms;

    (void)!getrandom(&chance, sizeof chance, GRND_NONBLOCK);
    ms = asks_pause(++l->failures, chance);
    engine_log(l->failures == 1 ? 4 : 6, 0, NULL, "%s does not answer: %.300s; asks again in %u.%u s",
               l->domain, why, ms / 1000, ms / 100 % 10);
    arm(l, &l->pause, ms);
}

static void ask_one_by_one(struct line *l, const struct ask *asked, size_t count)
{
    l->alone = count;
    for (size_t i = 0; i < count; i++)
        if (heap_put(&l->waiting, &(struct heap_item){.id = asked[i].case_id, .order = asked[i].order}) < 0)
            engine_again(l->engine, DUE_CASE, asked[i].case_id, NULL);
}

static void on_answer(struct engine *e, const struct worker_key *key, const struct record *answer,
                      const char *lost, void *arg)
{
    struct line *l = arg;
    struct ask asked[ASKS_TOGETHER];
    size_t count = l->asked_count;
    bool answered = is_answered(answer, count), own_fault;

    (void)key;
    memcpy(asked, l->asked, count * sizeof *asked);
    l->asked_count = 0;
    if (!answered && count > 1 && may_be_spoilt(answer)) {
        ask_one_by_one(l, asked, count);
        ask_soon(l);
        return;
    }
    own_fault = strcmp(record_get_or(answer, "code", ""), "bad-request") == 0;
    l->alone -= l->alone && (answered || own_fault);
    if (answered) {
        l->failures = 0;
        silent_note(&e->silent, l->domain, answer, now_us());
    } else if (!own_fault) {
        l->alone = 0;
        pause_line(l, lost ? lost : record_get_or(answer, "text", "no reason was given"));
    }
    for (size_t i = 0; i < count; i++) {
        _cleanup_record_ struct record *own = answered && count > 1 ? answer_of(answer, i) : NULL;

        tell(e, &asked[i], own ? own : answer, lost);
    }
    ask_soon(l);
}

struct asks_counts asks_count(const struct asks *a)
{
    struct asks_counts n = {.requests = a->requests, .questions = a->questions};

    for (const struct line *l = a->lines; l; l = l->next) {
        n.waiting += (unsigned)l->waiting.count;
        n.under_way += (unsigned)l->asked_count;
        n.paused |= is_paused(l);
    }
    return n;
}
