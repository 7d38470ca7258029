// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest-helper/settle.h"

#include "guest-helper/steps.h"

#include <string.h>

// STEP_CHANGE is left out: this verb is not asked for now, so nothing new may be changed in its name.
static const enum step settle_steps[] = {STEP_SETTLE, STEP_ACCEPT, STEP_WRITE,
                                         STEP_TELL,   STEP_SHOW,   STEP_END};

// Whose password waits: only these two verbs mint one.
static enum verb verb_of(struct state *st, const char *token)
{
    _cleanup_record_ struct record *j = NULL;

    return state_read(st, token, verb_name(VERB_REPAIR), &j, NULL) == 0 ? VERB_REPAIR : VERB_ROTATE;
}

struct settling {
    const char *root;
    struct member *m;
    bool stored;
};

// The DC did not take this password, and the guest's own secret works: nobody will ever need it.
static bool never_taken(const struct change_request *q, struct member *m, const struct record *answer)
{
    _cleanup_run_ struct run r = {.q = q, .m = m};

    if (strcmp(record_get_or(answer, "reason", ""), "not-taken") != 0)
        return false;
    run_begin(&r);
    return !r.result && !r.fatal && run_own_secret_works(&r);
}

static int settle_one(struct state *st, const char *token, void *data)
{
    struct settling *s = data;
    const struct change_request q = {
        .root = s->root, .st = st, .verb = verb_of(st, token), .token = token, .steps = settle_steps};
    _cleanup_record_ struct record *done = NULL, *answer = NULL;

    if (change_recorded(st, q.verb, token, &done, NULL) == 0)
        return state_wipe(st, token, "pending", NULL) < 0; // it was killed just before it wiped
    if (change_run(&q, s->m, &answer, NULL) < 0)
        return 0;
    if (strcmp(record_get_or(answer, "result", ""), "done") == 0) {
        s->stored = true;
        return 1;
    }
    if (never_taken(&q, s->m, answer))
        state_wipe(st, token, "pending", NULL);
    return 0;
}

bool settle_pending(const char *root, struct state *st, struct member *m)
{
    struct settling s = {.root = root, .m = m};

    if (member_joined(m))
        state_each(st, "pending", settle_one, &s);
    return s.stored;
}
