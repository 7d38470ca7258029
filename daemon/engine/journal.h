// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// The journal of sealed secrets, by account: minted and sealed under the host's key before the reset, in the same
// transaction as the step that owes it; opened only to be sent to virtrust-directory or to be sealed to a helper.
//
//     _cleanup_secret_ struct secret s = {0};
//     rc = journal_open(store, &key, guid, &s, &err);
#pragma once

#include "common/secret.h"
#include "daemon/engine/hostkey.h"
#include "daemon/store/store.h"

// NONE also for a secret that this key does not open (host.key was lost or replaced): it is of no use to anybody, and
// the next one takes its place.
int journal_state(struct store *store, const struct hostkey *key, const char *guid, enum journal_state *ret,
                  char ret_dc[NAME_TEXT], struct err *err);
int journal_mint(struct store *store, const struct hostkey *key, const char *guid, const char *dc,
                 struct err *err);
// The secret, and (ret_token may be NULL) the token that names it to virtrust-directory: the same secret has the same
// token, another one has another. -ENOENT when there is none.
int journal_open(struct store *store, const struct hostkey *key, const char *guid, struct secret *ret,
                 char *ret_token, struct err *err);
