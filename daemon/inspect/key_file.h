// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// The file that holds the passphrase of a guest's LUKS volumes. It is opened early, so that a wrong name costs no look,
// and read late: nothing that parses guest bytes is made of a process that holds a key.
//
//     fd = key_file_open("/etc/virtrust/vdi.key", &failure);
//     rc = key_file_read(fd, path, &key, &failure);
#pragma once

#include "common/secret.h"
#include "daemon/inspect/evidence.h"

// A descriptor that is the caller's, or -1 with *f: key-file.
int key_file_open(const char *path, struct failure *f);
// All of it, a newline at its end included: 0, or -1 with *f (key-file: it is empty, too large, or holds a NUL).
int key_file_read(int fd, const char *path, struct secret *ret, struct failure *f);
