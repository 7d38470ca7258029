// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// Changing the machine's secret, step by step (plan.h), each step journalled: `store` takes the host's sealed secret,
// `rotate` makes one of its own, `repair` lets a sealed credential set one. All end alike: the DC takes the
// password, the
// guest holds it, and a login shows it. Nothing local is written before the DC has taken the password. The steps
// themselves are the system's (steps.h).
//
//     struct record *answer = NULL;
//     rc = change_run(&(struct change_request){…}, &answer, &err);
#pragma once

#include "common/os/seal.h"
#include "guest-helper/member.h"
#include "guest-helper/plan.h"
#include "guest-helper/state.h"

struct change_request {
    const char *root;
    struct state *st; // opened for writing
    enum verb verb;   // VERB_STORE, VERB_ROTATE or VERB_REPAIR
    const char *token;
    const char *expect; // fingerprint, hex; journalled
    const char *dc;     // NULL: found by itself
    const char *sealed; // store: the secret, repair: the credential; the blob, hex
    const char *sid;    // repair: whose password; the host's binding says it
    uint64_t kvno;      // store: what the host believes; 0: unknown
    const enum step *steps;
};

// Performs the steps on what the guest holds. 0 with an answer (`done`, `refused` or `failed`), -errno with a
// sentence
// when the helper's own records cannot be written.
int change_run(const struct change_request *request, struct member *m, struct record **ret, struct err *err);

// The recorded result of a finished verb: 0, -ENOENT, other -errno with a sentence.
int change_recorded(struct state *st, enum verb verb, const char *token, struct record **ret,
                    struct err *err);

// A `result` answer with the keys that each has.
struct record *change_answer(enum verb verb, const char *token, const char *result, const char *reason,
                             const char *text);

// What a finished verb needs no more: the token's one-use key, its pending password. 0 or -errno.
int change_wipe(struct state *st, enum verb verb, const char *token, struct err *err);
