// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/engine/breakers.h"

#include "daemon/config/zone.h"

#include <stdio.h>
#include <string.h>

int breakers_get(struct engine *e, const char *scope, const char *name, struct breaker *ret, struct err *err)
{
    struct breaker b = {0};
    char whole[sizeof b.name];
    int rc;

    snprintf(whole, sizeof whole, "%s %s", scope, name);
    rc = store_breaker_get(e->store, whole, &b, err);
    if (rc < 0)
        return rc;
    if (rc == STORE_NONE)
        snprintf(b.name, sizeof b.name, "%s", whole);
    *ret = b;
    return 0;
}

struct breaker_rules breakers_rules(const struct config *c)
{
    return (struct breaker_rules){.failures = c->breaker_failures,
                                  .share = c->breaker_share,
                                  .window_us = (int64_t)c->breaker_window_s * 1000000,
                                  .pause_us = (int64_t)c->breaker_pause_s * 1000000};
}

struct pool {
    struct engine *engine;
    const char *scope, *name;
    unsigned count;
};

static int count_bound(const struct binding *b, void *arg)
{
    struct pool *pool = arg;
    struct config_choice choice;
    struct guest g;
    struct err err = {0};

    if (strcmp(pool->scope, "domain") == 0) {
        pool->count += strcmp(b->domain, pool->name) == 0;
        return 0;
    }
    if (store_guest_get(pool->engine->store, b->guest, &g, &err) != 0)
        return 0;
    engine_choice(pool->engine, b->guest, g.name, &choice);
    pool->count += choice.policy && strcmp(choice.policy->name, pool->name) == 0;
    return 0;
}

int breakers_count(struct engine *e, const char *scope, const char *name, const struct breaker *b,
                   int64_t now, bool all, struct breaker_counts *ret, struct err *err)
{
    int64_t since = now - breakers_rules(e->config).window_us;
    struct pool pool = {.engine = e, .scope = scope, .name = name};
    int rc;

    *ret = (struct breaker_counts){0};
    rc = store_attempt_counts(e->store, scope, name, b->cleared_us > since ? b->cleared_us : since, ret, err);
    if (rc == 0 && (all || ret->guests >= 2)) {
        rc = store_binding_each(e->store, count_bound, &pool, err);
        ret->pool = pool.count;
    }
    return rc < 0 ? rc : 0;
}

static int keep(struct engine *e, const struct breaker_out *out, struct err *err)
{
    enum breaker_state state = out->next.state;
    int rc;

    if (!out->changed)
        return 0;
    rc = store_breaker_put(e->store, &out->next, err);
    if (rc < 0)
        return rc;
    if (out->note[0])
        engine_log(state == BREAKER_OPEN ? 2 : 5, state == BREAKER_HALF_OPEN ? out->next.probe : 0, NULL,
                   "%s", out->note);
    // Who is held back by it: closed, all may go; the one that tried said nothing, another may try; it failed, and
    // they learn how long the next pause is.
    if (state == BREAKER_CLOSED || (state == BREAKER_HALF_OPEN && !out->next.probe) ||
        (state == BREAKER_OPEN && out->next.trips > 1))
        e->turns.wake_all = true;
    return 0;
}

int breakers_ask(struct engine *e, const char *scope, const char *name, int64_t case_id,
                 bool (*lives)(void *engine, int64_t case_id), int64_t now, struct job_hold *ret,
                 struct err *err)
{
    struct breaker b;
    struct breaker_out out;
    char text[LONG_TEXT];
    int64_t until = 0;
    int rc = breakers_get(e, scope, name, &b, err);

    if (rc < 0 || b.state == BREAKER_CLOSED)
        return rc;
    if (!breaker_lets(&b, case_id, b.probe && lives(e, b.probe), now, &out, text, &until)) {
        snprintf(ret->rule, sizeof ret->rule, "breaker-open");
        snprintf(ret->text, sizeof ret->text, "%s", text);
        ret->until_us = until;
        return 0;
    }
    return keep(e, &out, err);
}

void breakers_peek(struct engine *e, const char *scope, const char *name, int64_t now, struct job_hold *ret)
{
    struct breaker b;
    struct err err = {0};

    if (!name[0] || breakers_get(e, scope, name, &b, &err) < 0 || b.state == BREAKER_CLOSED ||
        (b.state == BREAKER_OPEN && now >= b.reopen_us))
        return;
    snprintf(ret->rule, sizeof ret->rule, "breaker-open");
    snprintf(ret->text, sizeof ret->text, "the circuit breaker of %.100s is %s: %.360s", b.name,
             breaker_state_text(b.state), b.text);
}

int breakers_took(struct engine *e, const char *scope, const char *name, const struct attempt *a,
                  const char *text, struct err *err)
{
    struct breaker_rules rules = breakers_rules(e->config);
    struct breaker_counts n = {0};
    struct breaker b;
    struct breaker_out out;
    int64_t now = now_us();
    int rc = breakers_get(e, scope, name, &b, err);

    if (rc == 0 && (a->result == ATTEMPT_FAILED || a->result == ATTEMPT_STRANGE))
        rc = breakers_count(e, scope, name, &b, now, false, &n, err);
    if (rc < 0)
        return rc;
    breaker_took(&b, a->result, text, a->case_id, &n, &rules, now, &out);
    return keep(e, &out, err);
}

int breakers_reset(struct engine *e, const char *scope, const char *name, struct err *err)
{
    struct breaker b;
    struct breaker_out out;
    int rc = store_begin(e->store, err);

    if (rc >= 0)
        rc = breakers_get(e, scope, name, &b, err);
    if (rc >= 0) {
        breaker_reset(&b, now_us(), &out);
        rc = keep(e, &out, err);
    }
    if (rc >= 0)
        rc = store_commit(e->store, err);
    if (rc < 0)
        store_rollback(e->store);
    return rc < 0 ? rc : 0;
}

int breakers_quiet(const struct config_choice *choice, int64_t now)
{
    int most = 0;

    for (size_t i = 0; i < choice->quiet_count; i++) {
        int weekday, minute, left;

        zone_local(choice->quiet[i].zone, now, &weekday, &minute);
        left = quiet_left(&choice->quiet[i], weekday, minute);
        most = left > most ? left : most;
    }
    return most;
}

const char *breakers_clock_text(int64_t at_us)
{
    static char text[16];
    int weekday, minute;

    zone_local("", at_us, &weekday, &minute);
    snprintf(text, sizeof text, "%02d:%02d", minute / 60, minute % 60);
    return text;
}
