// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest-helper/plan.h"

#include "common/cleanup.h"

#include <errno.h>
#include <string.h>

#define NOT_READABLE "not-readable"

static const char *const verbs[] = {
    [VERB_PROBE] = "probe",   [VERB_STORE_CHECK] = "store-check", [VERB_STORE] = "store",
    [VERB_ROTATE] = "rotate", [VERB_REPAIR] = "repair",
};

static const char *const steps[] = {
    [STEP_END] = "end",       [STEP_OPEN] = "open",     [STEP_MINT] = "mint",   [STEP_SETTLE] = "settle",
    [STEP_ACCEPT] = "accept", [STEP_CHANGE] = "change", [STEP_WRITE] = "write", [STEP_TELL] = "tell",
    [STEP_SHOW] = "show",     [STEP_FIND] = "find",
};

// A password that was journalled is settled before anything else: minting another one while the DC may have taken the
// first would lose the account.
static const enum step store_fresh[] = {STEP_OPEN, STEP_ACCEPT, STEP_WRITE, STEP_TELL, STEP_SHOW, STEP_END};
static const enum step rotate_fresh[] = {STEP_MINT, STEP_CHANGE, STEP_ACCEPT, STEP_WRITE,
                                         STEP_TELL, STEP_SHOW,   STEP_END};
static const enum step rotate_again[] = {STEP_SETTLE, STEP_CHANGE, STEP_ACCEPT, STEP_WRITE,
                                         STEP_TELL,   STEP_SHOW,   STEP_END};
// Netlogon makes the new password, stores it and tells the DC: there is none here to be journalled.
static const enum step rotate_netlogon[] = {STEP_CHANGE, STEP_SHOW, STEP_END};
static const enum step repair_fresh[] = {STEP_OPEN,  STEP_FIND, STEP_MINT, STEP_CHANGE, STEP_ACCEPT,
                                         STEP_WRITE, STEP_TELL, STEP_SHOW, STEP_END};
// The credential is asked for only if the DC has not taken the journalled password.
static const enum step repair_again[] = {STEP_SETTLE, STEP_OPEN, STEP_FIND, STEP_CHANGE, STEP_ACCEPT,
                                         STEP_WRITE,  STEP_TELL, STEP_SHOW, STEP_END};
static const enum step stored_already[] = {STEP_TELL, STEP_SHOW, STEP_END};
static const enum step show_only[] = {STEP_SHOW, STEP_END};

static struct plan refuse(const char *reason, const char *text)
{
    return (struct plan){.kind = PLAN_REFUSE, .reason = reason, .text = text};
}

static struct plan perform(const enum step *list)
{
    return (struct plan){.kind = PLAN_DO, .steps = list};
}

// What every verb but probe asks first; kind PLAN_DO means: go on.
static struct plan admit(enum verb verb, const struct plan_facts *f)
{
    if (f->finished)
        return (struct plan){.kind = PLAN_RECORDED};
    if (f->token_retired)
        return refuse("superseded", "a newer token's probe has retired this one");
    if (!f->token_known && verb != VERB_STORE_CHECK)
        return refuse("no-probe", "this token has no one-use key here: probe with key=1 first");
    if (f->domain_controller)
        return refuse("domain-controller", "this may be a domain controller: its password is never touched");
    if (f->isolated)
        return refuse("isolated",
                      "machine identity isolation is set up here: nobody could show that a new secret "
                      "is the one in use");
    if (f->not_readable)
        return refuse(NOT_READABLE, "this guest's machine secret cannot be read");
    if (!f->joined)
        return refuse("not-joined", "this guest holds no machine secret of a domain");
    if (!f->expect_given)
        return refuse("no-expect", "the request does not say which secret the guest must hold");
    return (struct plan){.kind = PLAN_DO};
}

static struct plan changed(void)
{
    return refuse("changed", "the guest holds another secret than the request expects");
}

static struct plan check(const struct plan_facts *f)
{
    if (!f->expect_is_live)
        return changed();
    if (!f->store_writable)
        return refuse("not-writable", "the place that holds the secret (keytab, LSA) cannot be written");
    return (struct plan){.kind = PLAN_READY};
}

static struct plan store(const struct plan_facts *f)
{
    if (!f->expect_is_live && !f->was_storing)
        return changed();
    if (f->lsa && f->was_storing)
        return perform(stored_already);
    if (!f->has_key)
        return refuse("no-key", "this token's one-use key is gone");
    return perform(store_fresh);
}

static struct plan rotate(const struct plan_facts *f)
{
    // An interrupted one may have gone through: then it is shown, and not made a second time.
    if (f->lsa && f->begun && !f->expect_is_live)
        return perform(show_only);
    if (f->lsa)
        return f->expect_is_live ? perform(rotate_netlogon) : changed();
    if (f->pending && (f->expect_is_live || f->was_storing))
        return perform(rotate_again);
    if (!f->expect_is_live)
        return changed();
    return perform(rotate_fresh);
}

static struct plan repair(const struct plan_facts *f)
{
    if (!f->sid_given)
        return refuse("no-sid", "the request does not say by SID whose password is to be set");
    if (f->sid_differs)
        return refuse("identity-mismatch", "the request's SID is not the one that this guest has for itself");
    if (f->lsa && f->pending && f->was_storing)
        return perform(stored_already);
    // A keytab is written again from the same password, and Samba's secrets beside it may lack it still.
    if (!f->expect_is_live && !(f->pending && f->was_storing))
        return changed();
    if (f->pending)
        return perform(repair_again);
    return f->has_key ? perform(repair_fresh) : refuse("no-key", "this token's one-use key is gone");
}

struct plan plan_make(enum verb verb, const struct plan_facts *facts)
{
    struct plan p = {.kind = PLAN_DO};

    if (verb != VERB_PROBE)
        p = admit(verb, facts);
    if (p.kind != PLAN_DO)
        return p;
    switch (verb) {
    case VERB_PROBE:
        return perform(&store_fresh[ARRAY_SIZE(store_fresh) - 1]); // it looks only
    case VERB_STORE_CHECK:
        return check(facts);
    case VERB_STORE:
        return store(facts);
    case VERB_ROTATE:
        return rotate(facts);
    case VERB_REPAIR:
        return repair(facts);
    }
    return p;
}

struct plan plan_attest(const struct plan_facts *f)
{
    if (f->domain_controller)
        return refuse("domain-controller", "this may be a domain controller: its account is never touched");
    if (f->not_readable)
        return refuse(NOT_READABLE, "this guest's machine secret cannot be read");
    if (!f->joined)
        return refuse("not-joined", "this guest holds no machine secret of a domain");
    return (struct plan){.kind = PLAN_READY};
}

struct plan plan_explain(struct plan p, const char *why)
{
    if (p.kind == PLAN_REFUSE && strcmp(p.reason, NOT_READABLE) == 0 && *why)
        p.text = why;
    return p;
}

const char *verb_name(enum verb verb)
{
    return verbs[verb];
}

int verb_parse(const char *name, enum verb *ret)
{
    for (size_t i = 0; i < ARRAY_SIZE(verbs); i++) {
        if (strcmp(name, verbs[i]) == 0) {
            *ret = (enum verb)i;
            return 0;
        }
    }
    return -EINVAL;
}

const char *step_name(enum step step)
{
    return steps[step];
}
