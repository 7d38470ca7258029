// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// One guest and its agent, over a read-write libvirt connection, with one deadline for all that is asked of it.
//
// Failures are a struct fail: the protocol's stable code, a sentence, and what to do. Functions return 0, or -1 with
// the fail filled in. A struct guest owns its connection; guest_free(NULL) is fine.
//
//     _cleanup_guest_ struct guest *g = NULL;
//     if (guest_open("qemu:///system", uuid, deadline_ms, &g, &fail) < 0) …
#pragma once

#include "common/cleanup.h"
#include "common/err.h"
#include "daemon/deliver/agent.h"

#include <libvirt/libvirt.h>
#include <stdint.h>

// The helper's own channel, for guests without an agent (guest-helper/port.h is the other end).
#define GUEST_PORT "org.virtrust.guest.0"

struct fail {
    const char *code; // of daemon/PROTOCOL.md, "virtrustd → deliver"
    struct err text;
    const char *next;
};
int fail_set(struct fail *fail, const char *code, const char *next, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

struct guest;

int64_t now_ms(void); // of the monotonic clock, for deadlines

// verb: names the fault points, "deliver.VERB.before" and so on. Borrowed.
int guest_open(const char *uri, const char *uuid, const char *verb, int64_t deadline_ms, struct guest **ret,
               struct fail *fail);
struct guest *guest_free(struct guest *g);
DEFINE_CLEANUP(struct guest *, guest_free);
#define _cleanup_guest_ _cleanup_(guest_freep)

int64_t guest_left_ms(const struct guest *g);

// Is the helper's service at the other end of its port? guest_open fails only when there is neither port nor agent;
// guest_agent then says what the agent lacks.
bool guest_has_port(const struct guest *g);
// Is it being moved to another host, or taken over from one, as libvirt says just now?
bool guest_migrates(const struct guest *g);
// A stream of its bytes, to be finished or aborted and freed; NULL with the fail.
virStreamPtr guest_open_port(struct guest *g, struct fail *fail);

// One command to the agent; takes the command over (NULL: no memory) and wipes it. *ret_reply: agent_wipe.
// Beyond the other failures the agent may itself refuse: then *ret_refused is true, code `agent-refused` (which never
// leaves this program) and the text is the agent's.
int guest_agent(struct guest *g, char *command, char **ret_reply, bool *ret_refused, struct fail *fail);

// Runs a program in the guest to its end. input NULL: none. *ret_missing (on failure): there is no such program.
int guest_run(struct guest *g, const char *path, const char *const *args, const char *input, size_t input_len,
              struct agent_status *ret, bool *ret_missing, struct fail *fail);

// Is there such a file? Asked by opening it for reading. A file that may not be read counts as missing.
int guest_has_file(struct guest *g, const char *path, bool *ret, struct fail *fail);

// Sets the guest's clock to this explicit time.
int guest_set_time(struct guest *g, int64_t us, struct fail *fail);
