// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// stat(2) that cannot hang its caller. A guest's disk may lie on network storage that has gone away, and nothing in
// a path tells: so a child process asks, and is given up when it does not answer in time. A directory that has hung
// once is not asked again for a minute, so that a hundred guests there do not cost a hundred times the wait.
//
//     _cleanup_(filestat_freep) struct filestat *fs = filestat_new(1000);
//     if (filestat_get(fs, "/guests/a.qcow2", &st) == 0) …
#pragma once

#include "common/cleanup.h"

#include <stdint.h>

struct filestat;

struct filestat_result {
    uint64_t dev, ino, size;
    int64_t mtime_us;
};

// NULL when out of memory; the child is started when it is first needed.
struct filestat *filestat_new(int timeout_ms);
struct filestat *filestat_free(struct filestat *fs);
DEFINE_CLEANUP(struct filestat *, filestat_free);

// 0; -ETIMEDOUT (it hung); -EBUSY (it hung less than a minute ago); -ENOTSUP (no regular file); stat's own errno;
// -ENAMETOOLONG. *ret is untouched on failure. A NULL fs gives -ENOTSUP.
int filestat_get(struct filestat *fs, const char *path, struct filestat_result *ret);
