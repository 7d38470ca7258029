// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// The part of a look that meets guest bytes, run in a cage: disks by the engine `direct`, and what is parsed of
// files that somebody else has read (a directory of hives, libguestfs' answers).
//
//     rc = look_direct(servers, count, 120, &parsed, &failure);     // then answer_take()
#pragma once

#include "daemon/inspect/disk_look.h"
#include "daemon/inspect/nbd_server.h"

// 0 with the parser's record (answer.h), or -1 with *f. The servers need not serve yet; one that refuses its
// image is the failure.
int look_direct(struct nbd_server *servers, size_t count, bool has_key, unsigned timeout_s,
                struct record **ret, struct failure *f);
// The same for what was found and read ahead; `e` is what is known of it already.
int look_parse(struct disk_found *found, const struct evidence *e, unsigned timeout_s, struct record **ret,
               struct failure *f);
