// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// The other engine's program, virtrust-inspect-guestfs, which lies beside this one: for disks that `direct`
// does not read. It is a program of its own because libguestfs' libraries cost every process that links them
// more than a whole look by `direct`, and none of them has a place in its process.
//
//     rc = look_guestfs(servers, count, work, 120, &parsed, &failure);     // then answer_take()
#pragma once

#include "common/secret.h"
#include "daemon/inspect/evidence.h"
#include "daemon/inspect/nbd_server.h"

// Waits until the servers serve. `key` opens LUKS volumes; NULL: there is none. 0 with the program's record, or -1 with
// *f.
int look_guestfs(struct nbd_server *servers, size_t count, const char *work, const struct secret *key,
                 unsigned timeout_s, struct record **ret, struct failure *f);
// Its --prepare: type=prepared engine=, or an error record; NULL when out of memory.
struct record *look_guestfs_prepare(const char *work);
