// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "common/os/fault.h"

#if VIRTRUST_FAULTS
#include "common/cleanup.h"

#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { POLL_US = 20000, PATH_ROOM = 4096, REPLACE_MAX = 1024 };

// The path of a file in the directory of faults; false when there is no such directory.
static bool fault_path(const char *name, const char *suffix, char ret[static PATH_ROOM])
{
    const char *dir = getenv("VIRTRUST_FAULT_DIR");

    return dir && snprintf(ret, PATH_ROOM, "%s/%s%s", dir, name, suffix) < PATH_ROOM;
}

static void note_passed(const char *name)
{
    char path[PATH_ROOM];
    _cleanup_close_ int fd = fault_path("passed", "", path) ? open(path, O_WRONLY | O_APPEND | O_CLOEXEC)
                                                            : -1;

    if (fd >= 0)
        dprintf(fd, "%s\n", name);
}

static void wait_while_held(const char *name)
{
    char hold[PATH_ROOM], held[PATH_ROOM];

    if (!fault_path(name, ".hold", hold) || !fault_path(name, ".held", held) || rename(hold, held) < 0)
        return;
    while (access(held, F_OK) == 0)
        usleep(POLL_US);
}

void fault_point(const char *name)
{
    char path[PATH_ROOM];

    note_passed(name);
    wait_while_held(name);
    if (fault_path(name, "", path) && unlink(path) == 0)
        kill(getpid(), SIGKILL);
}

void fault_replace(const char *name, void *data, size_t len)
{
    unsigned char bytes[REPLACE_MAX];
    char path[PATH_ROOM];
    _cleanup_close_ int fd = fault_path(name, "", path) ? open(path, O_RDONLY | O_CLOEXEC) : -1;

    if (fd >= 0 && len < sizeof bytes && read(fd, bytes, sizeof bytes) == (ssize_t)len)
        memcpy(data, bytes, len);
}
#else
// An empty translation unit is no ISO C.
typedef int fault_points_are_compiled_out;
#endif
