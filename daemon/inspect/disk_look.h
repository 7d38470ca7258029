// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// Which volumes hold a system, and its evidence: Windows by NTFS with Windows\System32\config, Linux by
// /etc/krb5.keytab or /etc/os-release. No inspection of the whole system, no mounting of anything else. Which of
// several is the guest's, disk_systems.h tells.
//
// Finding reads directories and, where the engine reads ahead, whole files; parsing is what has to be done in
// the cage.
//
//     _cleanup_disk_found_ struct disk_found found = {0};
//     rc = disk_look_find(reader, &found, &e, &failure);
//     rc = disk_look_parse(&found, &e, &failure);           // or both: disk_look()
#pragma once

#include "daemon/inspect/disk_reader.h"
#include "daemon/inspect/disk_systems.h"
#include "daemon/inspect/evidence.h"
#include "daemon/inspect/linux.h"
#include "daemon/inspect/windows.h"

struct disk_found {
    bool windows; // else Linux
    struct hive_set hives;
    struct linux_files files;
    // Where disks were searched the above is empty, and this holds what they showed.
    struct disk_systems *systems; // owned
};
void disk_found_done(struct disk_found *found);
#define _cleanup_disk_found_ _cleanup_(disk_found_done)

// No member of a domain was found, and something is there that this engine does not read: the sentence names it
// ("LVM").
enum { DISK_LOOK_OTHER = 1 };

// 0, DISK_LOOK_OTHER, or -1 with *f: encrypted, unknown-filesystem, no-os, damaged-hive, internal. The reader
// has to outlive what was found.
int disk_look_find(struct disk_reader *r, struct disk_found *ret, struct evidence *e, struct failure *f);
// 0, or -1 with *f: damaged-hive, not-a-hive, no-os, internal.
int disk_look_parse(struct disk_found *found, struct evidence *e, struct failure *f);
int disk_look(struct disk_reader *r, struct evidence *e, struct failure *f);
