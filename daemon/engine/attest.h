// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// One question for proof of possession, in three calls: virtrust-directory makes a nonce, the guest's helper signs it
// with a ticket of its machine account, virtrust-directory says whose account that is. virtrustd carries the records
// and believes the last one alone.
//
// A question ends once, in its callback: with `attested`, with `attestation` (the guest made no token, and says why),
// with `error`, or with NULL and a sentence. What runs is forgotten with its caller (attest_cancel_arg).
//
//     struct attest_question q = {.guest = uuid, .domain = "corp.test"};
//     attest_ask(e, &q, done, session);
#pragma once

#include "daemon/engine/engine.h"
#include "daemon/engine/worker.h"

struct attest_question {
    const char *guest, *domain;  // libvirt's UUID; the domain's DNS name
    const char *guid, *sid, *dc; // the account that it has to be; where; NULL: any
    bool fresh;                  // by a ticket that was got with the password of today
    bool push;                   // the helper may be pushed for it
    uint64_t after;        // `fresh` where the directory does not tell: newer than this FILETIME; 0: none
    struct worker_key key; // the caller's own; given back
};

struct attest_end {
    const char *guest;
    struct worker_key key;
    const struct record *answer; // NULL, and `lost` says why, where none came
    const char *lost;
};

typedef void (*attest_done)(struct engine *e, const struct attest_end *end, void *arg);

void attest_ask(struct engine *e, const struct attest_question *q, attest_done done, void *arg);
void attest_cancel_arg(struct engine *e, const void *arg);
void attest_cancel_all(struct engine *e);

// In words, of anything that a question may end with but a proof: why there is none.
const char *attest_why_not(const struct record *answer, const char *lost);
