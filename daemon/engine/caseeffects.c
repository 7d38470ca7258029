// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
// The effects of a case, and what a worker learnt for it as its evidence.
#include "daemon/engine/asks.h"
#include "daemon/engine/engine.h"

// A failed commit is tried again by asking the worker anew. (To keep the answer until the store can be written would be
// wrong: the watcher holds back signals meanwhile, and one that came before the look ended makes it worthless.)
void engine_learnt(struct engine *e, const struct worker_key *key, const char *source,
                   const struct record *answer, const char *lost, const struct case_input *in)
{
    _cleanup_record_ struct record *made = NULL;
    struct casefile c;
    struct err err = {0};
    int rc = store_case_get(e->store, key->case_id, &c, &err);

    if (rc != 0 || c.epoch != key->epoch || c.state == CASE_CLOSED)
        return;
    if (!answer) {
        made = record_new("error");
        record_add(made, "code", "worker");
        record_add(made, "text", lost);
        answer = made;
    }
    rc = engine_case_learnt(e, c.id, in, source, answer, &err);
    if (rc < 0) {
        engine_log(3, c.id, c.guest, "cannot keep what was learnt: %s; tries again", err.text);
        engine_again(e, DUE_CASE, c.id, NULL);
    }
}

void engine_case_effect(struct engine *e, const struct casefile *c, enum case_effect effect)
{
    struct job_input wake = {.kind = JOB_IN_WAKE};
    struct err err = {0};

    switch (effect) {
    case CASE_EFFECT_LOOK:
        looks_want(e, c);
        break;
    case CASE_EFFECT_QUERY:
        asks_want(e, c);
        break;
    case CASE_EFFECT_JOB:
        if (engine_job_input(e, c->id, &wake, &err) < 0) {
            engine_log(3, c->id, c->guest, "cannot begin the repair: %s; tries again", err.text);
            engine_again(e, DUE_JOB, c->id, NULL);
        }
        break;
    case CASE_EFFECT_NONE:
    case CASE_EFFECT_SUPERSEDE:
        break;
    }
}
