// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// The guest agent's language, JSON, made and read. Pure. What is read here was written by a guest: sizes are capped,
// types are checked, and nothing is believed that is not there.
//
// Commands are malloc'd text (they may carry what travels to the helper: agent_wipe frees them). NULL: no memory.
//
//     char *cmd = agent_exec_command("/usr/libexec/virtrust/virtrust-helper", args, input, input_len);
//     rc = agent_read_exec(reply, &pid, &err);
#pragma once

#include "common/cleanup.h"
#include "common/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    AGENT_REPLY_MAX = 4 * 1024 * 1024, // bytes of a reply
    AGENT_VALUES_MAX = 8192,           // JSON values in it; guest-info, the longest answer, has some 300
    AGENT_OUT_MAX = 1024 * 1024,       // bytes of a program's output
    AGENT_ERR_MAX = 1024,              // bytes of its error output that are kept
    AGENT_VERSION = 32,                // the agent's version, with its NUL
};

void agent_wipe(char *text); // overwrites and frees; NULL is fine
DEFINE_CLEANUP(char *, agent_wipe);
#define _cleanup_agent_ _cleanup_(agent_wipep)

// ---- commands ----
char *agent_plain_command(const char *name); // one without arguments: "guest-info"
// args: without the program's own name, closed by NULL. input NULL: no input.
char *agent_exec_command(const char *path, const char *const *args, const char *input, size_t input_len);
char *agent_status_command(int64_t pid);
char *agent_open_command(const char *path, const char *mode);
char *agent_write_command(int64_t handle, const void *data, size_t len);
char *agent_read_file_command(int64_t handle, size_t most);
char *agent_close_command(int64_t handle);

// ---- replies: 0, or -EBADMSG with a sentence ----
struct agent_info {
    bool exec, exec_status, file_write, file_read, file_open; // enabled; file_open: and closing
    char version[AGENT_VERSION]; // the agent's, printable ASCII; "" when it tells none
};
int agent_read_info(const char *reply, struct agent_info *ret, struct err *err);
// guest-exec's process id, guest-file-open's handle, guest-get-time's nanoseconds.
int agent_read_pid(const char *reply, int64_t *ret, struct err *err);
int agent_read_number(const char *reply, int64_t *ret, struct err *err);
int agent_read_written(const char *reply, size_t *ret, struct err *err);
// What guest-file-read gave: at most `most` bytes (*ret: malloc'd), and whether the file ends there.
int agent_read_piece(const char *reply, size_t most, char **ret, size_t *ret_len, bool *ret_eof,
                     struct err *err);
int agent_read_os(const char *reply, bool *ret_windows, struct err *err);

struct agent_status {
    bool exited;
    int exit_code;  // -1: it was ended by a signal (or, on Windows, by an exception)
    int64_t signal; // 0: none
    char *out;      // malloc'd, NUL-terminated; NULL: none
    size_t out_len;
    bool out_cut;                // the agent did not keep all of it
    char err[AGENT_ERR_MAX + 1]; // one line of printable ASCII
};
int agent_read_status(const char *reply, struct agent_status *ret, struct err *err);
void agent_status_done(struct agent_status *s);
#define _cleanup_agent_status_ _cleanup_(agent_status_done)
