// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// A credential that is lent for one repair (strategy `credential`): sealed under the host's key, by case, from the
// moment it is handed over until the case ends (common/os/credential.h tells its form).
//
//     rc = loan_put(store, &key, case_id, &credential, &err);       // within a transaction
//     rc = loan_open(store, &key, case_id, &credential, &err);
#pragma once

#include "common/secret.h"
#include "daemon/engine/hostkey.h"
#include "daemon/store/store.h"

int loan_put(struct store *store, const struct hostkey *key, int64_t case_id, const struct secret *credential,
             struct err *err);
// -ENOENT: there is none.
int loan_open(struct store *store, const struct hostkey *key, int64_t case_id, struct secret *ret,
              struct err *err);
// Is one at hand? False also for one that this key does not open. 0 or -errno.
int loan_state(struct store *store, const struct hostkey *key, int64_t case_id, bool *ret, struct err *err);
