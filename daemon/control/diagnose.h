// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// `diagnose`: everything about one guest side by side, the cause, and what virtrust would do. Nothing is written: not
// in the store, not in the guest, not in the directory. What costs little is asked afresh (the disks, as far as they
// are read without an appliance; every DC; a running guest's clock), else the newest evidence of its cases is taken,
// and its age told. A running guest's helper is asked for a `look`: unlike a probe that makes no key and retires no
// token of a repair under way, and logs the account on only where the administrator wants it (log_on).
//
//     handle_diagnose → diagnose.c asks → diagfacts.c makes struct cause_facts → diagtell.c sends the records
#pragma once

#include "daemon/control/session.h"
#include "daemon/core/cause.h"

struct found_record {      // a worker's answer, `evidence` or `account` …, or its `error`
    struct record *record; // owned, NULL: none
    int64_t at_us;
    bool fresh;
};

struct diagnosis {
    struct guest guest;
    struct casefile c; // what is decided by: the open case, the one of the last rollback, or the last
    bool has_case, open;
    bool bound;
    struct binding binding;
    char domain[NAME_TEXT], whose[NAME_TEXT]; // "" when there is nobody to ask, or nothing to ask for
    const char *key;                          // guid or name
    struct found_record disk, probe, clock, directory, namesake, asked; // asked: the guest itself, just now
    bool log_on;
    bool others_cut; // not all guests of this host were compared
    unsigned stage;
    // the outcome
    struct cause_facts facts;
    struct case_world world;
    struct decision decision;
    struct cause cause;
};

struct diagnosis *diagnosis_free(struct diagnosis *d); // NULL is fine

// What the guest itself said just now is put over what was known of it (disk and probe). What a probe said of the
// channel stays where no log-on was asked for and the guest holds the same secret still.
void diagnosis_hear(struct diagnosis *d);
// Fills in facts, world, decision and cause from what was asked. 0 or negative errno.
int diagnosis_conclude(struct engine *e, struct diagnosis *d, struct err *err);
// Sends the records of the answer; the exit code.
int diagnosis_tell(struct session *s, const struct diagnosis *d);

// The newest witnessed rollback that nothing has proven whole since: true with its case in *ret.
bool diagnosis_rollback(struct engine *e, const char *guest, struct casefile *ret);
