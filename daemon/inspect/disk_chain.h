// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// The image chain of one disk, as the request names it: each file opened by us, read-only, its header
// compared with what the request says, and described to QEMU explicitly, so that QEMU opens nothing that the
// request does not name.
//
// A chain owns its descriptors. Formats: raw, qcow2, vdi, vpc. Files and block devices; raw disks by NBD, iSCSI and
// Ceph, which QEMU opens by the request's words (disk_network.h).
//
//     _cleanup_disk_chain_ struct disk_chain chain = {0};
//     disk_chain_open(request, 0, &chain, &failure);
//     json = disk_chain_json(&chain);     // "json:{…}", with /dev/fd/N as file names
#pragma once

#include "common/record.h"
#include "daemon/inspect/evidence.h"

#include <stdbool.h>

enum {
    DISKS_MAX = 32, // disks of a guest
    CHAIN_MAX = 64, // images of one disk, one above the other
    DISK_FORMAT_MAX = 8,
};

struct disk_image {
    int fd;        // -1: on the network
    char *network; // the node that QEMU opens there, in JSON; owned
    bool remote;   // it needs the network for it: a UNIX socket is of this host
    char format[DISK_FORMAT_MAX];
    bool block; // a block device
    bool last;  // its header names no backing file
};

struct disk_chain {
    struct disk_image images[CHAIN_MAX];
    size_t count;   // the guest's own image first
    bool in_use;    // somebody holds the top image open for writing
    char *snapshot; // of the top image, by its name; NULL: the present; owned
};
void disk_chain_done(struct disk_chain *chain);
#define _cleanup_disk_chain_ _cleanup_(disk_chain_done)

// Disk n of a look request. 0, or -1 with *f: no-such-disk, permission, unsupported-disk, encrypted.
int disk_chain_open(const struct record *request, unsigned n, struct disk_chain *ret, struct failure *f);
// The caller frees it; NULL when out of memory.
char *disk_chain_json(const struct disk_chain *chain);

// For the command line alone, where nobody names the format: by its mark, also one that is not read (vmdk, vhdx),
// else raw. NULL when it cannot be read.
const char *disk_format_guess(const char *path);
