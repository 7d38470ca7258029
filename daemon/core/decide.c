// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/core/decide.h"

#include "common/cleanup.h"

#include <stdio.h>
#include <string.h>

enum { RECURRING_AT = 3 };

static bool whole(const struct circumstances *c)
{
    return c->verdict == VERDICT_IN_STEP || c->verdict == VERDICT_AHEAD ||
           c->verdict == VERDICT_NOT_A_MEMBER || c->verdict == VERDICT_STANDBY;
}

// Two guests, one account. What is no member, a DC, or claims to be somebody else is told as that.
static bool is_copy(const struct circumstances *c)
{
    return c->bound && c->twin[0] &&
           (c->verdict == VERDICT_BEHIND || c->verdict == VERDICT_UNKNOWN || whole(c)) &&
           c->verdict != VERDICT_NOT_A_MEMBER;
}

static bool standing_by(const struct circumstances *c)
{
    return is_copy(c) && c->idle;
}

// Both ran, and nothing is broken yet.
static bool quiet_twin(const struct circumstances *c)
{
    return is_copy(c) && !c->idle && whole(c);
}

static bool untouchable(const struct circumstances *c)
{
    return c->verdict == VERDICT_DOMAIN_CONTROLLER;
}

static bool mismatched(const struct circumstances *c)
{
    return c->verdict == VERDICT_IDENTITY_MISMATCH;
}

static bool account_unfit(const struct circumstances *c)
{
    return c->verdict == VERDICT_ACCOUNT_MISSING || c->verdict == VERDICT_ACCOUNT_DISABLED ||
           c->verdict == VERDICT_ACCOUNT_RECREATED || c->verdict == VERDICT_OTHER_DIRECTORY;
}

static bool unbound(const struct circumstances *c)
{
    return !c->bound;
}

static bool unasked(const struct circumstances *c)
{
    return unbound(c) && c->by_policy && c->unanswered;
}

static bool no_domain(const struct circumstances *c)
{
    return !c->domain_configured;
}

// Nobody saw a rollback, and nothing says that one happened: only a look that came to no conclusion.
static bool no_reason(const struct circumstances *c)
{
    return c->verdict == VERDICT_UNKNOWN && !c->witnessed && !c->manual;
}

// What was approved was known by a look; the look that the approval asked for could not see it again.
static bool unconfirmed(const struct circumstances *c)
{
    return no_reason(c) && c->approved;
}

static bool has_twin(const struct circumstances *c)
{
    return c->twin[0] || c->verdict == VERDICT_TWIN;
}

static bool left_for_good(const struct circumstances *c)
{
    return c->away && !c->running && !c->approved;
}

static bool left_and_started(const struct circumstances *c)
{
    return c->away && c->running && !c->approved;
}

static bool discarded(const struct circumstances *c)
{
    return c->transient_disks;
}

static bool observing(const struct circumstances *c)
{
    return c->mode == MODE_CORE_OBSERVE;
}

static bool agentless(const struct circumstances *c)
{
    return !c->has_agent;
}

static bool recurring(const struct circumstances *c)
{
    return (c->same_fingerprint >= RECURRING_AT || c->verdict == VERDICT_RECURRING) && !c->approved;
}

static bool elsewhere(const struct circumstances *c)
{
    return ((!c->witnessed && !c->older_secret) || c->verdict == VERDICT_CHANGED_ELSEWHERE) && !c->approved;
}

static bool asking(const struct circumstances *c)
{
    return c->mode == MODE_CORE_ASK && !c->approved;
}

