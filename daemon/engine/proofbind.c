// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/engine/proofs.h"
#include "daemon/engine/sides.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static int put(struct engine *e, const struct binding *b, struct err *err)
{
    int rc = store_begin(e->store, err);

    if (rc >= 0)
        rc = store_binding_put(e->store, b, err);
    if (rc >= 0)
        rc = store_commit(e->store, err);
    if (rc < 0)
        store_rollback(e->store);
    return rc;
}

// Alarmed, and looked at: the guest's disk claims the other account as well, which the case then says.
static void differs(struct engine *e, const char *uuid, const struct binding *bound,
                    const struct binding *proven)
{
    struct guest g = {0};
    struct err err = {0};
    int64_t id = 0;

    store_guest_get(e->store, uuid, &g, &err);
    engine_log(
        1, 0, uuid,
        "%s proves that it holds the account %s, and is bound to %s: nothing is changed; see which is right, "
        "then `virtrust unbind` and bind it again",
        g.name, proven->name, bound->name);
    if (engine_repair(e, uuid, true, &id, &err) < 0 && id == 0)
        engine_log(4, 0, uuid, "%s is not looked at: %s", g.name, err.text);
}

int proofs_take(struct engine *e, const char *uuid, const char *domain, const struct record *answer,
                struct binding *ret_binding, enum proof_end *ret, struct err *err)
{
    struct binding b, bound;
    int rc;

    *ret = PROOF_END_NONE;
    if (!record_is(answer, "attested") || strcmp(record_get_or(answer, "result", ""), "proven") != 0 ||
        strcmp(record_get_or(answer, "guest", ""), uuid) != 0 ||
        binding_of_account(answer, uuid, domain, "proof", now_us(), &b) < 0)
        return 0;
    rc = store_binding_get(e->store, uuid, &bound, err);
    if (rc < 0)
        return rc;
    if (rc == STORE_NONE) {
        rc = put(e, &b, err);
        if (rc < 0)
            return rc;
        engine_log(5, 0, uuid, "bound to %s by proof of possession", b.name);
        *ret = PROOF_END_BOUND;
    } else {
        *ret = strcmp(bound.guid, b.guid) == 0 ? PROOF_END_SAME : PROOF_END_DIFFERS;
        if (*ret == PROOF_END_DIFFERS)
            differs(e, uuid, &bound, &b);
    }
    *ret_binding = b;
    return 0;
}
