// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// Several systems on one guest's disks: an old disk kept beside the new one, a rescue system, two systems to choose
// from at the start. The evidence is of one of them, and tells of the others:
//
//   - a member of a domain before one that cannot be read, and that before one that is no member: a rescue system says
//     nothing of the membership
//   - of two Windows, the one whose SYSTEM hive was written last: that is the one that boots
//   - else the first by the names of their volumes
//
// Two members make a doubt by which an old date alone proves nothing.
//
// All is owned by the list. Pure but for malloc and the sources that were opened.
//
//     system = disk_systems_add(all, "/dev/sda2", true);
//     rc = disk_systems_tell(all, &e, &failure);
#pragma once

#include "common/cleanup.h"
#include "daemon/inspect/disk_reader.h"
#include "daemon/inspect/evidence.h"
#include "daemon/inspect/linux.h"
#include "daemon/inspect/windows.h"

enum { SYSTEMS_MAX = 1 + EVIDENCE_OTHERS };

struct disk_system {
    char device[VOLUME_NAME_MAX];
    bool windows; // else Linux
    struct hive_set hives;
    struct linux_files files;
    bool parsed;
    int rc; // of finding and parsing: 0, or -1 with its failure
    struct failure failure;
    struct evidence said;
    uint64_t written; // its SYSTEM hive, last; FILETIME; 0 unknown
};

struct disk_systems {
    struct disk_system *list[SYSTEMS_MAX]; // by the names of their volumes
    size_t count;
    struct err unread;     // a volume of known kind that this engine does not read; "" none
    struct err damaged;    // a volume that cannot be read; "" none
    size_t left_out;       // how many more systems there are than are kept
    const char *encrypted; // "luks", "bitlocker": some volume is; static; NULL: none is
};

struct disk_systems *disk_systems_free(struct disk_systems *all); // fine on NULL; returns NULL
// A new one, to be filled; NULL: there are too many, or no memory; it is counted then.
struct disk_system *disk_systems_add(struct disk_systems *all, const char *device, bool windows);
// Reads what was found into `said`, and puts the sources away. Once.
void disk_system_parse(struct disk_system *system);
// Parses those that are not yet, and chooses: 0, or -1 with *f. Doubts and engine that *e has are kept.
int disk_systems_tell(struct disk_systems *all, struct evidence *e, struct failure *f);