static const struct rule {
    const char *id;
    enum action action;
    bool (*holds)(const struct circumstances *c);
    int verdict;             // the sharpened verdict, or -1
    const char *text, *next; // %s in next: the guest's name
} rules[] = {
    {"standby", ACTION_NOTHING, standing_by, VERDICT_STANDBY,
     "it has not run since the account's password was changed, and another guest with the same binding has",
     "let it stay off beside the other; where it is to take the other's place, `virtrust unbind` that one, "
     "then "
     "`virtrust repair %s`"},
    {"twin-whole", ACTION_NOTHING, quiet_twin, VERDICT_TWIN,
     "both work still, and the next change of its password by either breaks the other: another guest with "
     "the same "
     "binding has run since the last one",
     "shut one of the two down, or bind %s to an account of its own"},
    {"nothing-to-repair", ACTION_NOTHING, whole, -1, "nothing to repair", ""},
    {"domain-controller", ACTION_REFUSE, untouchable, -1, "a domain controller is never touched",
     "check the DC for USN rollback (event 2095) and demote it if it was reverted without a generation id"},
    {"identity-mismatch", ACTION_REFUSE, mismatched, -1,
     "no account is reset for a guest that claims another identity",
     "find out whose disk this is; correct the binding with `virtrust bind %s COMPUTER` only if the guest is "
     "right"},
    {"account-unfit", ACTION_REFUSE, account_unfit, -1,
     "the account is not one that a password reset can mend",
     "look at the account in the directory; then `virtrust repair %s`"},
    {"no-directory", ACTION_NOTHING, unasked, -1,
     "a policy rule names its account, but the directory could not be asked, so it is not bound yet",
     "`virtrust doctor` looks at the directory; then `virtrust repair %s`"},
    {"no-binding", ACTION_NOTHING, unbound, -1, "no account is bound to this guest, so none may be reset",
     "`virtrust bind %s COMPUTER`, then `virtrust repair` it"},
    {"no-domain", ACTION_NOTHING, no_domain, -1, "the binding's domain is not in the configuration",
     "add the domain with its credential to virtrust.yaml"},
    {"not-confirmed", ACTION_NOTHING, unconfirmed, -1,
     "it was approved, but the look that followed could not see again what was approved",
     "`virtrust repair %s` asks the guest itself"},
    {"no-reason", ACTION_NOTHING, no_reason, -1, "no rollback was seen and nothing says that trust is broken",
     ""},
    {"twin", ACTION_REFUSE, has_twin, VERDICT_TWIN, "another guest with the same binding has run since",
     "shut one of the two down and `virtrust unbind` it, or bind %s to an account of its own"},
    {"migrated", ACTION_NOTHING, left_for_good, -1,
     "it left this host by migration: where it runs now, the virtrust there looks after it",
     "`virtrust repair %s` here if it runs nowhere else"},
    {"transient-disks", ACTION_NOTHING, discarded, -1,
     "the guest's disks are discarded when it stops: a new secret would be lost with them, and then the "
     "account would "
     "fit no image",
     "repair the image that %s starts from"},
    {"observe", ACTION_RECORD, observing, -1,
     "would have asked the guest, reset its account, handed it the new secret and had it rotated; mode "
     "observe writes "
     "nothing",
     "set `mode: ask` or `mode: repair` for %s in virtrust.yaml"},
    {"no-agent-channel", ACTION_NOTHING, agentless, -1,
     "the guest has no agent channel through which a secret could be delivered",
     "add a channel org.qemu.guest_agent.0 to %s and install qemu-guest-agent and virtrust-helper in it"},
    {"started-anew", ACTION_ASK, left_and_started, -1,
     "it left this host by migration and was started here anew: it may run on the other host, too",
     "`virtrust approve` this case if it runs here alone"},
    {"recurring", ACTION_ASK, recurring, VERDICT_RECURRING,
     "the third rollback to the very same secret: the image re-breaks itself",
     "repair once and renew the image, or `virtrust approve` this case"},
    {"changed-elsewhere", ACTION_ASK, elsewhere, VERDICT_CHANGED_ELSEWHERE,
     "no rollback was seen: somebody else may have changed the account",
     "`virtrust approve` this case if it is right"},
    {"ask", ACTION_ASK, asking, -1, "mode ask waits for an administrator", "`virtrust approve` this case"},
};

const char *action_text(enum action a)
{
    switch (a) {
    case ACTION_NOTHING:
        return "nothing";
    case ACTION_REFUSE:
        return "refuse";
    case ACTION_RECORD:
        return "record";
    case ACTION_ASK:
        return "ask";
    case ACTION_REPAIR:
        return "repair";
    }
    return "?";
}

const char *decide_rule(size_t i)
{
    return i < ARRAY_SIZE(rules) ? rules[i].id : NULL;
}

static void put_next(const struct rule *rule, const struct circumstances *c, struct decision *d)
{
    const char *mark = strstr(rule->next, "%s");

    if (mark)
        snprintf(d->next, sizeof d->next, "%.*s%.200s%s", (int)(mark - rule->next), rule->next, c->name,
                 mark + 2);
    else
        snprintf(d->next, sizeof d->next, "%s", rule->next);
    if (rule->holds == unbound && c->computer[0])
        snprintf(d->next, sizeof d->next, "`virtrust bind %.200s %s` if that is its account", c->name,
                 c->computer);
}

struct decision decide(const struct circumstances *c)
{
    struct decision d = {.action = ACTION_REPAIR, .verdict = c->verdict};

    for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
        const struct rule *rule = &rules[i];

        if (!rule->holds(c))
            continue;
        d.action = rule->action;
        if (rule->verdict >= 0)
            d.verdict = (enum verdict)rule->verdict;
        snprintf(d.rule, sizeof d.rule, "%s", rule->id);
        if ((rule->holds == has_twin || rule->holds == standing_by || rule->holds == quiet_twin) &&
            c->twin[0])
            snprintf(d.text, sizeof d.text, "%s: %.200s", rule->text, c->twin);
        else
            snprintf(d.text, sizeof d.text, "%s", rule->text);
        put_next(rule, c, &d);
        return d;
    }
    if (c->held[0]) {
        snprintf(d.rule, sizeof d.rule, "held-back");
        snprintf(d.text, sizeof d.text, "repairs it as soon as it may: %.460s", c->held);
        snprintf(d.next, sizeof d.next,
                 "`virtrust breaker` and `virtrust policy test %.200s` say what holds it back", c->name);
        return d;
    }
    snprintf(d.text, sizeof d.text,
             "asks the guest, resets its account, hands it the new secret, and has it rotated at once");
    return d;
}
