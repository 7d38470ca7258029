// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/engine/turns.h"

#include "daemon/engine/breakers.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const int64_t MINUTE_US = INT64_C(60) * 1000000, HOUR_US = INT64_C(3600) * 1000000;

enum {
    FREED_WAKES = 3
}; // repairs that are woken for each that ends: some may be held back by something else

// ---- the list ----

static struct turn *find(struct engine *e, int64_t case_id)
{
    for (size_t i = 0; i < e->turns.count; i++)
        if (e->turns.list[i].case_id == case_id)
            return &e->turns.list[i];
    return NULL;
}

static struct turn *add(struct engine *e, const struct job *j, const struct binding *b)
{
    struct turns *t = &e->turns;
    struct config_choice choice;
    struct guest g = {0};
    struct err err = {0};
    struct turn *turn;

    if (t->count == t->room) {
        size_t room = t->room ? 2 * t->room : 32;
        struct turn *grown = realloc(t->list, room * sizeof *grown);

        if (!grown)
            return NULL;
        t->list = grown;
        t->room = room;
    }
    store_guest_get(e->store, j->guest, &g, &err);
    engine_choice(e, j->guest, g.name, &choice);
    turn = &t->list[t->count++];
    *turn = (struct turn){
        .case_id = j->case_id, .domain = config_domain(e->config, b->domain), .policy = choice.policy};
    snprintf(turn->guest, sizeof turn->guest, "%s", j->guest);
    return turn;
}

static bool is_active(enum job_state state)
{
    return state != JOB_WAITING_START && state != JOB_WAITING_AGENT && state != JOB_WAITING_TURN &&
           state != JOB_ENDED;
}

static bool same(const struct turn *t, const struct config_domain *d, const struct config_policy *p)
{
    return (!d || t->domain == d) && (!p || t->policy == p);
}

unsigned turns_active(struct engine *e, const struct config_domain *d, const struct config_policy *p)
{
    unsigned n = 0;

    for (size_t i = 0; i < e->turns.count; i++)
        n += e->turns.list[i].active && same(&e->turns.list[i], d, p);
    return n;
}

unsigned turns_held(struct engine *e, const struct config_domain *d, const struct config_policy *p)
{
    unsigned n = 0;

    for (size_t i = 0; i < e->turns.count; i++)
        n += e->turns.list[i].rule[0] && same(&e->turns.list[i], d, p);
    return n;
}

// ---- what holds back ----

static void hold(struct job_hold *h, const char *rule, int64_t until_us, const char *text)
{
    snprintf(h->rule, sizeof h->rule, "%s", rule);
    snprintf(h->text, sizeof h->text, "%s", text);
    h->until_us = until_us;
}

static void ask_quiet(const struct config_choice *choice, int64_t now, struct job_hold *ret)
{
    int left = breakers_quiet(choice, now);
    char text[LONG_TEXT];

    if (!left)
        return;
    snprintf(text, sizeof text, "quiet hours: nothing is repaired by itself until %s",
             breakers_clock_text(now + left * MINUTE_US));
    hold(ret, "quiet-hours", now + left * MINUTE_US, text);
}

static bool crowded(struct engine *e, const struct config_domain *d, const struct config_policy *p,
                    unsigned most, const char *of, int64_t now, struct job_hold *ret)
{
    char text[LONG_TEXT];

    if (!most || turns_active(e, d, p) < most)
        return false;
    snprintf(text, sizeof text, "as many repairs%.200s are under way as may be at once (%u)", of, most);
    hold(ret, "limit-at-once", now + 5 * MINUTE_US, text);
    return true;
}

static unsigned not_begun(struct engine *e, const struct config_domain *d, const struct config_policy *p)
{
    unsigned n = 0;

    for (size_t i = 0; i < e->turns.count; i++)
        n += e->turns.list[i].active && !e->turns.list[i].begun && same(&e->turns.list[i], d, p);
    return n;
}

// Also those count that have their turn and are not as far yet.
static int hour_full(struct engine *e, const struct config_domain *d, const struct config_policy *p,
                     unsigned most, const char *of, int64_t now, struct job_hold *ret, struct err *err)
{
    const char *scope = d ? "domain" : p ? "policy" : "", *name = d ? d->name : p ? p->name : "";
    unsigned begun = 0;
    int64_t first = 0, until;
    char text[LONG_TEXT];
    int rc = most ? store_attempt_begun(e->store, scope, name, now - HOUR_US, &begun, &first, err) : 0;

    if (rc < 0 || !most || begun + not_begun(e, d, p) < most)
        return rc < 0 ? rc : 0;
    until = begun >= most && first ? first + HOUR_US : now + MINUTE_US;
    snprintf(text, sizeof text, "as many repairs%.200s were begun within the hour as may be (%u)", of, most);
    hold(ret, "limit-per-hour", until > now ? until : now + MINUTE_US, text);
    return 0;
}

