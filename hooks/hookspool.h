// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// Where the hook leaves a message that it could not send: one file of a directory that the watcher empties. A dead
// watcher must not fill the disk, so that beyond the caps a message is lost: the watcher's scan at its start makes
// up for it. The directory must be there, belong to the running user (root) and be writable by nobody else.
//
//     hookspool_put("/var/spool/virtrust/hook", at_us, getpid(), data, len);
#pragma once

#include <stddef.h>
#include <stdint.h>

enum {
    HOOKSPOOL_FILES_MAX = 2048,
    HOOKSPOOL_BYTES_MAX = 64 * 1024 * 1024,
};

// Writes .tmp-AT-PID (mode 0600), then renames it to AT-PID. 0, -EPERM (the directory is not safe), -ENOSPC (a cap
// is reached), other negative errno; nothing stays behind on failure.
int hookspool_put(const char *dir, int64_t at_us, long pid, const char *data, size_t len);
