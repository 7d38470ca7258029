// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// A request of virtrustd, carried out in one guest, and its answer (daemon/PROTOCOL.md, "virtrustd → deliver"). What
// the helper answers is a guest's word: one record within the caps, of the type that fits the verb, and of it only the
// protocol's own keys, each short.
//
//     struct record *answer = verbs_answer(request, "qemu:///system", &(struct push_sources){…});
#pragma once

#include "common/record.h"
#include "daemon/deliver/guest.h"

#define VERBS_BAD_REQUEST "bad-request" // the requester's own mistake; the exit code says so, too

enum { TIMEOUT_DEFAULT_S = 60, TIMEOUT_MAX_S = 600 };

// The request's time limit within bounds, in seconds.
unsigned verbs_timeout_s(const struct record *request);

// The helpers on this host that may be brought into a guest. Borrowed.
struct push_sources {
    const char *linux_guest, *windows;
};

// Always an answer (`done` or `error`), but for NULL when out of memory.
struct record *verbs_answer(const struct record *request, const char *uri,
                            const struct push_sources *sources);

struct record *verbs_error(const struct fail *fail);

// Pure: what the helper's end means. 0 and its record, or -1 with the fail.
int verbs_read_helper(const char *verb, const struct agent_status *s, struct record **ret, struct fail *fail);
// Pure: of the helper's record what is passed on.
void verbs_copy(struct record *answer, const struct record *helper);
