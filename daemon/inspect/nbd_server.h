// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// One qemu-nbd for one disk chain: it reads the images, without any lock, and serves the disk on a UNIX
// socket. What reads the file systems (libguestfs) thus never meets the guest's files, their locks or their
// headers.
//
// The server dies with the process that started it. nbd_server_stop is fine on {0}.
//
//     _cleanup_nbd_server_ struct nbd_server nbd = {0};
//     nbd_server_start(&chain, "/tmp/…/disk-0", &nbd, &failure);
#pragma once

#include "daemon/inspect/disk_chain.h"

#include <sys/types.h>

enum { NBD_PATH_MAX = 100 };

struct nbd_server {
    pid_t pid; // 0: none
    char socket[NBD_PATH_MAX];
};

// Returns when it serves: 0, or -1 with *f: no-engine (no qemu-nbd), locked, unsupported-disk (QEMU refuses
// the image). `base` is the path of the socket and, with ".log", of what QEMU has to say.
int nbd_server_start(const struct disk_chain *chain, const char *base, struct nbd_server *ret,
                     struct failure *f);
void nbd_server_stop(struct nbd_server *nbd);
#define _cleanup_nbd_server_ _cleanup_(nbd_server_stop)
