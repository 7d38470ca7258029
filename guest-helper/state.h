// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// The helper's own records, below /var/lib/virtrust-helper (0700, root's):
//
//     current            the newest token (its probe retired the older ones)
//     last               the last verb that came to an end, for the next probe to tell
//     t-TOKEN/key        the token's one-use key pair, deleted when its secret is stored
//     t-TOKEN/VERB       the journal of store or rotate: how far it came, and its result
//     t-TOKEN/pending    a password that was minted for a rotation and is not stored yet
//
// `pending` holds that password in clear, readable by root alone: there is no key here that root could not read as
// well. It is overwritten and deleted as soon as the password is stored.
//
// Every file is one record, written beside its place, synced and renamed. The directory itself carries the lock, so
// that a look writes nothing, not even a lock file. A state without a directory (nothing was ever written, and
// `create` was not asked for) is fine: everything is absent in it.
//
//     _cleanup_state_ struct state *st = NULL;
//     rc = state_open("/", true, &st, &err);
//     rc = state_read(st, token, "store", &journal, &err);    // -ENOENT: absent
#pragma once

#include "common/record.h"

#include <stdbool.h>

enum { TOKEN_LEN = 32 };

struct state;

// Waits for another helper's lock (exclusive when `create`, else shared). root: "/" but in tests. 0 or -errno.
int state_open(const char *root, bool create, struct state **ret, struct err *err);
struct state *state_free(struct state *st);
DEFINE_CLEANUP(struct state *, state_free);
#define _cleanup_state_ _cleanup_(state_freep)

bool token_valid(const char *token); // 32 lower-case hexadecimal digits; NULL is not

// token NULL: a file of the directory itself. Both write and wipe need a state that was opened with `create`.
// 0, -ENOENT (absent; no sentence), other -errno with a sentence (a damaged record is -EBADMSG).
int state_read(struct state *st, const char *token, const char *name, struct record **ret, struct err *err);
int state_write(struct state *st, const char *token, const char *name, const struct record *r,
                struct err *err);
// Overwrites, syncs and deletes; an absent file is fine.
int state_wipe(struct state *st, const char *token, const char *name, struct err *err);

// Has this token a directory here? state_token_new makes it and forgets the oldest tokens beyond a fixed number.
bool state_token_known(struct state *st, const char *token);
int state_token_new(struct state *st, const char *token, struct err *err);

// Calls f for each token that has a file of this name, until f returns non-zero; returns that.
int state_each(struct state *st, const char *name, int (*f)(struct state *st, const char *token, void *data),
               void *data);
