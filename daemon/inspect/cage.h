// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// The cage: where bytes that a guest wrote are parsed. A new process with nothing of its parent's powers: a
// user of its own, no capabilities, no file system (Landlock without a rule; an empty root where the kernel has
// no Landlock), a short list of system calls (no socket, connect, open, fork, exec, kill, ptrace among them),
// limits on memory, processor time and files, no core dump. What it holds are the descriptors it was given and a
// pipe for one record, of which the parent believes nothing but its form (answer.h).
//
// A parser that crashes, loops or swallows memory, or tries a call that is not on the list, ends with its
// process: the failure says so, and the next guest's look knows nothing of it.
//
// The walls, from the strongest: the list of calls is there always, for without it there is no cage
// (no-cage). The user changes where the process may change it (root, or CAP_SETUID and CAP_SETGID).
//
//     struct cage_job job = {.before = connect_disks, .inside = parse, .arg = &state};
//     rc = cage_run(&job, 120, &answer, &failure);
#pragma once

#include "common/record.h"
#include "daemon/inspect/evidence.h"

enum {
    CAGE_FDS = 64,
    CAGE_CPU_S = 20, // seconds of processor time
};

struct cage_fds {
    int fd[CAGE_FDS];
    size_t count;
};

struct cage_job {
    // In the new process, which already is the other user, while the door is still open: what needs a
    // descriptor made, and understands nothing of what it copies. Names the descriptors that stay open. An
    // answer, or NULL to go on with inside.
    struct record *(*before)(void *arg, struct cage_fds *ret);
    // Behind the door. NULL only when out of memory.
    struct record *(*inside)(void *arg);
    // Outside, once the answer is there and before its process has been put away: what else may end meanwhile. NULL:
    // nothing.
    void (*answered)(void *arg, const struct record *answer);
    void *arg;
    unsigned cpu_s; // seconds of processor time; 0: CAGE_CPU_S
};

// 0 with the answer as it came, or -1 with *f: timed-out, unknown-filesystem (the parser was stopped),
// no-cage (none can be built here), internal (somebody else ended it).
int cage_run(const struct cage_job *job, unsigned timeout_s, struct record **ret, struct failure *f);

// The user a cage runs as: /etc/passwd's virtrust-cage, else nobody. Read once, outside.
struct cage_user {
    unsigned uid, gid;
};
struct cage_user cage_user_find(void);

// For qemu-nbd, which only opens images: no socket but a local one. 0 or a negative errno; wants no_new_privs.
int cage_no_network(void);
// For the server of a disk that lies on the network: it can connect to others, nobody to it. 0 or a negative errno.
int cage_network_out(void);

// ---- the walls, each by itself, for cage.c and for the tests ----

// User, capabilities, limits, death with the parent. 0 or a negative errno with a sentence.
int cage_drop(struct cage_user user, int parent_pid, unsigned cpu_s, struct err *err);
// Closes all but these descriptors and `answer`; 0 to 2 read nothing and cannot be written.
int cage_close(const struct cage_fds *keep, int answer, struct err *err);
// No way to any file, by either: 0, or a negative errno with a sentence (neither is to be had).
int cage_no_files(struct err *err);
int cage_landlock(void);   // 0 or a negative errno
int cage_empty_root(void); // 0 or a negative errno
// The list of system calls; only `answer` can be written. 0 or a negative errno with a sentence.
int cage_few_calls(int answer, struct err *err);
