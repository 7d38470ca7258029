// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// What lies on disk: <state_dir>/directory/ (0700, ours) with one list of attempts a domain (attempts.h) and
// one lock an account. A list is read and written whole under its lock: new file, fsync, rename, fsync of the
// directory; a process killed anywhere leaves the old list or the new one.
//
// An open journal holds its lock; keep it open for moments only, never across the network.
//
//     rc = state_open("/var/lib/virtrust", &dir, &failure);
//     rc = account_lock(dir, guid, 30000, &lock, &failure);     // held until the descriptor is closed
//     rc = journal_open(dir, "corp.test", &journal, &failure);
#pragma once

#include "daemon/directory/attempts.h"
#include "daemon/directory/failure.h"

// Opens (and makes, if it must) the directory; refuses one that others can write to or that is not ours.
// 0 with a descriptor, negative errno with code `state`.
int state_open(const char *state_dir, int *ret_fd, struct failure *f);

// Waits at most timeout_ms for the other request about this account: 0 with a descriptor, -ETIMEDOUT with
// code `busy`.
int account_lock(int dir, const char *guid, int timeout_ms, int *ret_fd, struct failure *f);

struct journal {
    int dir;  // borrowed
    int lock; // owned
    char file[HOST_TEXT + 16];
    struct attempts attempts;
};

int journal_open(int dir, const char *domain, struct journal **ret, struct failure *f);
struct journal *journal_free(struct journal *j);
DEFINE_CLEANUP(struct journal *, journal_free);

// Writes the list: on return 0 it is on disk. Negative errno with code `state`.
int journal_store(struct journal *j, struct failure *f);

// A killed process' request may still be on its way to the DC: when the account's newest attempt has no known
// end and is younger than two seconds, waits until it is that old. Call it with the account's lock held.
int journal_let_arrive(int dir, const char *domain, const char *guid, struct failure *f);

int64_t now_us(void); // the host's clock
