// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// One qemu-nbd for one disk chain: it reads the images, without any lock, and serves the disk on a UNIX
// socket. What reads the file systems thus never meets the guest's files, their locks or their headers.
//
// Under root it runs as nobody who may read every file, and without a network where its disk is none. It dies
// with the process that started it. nbd_server_stop is fine on {0}.
//
//     _cleanup_nbd_server_ struct nbd_server nbd = {0};
//     nbd_server_start(&chain, "/tmp/…/disk-0", &nbd, &failure);       // does not wait
//     disk_io_nbd(nbd.fd, &io, &err);                                  // waits; or:
//     nbd_server_wait(&nbd, &failure);
#pragma once

#include "daemon/inspect/disk_chain.h"

#include <sys/types.h>

enum { NBD_PATH_MAX = 100 };

struct nbd_server {
    pid_t pid; // 0: none
    int fd;    // a connection of its own, which it greets when the image is open
    int log;   // what QEMU has to say
    char socket[NBD_PATH_MAX];
    const char *snapshot; // borrowed from its chain; NULL: the present
    unsigned sector;      // how large the disk's sectors are; 0: not known
};

// `base` is the path of the socket and, with ".log", of the log. 0, or -1 with *f: internal.
int nbd_server_start(const struct disk_chain *chain, const char *base, struct nbd_server *ret,
                     struct failure *f);
// One more connection: its descriptor, which is the caller's, or -1 with *f.
int nbd_server_connect(const struct nbd_server *nbd, struct failure *f);
// Waits until it serves: 0, or -1 as below.
int nbd_server_wait(struct nbd_server *nbd, struct failure *f);
// Has it ended, or does it within these milliseconds? -1 with *f: no-engine (no qemu-nbd), locked, unsupported-disk
// (QEMU refuses the image, or crashes on it), internal (somebody ended it). 0: it runs.
int nbd_server_ended(struct nbd_server *nbd, int wait_ms, struct failure *f);
// Why it ended, by the first line of its log (which is changed) and how it ended. -1 with *f.
int nbd_server_refused(char *log, int status, const char *snapshot, struct failure *f);
// Only sends it away; stop, or whoever reaps this process's children, sees it off.
void nbd_server_kill(const struct nbd_server *nbd);
void nbd_server_stop(struct nbd_server *nbd);
#define _cleanup_nbd_server_ _cleanup_(nbd_server_stop)
