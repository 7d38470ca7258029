// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/core/breaker.h"

#include "common/cleanup.h"
#include "common/plural.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { SHARE_GUESTS_LEAST = 2 };

static const int64_t PAUSE_MOST_US = INT64_C(86400) * 1000000, PROBE_WAIT_US = INT64_C(60) * 1000000;

#define TEXT(name, text) text,
static const char *const result_texts[] = {ATTEMPT_RESULTS(TEXT)}, *const state_texts[] = {
                                                                       BREAKER_STATES(TEXT)};

static int parse(const char *const *texts, size_t count, const char *text)
{
    for (size_t i = 0; text && i < count; i++)
        if (strcmp(texts[i], text) == 0)
            return (int)i;
    return -EINVAL;
}

const char *attempt_result_text(enum attempt_result v)
{
    return (size_t)v < ARRAY_SIZE(result_texts) ? result_texts[v] : "?";
}

const char *breaker_state_text(enum breaker_state v)
{
    return (size_t)v < ARRAY_SIZE(state_texts) ? state_texts[v] : "?";
}

int attempt_result_parse(const char *text)
{
    return parse(result_texts, ARRAY_SIZE(result_texts), text);
}

int breaker_state_parse(const char *text)
{
    return parse(state_texts, ARRAY_SIZE(state_texts), text);
}

static void enter(struct breaker_out *out, enum breaker_state state, int64_t now_us)
{
    out->next.state = state;
    out->next.since_us = now_us;
    out->next.probe = 0;
    out->changed = true;
}

static void minutes(int64_t us, char ret[static 32])
{
    int64_t s = us / 1000000;

    if (s % 60 == 0)
        snprintf(ret, 32, "%" PRId64 " min", s / 60);
    else
        snprintf(ret, 32, "%" PRId64 " s", s);
}

static void open_it(struct breaker_out *out, const struct breaker_rules *rules, int64_t now_us)
{
    struct breaker *b = &out->next;
    char pause[32];

    b->pause_us = b->trips ? b->pause_us * 2 : rules->pause_us;
    if (b->pause_us > PAUSE_MOST_US)
        b->pause_us = PAUSE_MOST_US;
    b->trips++;
    b->reopen_us = now_us + b->pause_us;
    enter(out, BREAKER_OPEN, now_us);
    minutes(b->pause_us, pause);
    snprintf(out->note, sizeof out->note,
             "the circuit breaker of %.100s opens: %.240s; further repairs are held back, and one of them "
             "tries in %s",
             b->name, b->text, pause);
}

// Why it has to open, into the breaker's text; false: it has not.
static bool trips(struct breaker *b, enum attempt_result result, const char *text,
                  const struct breaker_counts *n, const struct breaker_rules *rules)
{
    char window[32];

    minutes(rules->window_us, window);
    if (result == ATTEMPT_STRANGE)
        snprintf(b->text, sizeof b->text, "an answer that cannot be: %.400s", text);
    else if (n->failures >= rules->failures)
        snprintf(b->text, sizeof b->text, "%u %s failed within %s, the last one: %.400s", n->failures,
                 plural(n->failures, "repair", "repairs"), window, text);
    else if (n->guests >= SHARE_GUESTS_LEAST && n->pool &&
             n->guests * UINT64_C(100) >= (uint64_t)n->pool * rules->share)
        snprintf(b->text, sizeof b->text,
                 "repairs of %u of its %u guests failed within %s, the last one: %.380s", n->guests, n->pool,
                 window, text);
    else
        return false;
    return true;
}

static void took_probe(struct breaker_out *out, enum attempt_result result, const char *text,
                       const struct breaker_rules *rules, int64_t now_us)
{
    struct breaker *b = &out->next;

    switch (result) {
    case ATTEMPT_GOOD:
        enter(out, BREAKER_CLOSED, now_us);
        b->cleared_us = now_us;
        b->trips = 0;
        snprintf(out->note, sizeof out->note,
                 "the circuit breaker of %.100s closes: the repair that tried succeeded", b->name);
        break;
    case ATTEMPT_FAILED:
    case ATTEMPT_STRANGE:
        snprintf(b->text, sizeof b->text, "the repair that tried failed as well: %.400s", text);
        open_it(out, rules, now_us);
        break;
    case ATTEMPT_OPEN:
    case ATTEMPT_NEUTRAL: // it says nothing: another one may try
        b->probe = 0;
        out->changed = true;
        break;
    case ATTEMPT_RESULTS_COUNT:
        break;
    }
}

void breaker_took(const struct breaker *b, enum attempt_result result, const char *text, int64_t case_id,
                  const struct breaker_counts *n, const struct breaker_rules *rules, int64_t now_us,
                  struct breaker_out *ret)
{
    *ret = (struct breaker_out){.next = *b};
    switch (b->state) {
    case BREAKER_CLOSED:
        if ((result == ATTEMPT_FAILED || result == ATTEMPT_STRANGE) &&
            trips(&ret->next, result, text, n, rules))
            open_it(ret, rules, now_us);
        break;
    case BREAKER_OPEN: // what was under way already
        break;
    case BREAKER_HALF_OPEN:
        if (b->probe == case_id)
            took_probe(ret, result, text, rules, now_us);
        break;
    case BREAKER_STATES_COUNT:
        break;
    }
}

bool breaker_lets(const struct breaker *b, int64_t case_id, bool probe_lives, int64_t now_us,
                  struct breaker_out *ret, char ret_text[static LONG_TEXT], int64_t *ret_until_us)
{
    *ret = (struct breaker_out){.next = *b};
    if (b->state == BREAKER_CLOSED || (b->state == BREAKER_HALF_OPEN && b->probe == case_id))
        return true;
    // A reopening that lies further off than any pause is of a clock that was set back since.
    if (b->state == BREAKER_OPEN && now_us < b->reopen_us && b->reopen_us - now_us <= b->pause_us) {
        snprintf(ret_text, LONG_TEXT, "the circuit breaker of %.100s is open: %.360s", b->name, b->text);
        *ret_until_us = b->reopen_us;
        return false;
    }
    if (b->state == BREAKER_HALF_OPEN && b->probe && probe_lives) {
        snprintf(ret_text, LONG_TEXT,
                 "the circuit breaker of %.100s is half-open: the repair of case %" PRId64 " tries first",
                 b->name, b->probe);
        *ret_until_us = now_us + PROBE_WAIT_US;
        return false;
    }
    if (b->state != BREAKER_HALF_OPEN)
        enter(ret, BREAKER_HALF_OPEN, now_us);
    ret->changed = true;
    ret->next.probe = case_id;
    snprintf(ret->note, sizeof ret->note, "the circuit breaker of %.100s is half-open: this repair tries",
             b->name);
    return true;
}

void breaker_reset(const struct breaker *b, int64_t now_us, struct breaker_out *ret)
{
    *ret = (struct breaker_out){.next = *b};
    enter(ret, BREAKER_CLOSED, now_us);
    ret->next.cleared_us = now_us;
    ret->next.trips = 0;
    snprintf(ret->note, sizeof ret->note, "the circuit breaker of %.100s was closed by an administrator",
             b->name);
}
