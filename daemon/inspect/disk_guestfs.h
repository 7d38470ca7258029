// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// The disk reader of libguestfs: one small virtual machine for one look, fed by the NBD servers, without
// network.
//
//     rc = disk_guestfs_open(servers, count, work, &reader, &failure);
#pragma once

#include "common/secret.h"
#include "daemon/inspect/disk_reader.h"
#include "daemon/inspect/nbd_server.h"

// Launches it, and opens the LUKS volumes that `key` (NULL: none) opens; a newline at its end may belong to it or
// not. 0, or -1 with *f (no-engine). `work` is a private directory for its files. The environment's
// LIBGUESTFS_BACKEND and LIBGUESTFS_BACKEND_SETTINGS count where they are set; else the backend is `direct`,
// with KVM where a launch with it works and software emulation where it does not.
int disk_guestfs_open(const struct nbd_server *servers, size_t count, const char *work,
                      const struct secret *key, struct disk_reader **ret, struct failure *f);
