// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// A guest as the policies see it (daemon/core/policy.h), gathered from the store: what libvirt says, the binding, and
// what was learnt last. Only what some policy asks for is looked up, unless all is wanted.
//
//     _cleanup_(subject_done) struct subject subject = {0};
//     subject_of(e, uuid, name, false, &subject);
//     config_choose(e->config, &subject.sees, &choice);
#pragma once

#include "daemon/core/policy.h"
#include "daemon/engine/engine.h"
#include "daemon/store/fact.h"

enum { SUBJECT_VALUES = 32 };

struct subject {
    struct policy_subject sees; // points into the rest
    char name[NAME_TEXT];
    struct binding binding;
    struct fact fact;
    struct policy_value values[SUBJECT_VALUES];
    struct record *description; // owned
};

void subject_of(struct engine *e, const char *uuid, const char *name, bool all, struct subject *ret);
// Does a policy ask for more than name and title?
bool subject_in_full(const struct config *c);
void subject_done(struct subject *s);

// What a worker's answer tells of these facts is kept (within the caller's transaction).
int subject_learn(struct engine *e, const char *guest, const char *source, const struct record *answer,
                  struct err *err);
