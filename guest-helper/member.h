// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// What this guest holds as a member of a domain, as far as the shared part of the helper has to know it; each system's
// own member.h has the rest. Looking writes nothing.
//
//     _cleanup_member_ struct member *m = member_look("/");
//     if (m && member_joined(m)) …
#pragma once

#include "common/cleanup.h"
#include "common/os/seal.h"
#include "guest-helper/plan.h"

struct member; // the system's

// root: "/" but in tests. NULL when out of memory; whatever else goes wrong is a state of the member.
struct member *member_look(const char *root);
struct member *member_free(struct member *m);
DEFINE_CLEANUP(struct member *, member_free);
#define _cleanup_member_ _cleanup_(member_freep)

bool member_joined(const struct member *m);
// The live fingerprint, DIGEST bytes; NULL while it cannot be had. Borrowed.
const unsigned char *member_sha256(const struct member *m);
// Does the guest hold what a journal says (`storing`) was about to be stored?
bool member_holds(const struct member *m, const unsigned char storing[static DIGEST]);
// Why it is not joined, or cannot be told; "" for a member. Borrowed.
const char *member_why(const struct member *m);
// Fills in what the member knows of the plan's facts: joined, not_readable, lsa, domain_controller, isolated,
// store_writable, and whether `sid` (NULL: none was named) is somebody else's.
void member_facts(const struct member *m, const char *sid, struct plan_facts *f);
