// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/engine/policybind.h"

#include "daemon/engine/engine.h"
#include "daemon/engine/sides.h"

#include <string.h>
#include <strings.h>

// sAMAccountNames are compared without case; a rule gives its computer without the dollar.
static bool is_computer(const char *account, const char *computer)
{
    size_t len = strlen(computer);

    return strncasecmp(account, computer, len) == 0 && strcmp(account + len, "$") == 0;
}

// A policy names the account: the directory's answer becomes the binding. It is compared with that name, for the
// question may have been another one: the guest's claim, while no policy matched it, or a binding since undone.
int policybind(struct engine *e, const struct worker_key *key, const struct record *answer, struct err *err)
{
    struct casefile c;
    struct config_choice choice;
    struct binding b;
    int rc = store_case_get(e->store, key->case_id, &c, err);

    if (rc != 0 || c.epoch != key->epoch)
        return rc < 0 ? rc : 0;
    rc = store_binding_get(e->store, c.guest, &b, err);
    if (rc != STORE_NONE)
        return rc;
    engine_choice(e, c.guest, c.name, &choice);
    if (!choice.computer[0] || !choice.domain || record_get_bool(answer, "found") != 1 ||
        binding_of_account(answer, c.guest, choice.domain->name, "policy", now_us(), &b) < 0 ||
        !is_computer(b.name, choice.computer))
        return 0;
    return store_binding_put(e->store, &b, err);
}
