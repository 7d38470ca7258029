// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/core/score.h"

#include "common/cleanup.h"

#include <string.h>

#define TEXT(name, text) text,

const char *score_class_text(enum score_class v)
{
    static const char *const texts[] = {SCORE_CLASSES(TEXT)};

    return (size_t)v < ARRAY_SIZE(texts) ? texts[v] : "?";
}

// Known on both sides and different: yes; known and the same: no.
static enum tri guest_changed(const struct score_seen *a, const struct score_seen *b)
{
    if (a->has_fingerprint && b->has_fingerprint)
        return memcmp(a->fingerprint, b->fingerprint, HASH) != 0 ? TRI_YES : TRI_NO;
    if (a->set_at && b->set_at)
        return a->set_at != b->set_at ? TRI_YES : TRI_NO;
    if (a->guest_kvno >= 0 && b->guest_kvno >= 0)
        return a->guest_kvno != b->guest_kvno ? TRI_YES : TRI_NO;
    return TRI_UNKNOWN;
}

static enum tri directory_changed(const struct score_seen *a, const struct score_seen *b)
{
    if (a->pwd_last_set && b->pwd_last_set)
        return a->pwd_last_set != b->pwd_last_set ? TRI_YES : TRI_NO;
    if (a->kvno >= 0 && b->kvno >= 0)
        return a->kvno != b->kvno ? TRI_YES : TRI_NO;
    return TRI_UNKNOWN;
}

static bool whole(enum verdict v)
{
    return v == VERDICT_IN_STEP || v == VERDICT_AHEAD;
}

// The guest is in step. An account that has another password than then was set by somebody; a guest that has another
// secret was given it, or went back once more. What is not known of a side settles nothing.
static bool settle_whole(const struct score_seen *p, const struct score_seen *now, bool rolled,
                         enum score_class *ret)
{
    enum tri guest = guest_changed(p, now), directory = directory_changed(p, now);

    if (directory == TRI_YES)
        *ret = SCORE_BY_HAND;
    else if (guest == TRI_YES)
        *ret = rolled ? SCORE_BY_ROLLBACK : SCORE_BY_HAND;
    else if (guest == TRI_NO && directory == TRI_NO)
        *ret = SCORE_WRONG;
    else
        return false;
    return true;
}

struct score_settled score_settle(const struct score_seen *prediction, const struct score_seen *later,
                                  size_t count)
{
    struct score_settled s = {.class = SCORE_OPEN};
    bool rolled = false;

    for (size_t i = 0; i < count; i++) {
        const struct score_seen *now = &later[i];
        enum score_class class = SCORE_BY_VIRTRUST;

        rolled = rolled || now->witnessed;
        if (now->ours ||
            (now->judged && whole(now->verdict) && settle_whole(prediction, now, rolled, &class)))
            return (struct score_settled){class, now->case_id, now->at_us};
        // Joined anew: the account is another one, or holds what somebody else set.
        if (now->judged && now->verdict == VERDICT_ACCOUNT_RECREATED)
            return (struct score_settled){SCORE_BY_HAND, now->case_id, now->at_us};
        if (now->predicted) {
            s = (struct score_settled){SCORE_STILL, now->case_id, now->at_us};
            if (guest_changed(prediction, now) == TRI_YES) // another rollback: a prediction of its own
                return s;
        }
    }
    return s;
}

bool score_repeats(const struct score_seen *earlier, const struct score_seen *s)
{
    return earlier->predicted && s->predicted && guest_changed(earlier, s) == TRI_NO &&
           directory_changed(earlier, s) == TRI_NO;
}
