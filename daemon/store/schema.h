// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// The tables, and how an older database becomes one of this version: step n takes schema n to n + 1, each in a
// transaction of its own. A step that was released is never changed; a new one is added behind it (and STORE_SCHEMA
// raised).
#pragma once

#include "daemon/store/db.h"

// Refuses what is not ours (-EUCLEAN) and what is newer (-EPROTO), brings an older one up to STORE_SCHEMA.
int schema_check(struct store *s, struct err *err);
int schema_upgrade(struct store *s, struct err *err);
