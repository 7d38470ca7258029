// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// Does a rule of `policies:` match a guest? Each condition is answered by itself, with the value that it saw. Names,
// titles and metadata are the hypervisor's words; domain and OU are those of the bound account, as the directory told
// them; the role is what the guest's disk says. What is not known yet makes a condition neither true nor false: a rule
// whose other conditions hold is then undecided, and whoever chooses must not act as if it had failed.
//
// Pure; everything is borrowed.
//
//     enum tri holds = policy_match(&rule, &guest, NULL, NULL);
#pragma once

#include "daemon/core/policyrule.h"
#include "daemon/core/words.h"

#include <stdbool.h>
#include <stddef.h>

struct policy_subject {
    const char *name;
    const char *title;  // "": it has none; NULL: libvirt has not described it yet
    const char *domain; // NULL: not bound
    const char *dn;     // NULL: not known
    enum role role;
    bool described; // metadata is known
    const struct policy_value *metadata;
    size_t metadata_count;
};

struct policy_check {
    const char *condition; // "name" "title" "metadata" "domain" "ou" "role"
    const char *wanted;    // of metadata: its pattern
    const char *key;       // of metadata; else NULL
    const char *saw;       // NULL: nothing
    enum tri holds;
    const char *why; // of unknown: what would have to be known
};

// Calls tell (may be NULL) for each condition of the rule, in the order above.
enum tri policy_match(const struct policy_match *m, const struct policy_subject *s,
                      void (*tell)(const struct policy_check *check, void *arg), void *arg);

// Does this DN lie at or below `above`? Case and blanks behind commas do not count.
bool policy_dn_below(const char *dn, const char *above);