static int ask_limits(struct engine *e, const struct turn *t, int64_t now, struct job_hold *ret,
                      struct err *err)
{
    const struct config *c = e->config;
    const struct config_domain *d = t->domain;
    const struct config_policy *p = t->policy;
    char of_domain[300], of_policy[300];
    int rc = 0;

    snprintf(of_domain, sizeof of_domain, " in %.200s", d ? d->name : "");
    snprintf(of_policy, sizeof of_policy, " by policy %.200s", p ? p->name : "");
    if (crowded(e, NULL, NULL, c->repairs_at_once, "", now, ret) ||
        (d && crowded(e, d, NULL, d->repairs_at_once, of_domain, now, ret)) ||
        (p && crowded(e, NULL, p, p->at_once, of_policy, now, ret)))
        return 0;
    rc = hour_full(e, NULL, NULL, c->repairs_per_hour, "", now, ret, err);
    if (rc == 0 && d && !ret->rule[0])
        rc = hour_full(e, d, NULL, d->resets_per_hour, of_domain, now, ret, err);
    if (rc == 0 && p && !ret->rule[0])
        rc = hour_full(e, NULL, p, p->per_hour, of_policy, now, ret, err);
    return rc;
}

// The case that tries while its breaker is half-open: is it still at it?
static bool lives(void *arg, int64_t case_id)
{
    const struct turn *t = find(arg, case_id);

    return t && t->active;
}

int turns_enter(struct engine *e, const struct job *j, const struct binding *b)
{
    return find(e, j->case_id) || add(e, j, b) ? 0 : -ENOMEM;
}

static int ask_breakers(struct engine *e, const struct turn *t, int64_t now, struct job_hold *ret,
                        struct err *err)
{
    int rc = t->domain ? breakers_ask(e, "domain", t->domain->name, t->case_id, lives, now, ret, err) : 0;

    if (rc == 0 && t->policy && !ret->rule[0])
        rc = breakers_ask(e, "policy", t->policy->name, t->case_id, lives, now, ret, err);
    return rc;
}

int turns_ask(struct engine *e, const struct job *j, const struct casefile *c, const struct binding *b,
              struct job_hold *ret, struct err *err)
{
    struct turn *t = find(e, j->case_id);
    struct config_choice choice;
    int64_t now = now_us();
    int rc = 0;

    *ret = (struct job_hold){0};
    if (!t)
        t = add(e, j, b);
    if (!t)
        return -ENOMEM;
    if (!t->active) { // else it has its turn
        engine_choice(e, c->guest, c->name, &choice);
        t->policy = choice.policy;
        if (!c->approved)
            ask_quiet(&choice, now, ret);
        if (!ret->rule[0])
            rc = ask_limits(e, t, now, ret, err);
    }
    // Last: who is let through by a half-open one is the one that tries.
    if (rc == 0 && !ret->rule[0])
        rc = ask_breakers(e, t, now, ret, err);
    return rc;
}

void turns_peek(struct engine *e, const struct casefile *c, const struct binding *b,
                const struct config_choice *choice, char ret[static LONG_TEXT])
{
    struct job_hold h = {0};
    int64_t now = now_us();

    if (!c->approved)
        ask_quiet(choice, now, &h);
    if (!h.rule[0])
        breakers_peek(e, "domain", b->domain, now, &h);
    if (!h.rule[0] && choice->policy)
        breakers_peek(e, "policy", choice->policy->name, now, &h);
    snprintf(ret, LONG_TEXT, "%s", h.text);
}

// ---- how it went ----

static int begin_attempt(struct engine *e, const struct turn *t, const struct job *j, struct attempt *ret,
                         struct err *err)
{
    struct casefile c = {0};
    int rc = store_attempt_get(e->store, j->case_id, ret, err);

    if (rc != STORE_NONE)
        return rc;
    rc = store_case_get(e->store, j->case_id, &c, err);
    *ret = (struct attempt){.case_id = j->case_id, .at_us = now_us()};
    snprintf(ret->guest, sizeof ret->guest, "%s", j->guest);
    snprintf(ret->name, sizeof ret->name, "%s", c.name);
    snprintf(ret->domain, sizeof ret->domain, "%s", t->domain ? t->domain->name : "");
    snprintf(ret->policy, sizeof ret->policy, "%s", t->policy ? t->policy->name : "");
    return rc < 0 ? rc : 0;
}

