// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// Running a look in a process of its own, with a limit that does not trust it, and with nothing left behind
// however it ends, kill -9 of this process included.
//
// Three processes: this one waits for the answer; the worker, in a process group of its own, looks; the
// janitor waits until this one goes, orderly or not, then kills the worker's whole group (QEMU too) and
// removes its private directory. Should somebody kill the janitor, this one does that.
//
//     rc = supervise(&job, 120, &answer, &failure);
#pragma once

#include "common/record.h"
#include "daemon/inspect/evidence.h"

struct supervised {
    // In the worker, first: whatever needs the guest's files by their names. The answer, or NULL to go on
    // with run.
    struct record *(*prepare)(void *arg);
    // Then: `work` is the worker's private directory. NULL only when out of memory.
    struct record *(*run)(void *arg, const char *work);
    void *arg;
};

// 0, or -1 with *f: timed-out, internal (the worker died).
int supervise(const struct supervised *job, unsigned timeout_s, struct record **ret, struct failure *f);
