// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// The single steps of a change (plan.h), and what they hand on to each other. A step that cannot go on sets how the
// verb ends (result, reason, text), or `fatal` when the helper's own records failed; else the next step follows.
// For change.c, which journals between them.
//
//     step_perform(&run, STEP_WRITE);
//     if (run.result || run.fatal) …
#pragma once

#include "guest-helper/linux/change.h"
#include "guest-helper/linux/krb.h"

enum { ENCTYPES_MAX = 8 };

struct run {
    const struct change_request *q;
    struct member *m;
    struct krb *k;
    struct secret password;
    bool taken; // the DC is known to have taken it
    struct krb_key keys[ENCTYPES_MAX];
    size_t n_keys;
    uint32_t kvno;
    unsigned char storing[DIGEST]; // the fingerprint of what is about to be stored
    bool storing_known;
    const char *result, *reason; // how it ends; NULL while it goes on
    struct err text;
    int fatal; // -errno
};

void step_perform(struct run *r, enum step step);
void run_end(struct run *r, const char *result, const char *reason);
void run_done(struct run *r); // wipes everything
#define _cleanup_run_ _cleanup_(run_done)
