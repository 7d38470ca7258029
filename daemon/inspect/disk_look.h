// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// Which volume holds the guest's system, and its evidence: Windows by NTFS with Windows\System32\config,
// Linux by /etc/krb5.keytab or /etc/os-release. No inspection of the whole system, no mounting of anything
// else.
//
//     rc = disk_look(reader, &e, &failure);
#pragma once

#include "daemon/inspect/disk_reader.h"
#include "daemon/inspect/evidence.h"

// 0, or -1 with *f: encrypted, unknown-filesystem, no-os, damaged-hive, not-a-hive, internal.
int disk_look(struct disk_reader *r, struct evidence *e, struct failure *f);
