// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// The store's counts: begun when it is opened, and what they have to be.
//
//     rc = counts_open(s, &err);             // behind the schema's upgrade
//     rc = counts_anew(s, &n, &err);         // reads all of it: for tests
#pragma once

#include "daemon/store/store.h"

int counts_open(struct store *s, struct err *err);
int counts_anew(struct store *s, struct store_counts *ret, struct err *err);
