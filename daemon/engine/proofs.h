// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// Bindings by proof of possession (DESIGN, "Whose account"): where a policy says `bind: by-proof`, a running guest that
// no case concerns is asked which account it holds, and what virtrust-directory has verified becomes its binding. Few
// are asked at a time, one guest once an hour at most, and a bound one once a day, when its agent comes. A later proof
// of another account changes nothing: it is an alarm, and a case that looks at the guest.
//
//     proofs_noticed(e, &guest, false);     // it was seen, and no case is open
#pragma once

#include "daemon/engine/attest.h"

struct proofs;

// came: its agent has just connected. Asks or does not ask, by itself.
void proofs_noticed(struct engine *e, const struct guest *g, bool came);
// The same for a guest whose case has just been closed.
void proofs_case_closed(struct engine *e, const struct casefile *c);
// An administrator asks, whatever was asked lately: false when this guest binds by no proof.
bool proofs_again(struct engine *e, const struct guest *g);
// How the last question to this guest ended; NULL when there was none that failed since virtrustd started.
const char *proofs_last(struct engine *e, const char *uuid);
void proofs_close(struct engine *e);

enum proof_end {
    PROOF_END_BOUND, // it is bound now; *ret_binding
    PROOF_END_SAME,  // and was before
    PROOF_END_DIFFERS, // the guest holds another account than the binding's: nothing was changed, a case looks at it
    PROOF_END_NONE // the answer proves nothing
};
// What an `attested` record means for a guest's binding. Negative errno: the store.
int proofs_take(struct engine *e, const char *uuid, const char *domain, const struct record *answer,
                struct binding *ret_binding, enum proof_end *ret, struct err *err);
