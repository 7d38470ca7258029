// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// A case on a bench, for core_case.c: world() is a witnessed revert of a bound member that is behind, in mode repair;
// in_state() brings a case where it is wanted; give() and step() are one input.
//
//     struct casefile c = in_state(CASE_REPAIRING, &w);
#pragma once

#include "daemon/core/casestep.h"
#include "daemon/core/signal.h"

#include "common/filetime.h"
#include "tests/unit/core_common.h"

#include <stdio.h>

static const int64_t second = 1000000;

// A witnessed revert of a bound member, behind by its key version, in mode repair.
static inline struct case_world world(void)
{
    struct case_world w = {0};

    w.evidence.guest = (struct guest_side){
        .known = true, .joined = TRI_YES, .kvno = 2, .has_fingerprint = true};
    memset(w.evidence.guest.fingerprint, 7, HASH);
    w.evidence.directory = (struct directory_side){.known = true, .found = TRI_YES, .kvno = 3, .uac = 0x1000};
    w.evidence.bound = true;
    snprintf(w.evidence.binding.name, sizeof w.evidence.binding.name, "WS1$");
    w.circumstances.mode = MODE_CORE_REPAIR;
    w.circumstances.bound = w.circumstances.domain_configured = w.circumstances.has_agent = true;
    w.circumstances.same_fingerprint = 1;
    return w;
}

static inline struct casefile opened(enum rollback_kind kind)
{
    struct casefile c;

    case_open(&c, "4c6c1b40-0000-0000-0000-000000000001", "ws1", kind, kind == ROLLBACK_REVERT_RUNNING, 5, 6);
    return c;
}

static inline struct case_out step(struct casefile *c, const struct case_input *in,
                                   const struct case_world *w, int64_t now)
{
    struct case_out out;

    case_step(c, in, w, now, &out);
    *c = out.next;
    return out;
}

static inline struct case_out give(struct casefile *c, enum case_input_kind kind, const struct case_world *w)
{
    const struct case_input in = {.kind = kind};

    return step(c, &in, w, c->changed_us + 1);
}

static inline struct casefile in_state(enum case_state state, const struct case_world *w)
{
    struct casefile c = opened(ROLLBACK_REVERT_RUNNING);
    struct case_world asks = *w;

    if (state == CASE_LOOKING)
        return c;
    give(&c, CASE_IN_LOOKED, w);
    if (state == CASE_ASKING_DIRECTORY)
        return c;
    if (state == CASE_AWAITING_APPROVAL)
        asks.circumstances.mode = MODE_CORE_ASK;
    else if (state == CASE_CLOSED)
        asks.circumstances.mode = MODE_CORE_OBSERVE;
    give(&c, CASE_IN_ANSWERED, &asks);
    assert_int_equal(c.state, state);
    return c;
}

static inline void assert_untouched(const struct casefile *c, const struct casefile *before)
{
    assert_int_equal(c->state, before->state);
    assert_int_equal(c->epoch, before->epoch);
    assert_int_equal(c->tries, before->tries);
    assert_int_equal(c->changed_us, before->changed_us);
    assert_int_equal(c->rolled_us, before->rolled_us);
    assert_int_equal(c->kind, before->kind);
    assert_int_equal(c->approved, before->approved);
    assert_int_equal(c->verdict, before->verdict);
    assert_int_equal(c->outcome, before->outcome);
    assert_string_equal(c->text, before->text);
}
