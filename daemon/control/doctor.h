// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// `doctor` asks workers, and each answer becomes findings as it comes. What is awaited counts in the session's
// `pending`; the last answer ends the session.
//
//     s->pending++; worker_call(...);            // and in its callback:
//     doctor_finding(s, "agent", "bad", "the agent in vm1 does not answer", "start it"); doctor_answered(s);
#pragma once

#include "daemon/control/session.h"

// result: good, bad (exit code 1) or unknown. next may be NULL.
void doctor_finding(struct session *s, const char *id, const char *result, const char *text,
                    const char *next);
void doctor_answered(struct session *s);

// ---- presence.c: agent and helper of running guests, asked through virtrust-deliver ----
// A few guests at once, each for a few seconds, all together for two minutes: who is not reached by then is counted in
// one finding. Nothing is written in a guest (the verb `presence` of daemon/PROTOCOL.md).

// Notes this guest to be asked. 0 or -ENOMEM.
int presence_add(struct session *s, const struct guest *g);
void presence_begin(struct session *s); // counts as one pending answer
void presence_free(struct presence *p); // NULL is fine
// Pure: the finding about this guest that an answer means. `push`: its policy lets the helper be pushed.
struct presence_paths { // where the helper is to lie; borrowed
    const char *linux_guest, *windows;
};
struct presence_finding {
    const char *id, *result;
    char text[LONG_TEXT], next[LONG_TEXT];
};
void presence_judge(const char *name, const struct presence_paths *paths, bool push,
                    const struct record *answer, struct presence_finding *ret);
