// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// The workers' records as core's evidence. The records may come from hostile guests: each field is looked at, and
// what does not fit its form is unknown.
//
//     side_of_disk(evidence_record, &engine->key, &world.evidence.guest);
#pragma once

#include "common/record.h"
#include "daemon/core/judge.h"
#include "daemon/engine/hostkey.h"

// `evidence` or `error` of virtrust-inspect; NULL: not looked yet.
void side_of_disk(const struct record *r, const struct hostkey *key, struct guest_side *ret);
// `account` or `error` of virtrust-directory; NULL: not asked.
void side_of_directory(const struct record *r, int64_t now_us, struct directory_side *ret);
// A binding out of an `account` answer: 0, or -EBADMSG when it names no GUID or SID.
int binding_of_account(const struct record *r, const char *guest, const char *domain, const char *how,
                       int64_t now_us, struct binding *ret);
