// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// How far a sweep has come. On a terminal one line is written over again and again; elsewhere a line stands at each
// tenth. Guests that are behind, or could not be looked at, get a line of their own as soon as that is known.
//
//     struct progress p = {0};
//     progress_record(&p, r); ...; progress_end(&p);      // records `sweep` and `looked`
#pragma once

#include "common/record.h"

struct progress {
    unsigned guests, looked, behind, unread;
    unsigned tenths; // told already, where it is no terminal
    bool open;       // a line is there to be written over
};

void progress_record(struct progress *p, const struct record *r);
void progress_end(struct progress *p); // the sum
