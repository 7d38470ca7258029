// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
// What the policies say for one guest.
#include "daemon/config/config.h"

#include "daemon/config/rule.h"
#include "daemon/core/policy.h"

#include <string.h>

static const struct {
    const char *text;
    enum config_strategy strategy;
} strategies[] = {
    {"wait", STRATEGY_WAIT}, {"provision", STRATEGY_PROVISION}, {"credential", STRATEGY_CREDENTIAL}};

const char *config_strategy_text(enum config_strategy s)
{
    for (size_t i = 0; i < ARRAY_SIZE(strategies); i++)
        if (strategies[i].strategy == s)
            return strategies[i].text;
    return "?";
}

static void choose_strategies(const struct config_words *w, struct config_choice *ret)
{
    size_t n = 0;

    for (size_t i = 0; i < w->count; i++)
        for (size_t j = 0; j < ARRAY_SIZE(strategies); j++) {
            if (strcmp(w->items[i], strategies[j].text) != 0 || ret->strategies & strategies[j].strategy)
                continue;
            ret->strategies |= strategies[j].strategy;
            ret->order[n++] = strategies[j].strategy;
        }
}

static int or_else(int own, int inherited)
{
    return own >= 0 ? own : inherited;
}

static void choose_rest(const struct config *c, const struct config_policy *p, struct config_choice *ret)
{
    bool own = p && p->quiet_hours.items; // also none: []

    ret->domain = config_domain(c, p ? p->domain : NULL);
    ret->push_helper = or_else(p ? p->push_helper : -1, c->push_helper);
    ret->look_on_every_start = or_else(p ? p->look_on_every_start : -1, c->look_on_every_start);
    ret->by_proof = p && p->bind;
    ret->look_key_file = p ? p->look_key_file : NULL;
    ret->discarded = p && p->discarded > 0;
    ret->quiet = own ? p->quiet : c->quiet;
    ret->quiet_count = own ? p->quiet_hours.count : c->quiet_hours.count;
    choose_strategies(p && p->strategies.count ? &p->strategies : &c->strategies, ret);
}

// An undecided rule may be one that forbids, so that what stands below it must not be acted upon. It may bind, though:
// where a guest's account lies is known only after that.
void config_choose(const struct config *c, const struct policy_subject *s, struct config_choice *ret)
{
    const struct config_policy *p = NULL, *undecided = NULL;

    for (size_t i = 0; i < c->policies_count && !p; i++)
        switch (policy_match(&c->policies[i].match, s, NULL, NULL)) {
        case TRI_YES:
            p = &c->policies[i];
            break;
        case TRI_UNKNOWN:
            undecided = undecided ? undecided : &c->policies[i];
            break;
        case TRI_NO:
            break;
        }
    *ret = (struct config_choice){
        .mode = p && p->mode >= 0 ? (enum config_mode)p->mode : c->mode,
        .policy = p,
        .undecided = undecided,
    };
    if (undecided)
        ret->mode = MODE_OBSERVE;
    choose_rest(c, p, ret);
    if (p && p->computer)
        rule_fill(p->computer, s->name, s->title, ret->computer);
}
