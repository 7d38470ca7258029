// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// How large the sectors of disks are, for the engine `guestfs`, whose kernel has to be told before it starts. The
// disks' tables say it to whoever tries both sizes, so that is done in a cage.
//
//     look_sectors(servers, count, timeout_s);
#pragma once

#include "daemon/inspect/nbd_server.h"

// Fills each server's `sector`; with 512 where nothing tells.
void look_sectors(struct nbd_server *servers, size_t count, unsigned timeout_s);
