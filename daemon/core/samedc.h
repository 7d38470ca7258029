// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// Do host and guest see the same directory? A copy of a guest that lives in an isolated network beside a copy of its
// domain controller finds everything as it was: names, addresses, its account, the DC's very identity. Two copies of
// one DC differ only in how many changes they have taken since they parted. So both read, without a log-on, the DC's
// instance (the objectGUID of its NTDS settings) and its highest committed USN, in this order:
//
//     the guest (probe) ≤ the host, which then changes a mark of its own there < the guest (store-check) ≤ the host
//
// The guest's second reading must lie behind the host's mark and before the host's last reading: a copy, even one that
// was taken a moment ago of a DC at rest, has not taken that change. A reading that is not known fits nothing.
//
//     if (same_dc(&job->seen, &sight, text, sizeof text) == SAME_DC_OTHER) …
#pragma once

#include "common/record.h"
#include "daemon/core/types.h"

enum same_dc {
    SAME_DC_FITS,
    SAME_DC_OTHER,  // another DC, or another life of the same one
    SAME_DC_UNTOLD, // a reading is missing, or is in no form that can be compared
};

// Reads `dc_instance` and `dc_usn` of a worker's or a helper's answer; what does not fit their form is unknown.
struct dc_sight dc_sight_of(const struct record *r);

// Does a reading follow on an earlier one, as one DC's readings do? ret_text: why not, one sentence.
enum same_dc same_dc(const struct dc_sight *before, const struct dc_sight *after, char *ret_text,
                     size_t size);
