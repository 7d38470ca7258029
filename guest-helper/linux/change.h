// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// Changing the machine's secret, step by step (plan.h), each step journalled: `store` takes the host's sealed secret,
// `rotate` makes one of its own. Both end alike: the DC takes the password, the keytab (and Samba) holds it, and a
// login by keytab shows it. Nothing local is written before the DC has taken the password.
//
//     struct record *answer = NULL;
//     rc = change_run(&(struct change_request){…}, &answer, &err);
#pragma once

#include "guest-helper/linux/member.h"
#include "guest-helper/linux/state.h"
#include "guest-helper/plan.h"

struct change_request {
    const char *root;
    struct state *st; // opened for writing
    enum verb verb;   // VERB_STORE or VERB_ROTATE
    const char *token;
    const char *expect; // fingerprint, hex; journalled
    const char *dc;     // NULL: found by itself
    const char *sealed; // store: the blob, hex
    uint64_t kvno;      // store: what the host believes; 0: unknown
    const enum step *steps;
};

// Performs the steps on what the guest holds. 0 with an answer (`done`, `refused` or `failed`), -errno with a sentence
// when the helper's own records cannot be written.
int change_run(const struct change_request *request, struct member *m, struct record **ret, struct err *err);

// A rotation of any token that was interrupted after the DC had taken its password is brought to its end; one that the
// DC never took is forgotten when the guest's own secret still works. Does nothing while no DC answers. True when the
// guest now holds another secret: look at the member again.
bool change_settle(const char *root, struct state *st, struct member *m);

// The recorded result of a finished verb: 0, -ENOENT, other -errno with a sentence.
int change_recorded(struct state *st, enum verb verb, const char *token, struct record **ret,
                    struct err *err);

// A `result` answer with the keys that each has.
struct record *change_answer(enum verb verb, const char *token, const char *result, const char *reason,
                             const char *text);
