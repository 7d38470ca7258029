// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// Backing chains that libvirt forgets. A running guest's XML names the whole chain of each disk; an off guest's often
// names the top alone, and virtrust-inspect follows no chain that only an image's own header names (a guest writes
// that header). So the chain of the guest's last run is kept for as long as the disk's path stays the same. If the
// image was meanwhile put on another base, its header no longer fits the chain, and the look is refused with that
// reason.
//
//     chains_keep(before, now, &kept);    // kept: now, with the chains that it lacks
#pragma once

#include "common/record.h"

// A copy of `now`, to which the backing.* keys of `before` are added for each disk N whose path is the same and which
// has none of its own. before may be NULL. 0 or -ENOMEM.
int chains_keep(const struct record *before, const struct record *now, struct record **ret);
