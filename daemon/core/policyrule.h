// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// What a rule of `policies:` wants of a guest (daemon/core/policy.h answers whether it gets it). Plain borrowed values;
// apart from the rest, so that whoever reads the configuration need not know core's words.
//
//     struct policy_match match = {.name = "vdi-*", .role = -1};
#pragma once

#include <stddef.h>

struct policy_value {
    const char *key, *value; // of a rule: the value is a pattern
};

// All NULL, -1 and 0: matches every guest.
struct policy_match {
    const char *name, *title; // patterns
    const char *domain;       // the DNS name of one
    const char *ou;           // a DN: the account lies below it; or a pattern over the account's DN
    int role;                 // enum role, -1: any
    const struct policy_value *metadata;
    size_t metadata_count;
};
