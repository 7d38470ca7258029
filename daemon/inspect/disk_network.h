// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// A disk on the network, as the guest's XML names it, in QEMU's words: NBD, iSCSI, Ceph RBD. The words come from a
// request and end in JSON: only names of plain characters pass. Secrets are not taken: a disk that needs one is
// refused. Pure but for malloc.
//
//     rc = disk_network_node(request, 0, &json, &failure);      // {"driver":"nbd",…}
#pragma once

#include "common/record.h"
#include "daemon/inspect/evidence.h"

// The caller frees it. 0, or -1 with *f: unsupported-disk, internal.
int disk_network_node(const struct record *request, unsigned n, char **ret, struct failure *f);