static int move_breakers(struct engine *e, const struct turn *t, const struct attempt *a, struct err *err)
{
    char text[LONG_TEXT];
    int rc = 0;

    snprintf(text, sizeof text, "%.100s%s%.100s: %.280s", a->name, a->dc[0] ? " at " : "", a->dc, a->text);
    if (t->domain)
        rc = breakers_took(e, "domain", t->domain->name, a, text, err);
    if (rc == 0 && t->policy)
        rc = breakers_took(e, "policy", t->policy->name, a, text, err);
    return rc;
}

int turns_took(struct engine *e, enum job_state before, const struct job *after, const struct record *answer,
               struct err *err)
{
    const struct turn *t = find(e, after->case_id);
    enum attempt_result result = attempt_of_answer(before, after, answer);
    bool changes = after->state == JOB_RESETTING || after->state == JOB_LENDING;
    bool ended = after->state == JOB_ENDED, begins = changes && before != after->state;
    struct attempt a;
    int rc;

    if (ended)
        result = attempt_of_end(before, after);
    if (!t || (result == ATTEMPT_OPEN && !begins))
        return 0;
    rc = begin_attempt(e, t, after, &a, err);
    if (rc < 0)
        return rc;
    if (begins && !a.begun_us)
        a.begun_us = now_us();
    if (ended)
        a.ended_us = now_us();
    if (result != ATTEMPT_OPEN) {
        a.result = result;
        a.at_us = now_us();
        snprintf(a.dc, sizeof a.dc, "%s", after->dc);
        snprintf(a.text, sizeof a.text, "%s",
                 ended ? after->text : record_get_or(answer, "text", after->text));
    }
    rc = store_attempt_put(e->store, &a, err);
    return rc == 0 && result != ATTEMPT_OPEN ? move_breakers(e, t, &a, err) : rc;
}

// ---- behind the commit ----

static void wake(struct engine *e, const struct turn *t)
{
    due_set(&e->due, DUE_JOB, t->case_id, NULL, now_us());
    engine_rearm(e);
}

// A place is free: the first who wait for one.
static void freed(struct engine *e)
{
    unsigned woken = 0;

    for (size_t i = 0; i < e->turns.count && woken < FREED_WAKES; i++)
        if (strcmp(e->turns.list[i].rule, "limit-at-once") == 0) {
            wake(e, &e->turns.list[i]);
            woken++;
        }
}

void turns_wake(struct engine *e)
{
    if (!e->turns.wake_all)
        return;
    e->turns.wake_all = false;
    for (size_t i = 0; i < e->turns.count; i++)
        if (e->turns.list[i].rule[0])
            wake(e, &e->turns.list[i]);
}

static void drop(struct engine *e, struct turn *t)
{
    size_t at = (size_t)(t - e->turns.list);

    memmove(t, t + 1, (e->turns.count - at - 1) * sizeof *t);
    e->turns.count--;
}

void turns_forget(struct engine *e, int64_t case_id)
{
    struct turn *t = find(e, case_id);
    bool active = t && t->active;

    if (t)
        drop(e, t);
    if (active)
        freed(e);
}

void turns_moved(struct engine *e, const struct job *j)
{
    struct turn *t = find(e, j->case_id);
    bool was_active = t && t->active;

    if (t && j->state == JOB_ENDED) {
        drop(e, t);
    } else if (t) {
        t->active = is_active(j->state);
        t->begun = t->begun || j->state == JOB_RESETTING || j->state == JOB_LENDING;
        snprintf(t->rule, sizeof t->rule, "%s", j->state == JOB_WAITING_TURN ? j->cause : "");
    }
    if (was_active && !is_active(j->state))
        freed(e);
    turns_wake(e);
}

// What was under way before the restart has its turn.
static int find_active(const struct job *j, void *arg)
{
    struct engine *e = arg;
    struct binding b = {0};
    struct attempt a;
    struct err err = {0};
    struct turn *t;

    store_binding_get(e->store, j->guest, &b, &err);
    t = add(e, j, &b);
    if (!t)
        return -ENOMEM;
    t->active = is_active(j->state);
    t->begun = store_attempt_get(e->store, j->case_id, &a, &err) == 0 && a.begun_us;
    if (j->state == JOB_WAITING_TURN)
        snprintf(t->rule, sizeof t->rule, "%s", j->cause);
    return 0;
}

int turns_open(struct engine *e, struct err *err)
{
    int rc = store_job_each_open(e->store, find_active, e, err);

    return rc < 0 ? rc : 0;
}

void turns_done(struct turns *t)
{
    free(t->list);
    *t = (struct turns){0};
}
