// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// What the watcher has heard and not told yet: noted down at once, described in its turn, in order. A note owns its
// domain reference, its hook message and its spool file's name.
//
//     struct note *n = notes_add(&notes, "event", SIGNAL_STARTED_BOOTED, "started/booted");
//     while ((n = notes_take(&notes))) { r = note_signal(n, connection, fs); …; note_free(n); }
#pragma once

#include "daemon/core/words.h"
#include "daemon/watch/describe.h"

enum { NOTE_DETAIL = 64 };

struct note {
    const char *source; // static: "event" "hook" "scan" "watch"
    enum signal_kind kind;
    char detail[NOTE_DETAIL];
    int64_t at_us;
    unsigned scan;       // number of the scan that it belongs to; 0: none
    virDomainPtr domain; // NULL: not of a guest, or of the hook
    struct record *hook; // the hook's message
    char *spool;         // its file
    struct note *next;
};

struct notes {
    struct note *first, **last;
    size_t count, max;
};

void notes_init(struct notes *list, size_t max);
// Borrowed, to be filled in; at_us is now. NULL: too many, or no memory.
struct note *notes_add(struct notes *list, const char *source, enum signal_kind kind, const char *detail);
struct note *notes_take(struct notes *list); // the oldest, the caller's; NULL: none
bool notes_hold_spool(const struct notes *list, const char *spool);
void note_free(struct note *n);

// The signal that a note becomes, with the guest's description as it is now (`connection` may be NULL). NULL when it
// is of no guest that could be named, or when out of memory.
struct record *note_signal(const struct note *n, virConnectPtr connection, struct filestat *fs);
// The same without the description, for one that is beyond a record's caps: `full` names the guest.
struct record *note_bare_signal(const struct note *n, const struct record *full);
