// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// The closed list of what virtrust-spawn starts, and the starting itself. A started program leads a process group
// of its own, has a clean environment, no descriptor but 0, 1 and 2, and dies when virtrust-spawn dies.
//
//     pid_t pid = program_start(&programs[PROGRAM_INSPECT], bin_dir, config_file, connection, &err);
#pragma once

#include "common/err.h"

#include <stdbool.h>
#include <sys/types.h>

enum program_id {
    PROGRAM_DAEMON,
    PROGRAM_WATCH,
    PROGRAM_INSPECT,
    PROGRAM_DIRECTORY,
    PROGRAM_DELIVER,
    PROGRAMS_COUNT
};

struct program {
    const char *name;
    const char *socket; // below the runtime directory: started for each connection. NULL: always on
    bool takes_config;  // understands --config FILE
    unsigned at_once;   // of a worker; more connections wait
};

extern const struct program programs[PROGRAMS_COUNT];

// Starts it with `fd` as its standard input and output (-1: /dev/null, and stdout as ours). Returns the process id
// (which is the group's too), or a negative errno with a sentence. A program that cannot be executed ends with 127
// and says why on stderr.
pid_t program_start(const struct program *p, const char *bin_dir, const char *config_file, int fd,
                    struct err *err);
