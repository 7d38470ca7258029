// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// The store and the host's key, which belong together: the ledger's fingerprints and the sealed secrets mean nothing
// under another key. The store keeps a value by which the key is known again; a key that is lost or another one is
// refused (-ENOKEY, -EKEYREJECTED) with a sentence that says what to do. The key is made at the first start only, and
// before the store knows of it, so that a crash in between looks like a first start.
//
//     rc = hoststate_open(config->state_dir, &store, &key, &err);
#pragma once

#include "daemon/engine/hostkey.h"
#include "daemon/store/store.h"

int hoststate_open(const char *dir, struct store **ret_store, struct hostkey *ret_key, struct err *err);
// The administrator's way to begin anew: another key, an empty ledger, no sealed secrets; bindings, cases and their
// history stay. The former key is moved to host.key.old.
int hoststate_renew(const char *dir, struct err *err);
