// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// What `virtrust inspect` tells of a Windows guest beside its membership, as JSON and as text. null is unknown.
//
//     inspect_windows_json(j, record);      // adds windows, resolver, time, … to the object
#pragma once

#include "common/record.h"

#include <jansson.h>

void inspect_windows_json(json_t *j, const struct record *r);
// To the object of the policy.
void inspect_policy_json(json_t *policy, const struct record *r);
// Calls line(label, value) for each that is known.
void inspect_windows_text(const struct record *r, void (*line)(const char *label, const char *value));
