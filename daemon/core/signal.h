// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// What signals mean. A rollback tells of itself in several ways (events, hook calls, a scan); they are gathered into a
// burst, and the burst is classified once the guest has been quiet for the settle time. The table is FACTS' (libvirt
// 9.0): DEFINED/FROM_SNAPSHOT marks a revert of a persistent guest, STARTED/FROM_SNAPSHOT of a transient one;
// STOPPED/FROM_SNAPSHOT alone is `snapshot-create --halt`, no revert.
//
//     signal_take(&guest, SIGNAL_DEFINED_FROM_SNAPSHOT, at_us, old, description);
//     if (signal_settled(&guest.burst, settle_us, now)) r = signal_classify(&guest, description, &looks);
#pragma once

#include "common/record.h"
#include "daemon/core/types.h"

// Changes the guest by one signal. `before` is the remembered description (NULL: never seen), `now` the signal itself
// with its description. Nothing is remembered besides *g.
void signal_take(struct guest *g, enum signal_kind kind, int64_t at_us, const struct record *before,
                 const struct record *now);

// Is the burst over? False while there is none.
bool signal_settled(const struct burst *b, int64_t settle_us, int64_t now_us);

struct rollback {
    enum rollback_kind kind; // NONE and SNAPSHOT_HALT: no case
    bool witnessed;          // a rollback was seen; false: only a reason to look
    char text[LONG_TEXT];    // one sentence for the case's first step
};

struct signal_policy {
    bool look_on_first_sight, look_on_every_start;
};

struct rollback signal_classify(const struct guest *g, const struct record *description,
                                const struct signal_policy *policy);

// Does this kind supersede an open case (time moved again), or is it only another reason to look?
bool rollback_is_new(enum rollback_kind kind);
