// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// Which DC: DNS's SRV records of the realm, by priority, else the KDCs that krb5.conf names for it; of these the first
// that accepts a connection to port 88 within a short time.
//
//     char dc[DC_NAME];
//     if (dc_find("LAB.TEST", dc, &err) == 0) puts(dc);   // dc1.lab.test
#pragma once

#include "common/err.h"

#include <stdbool.h>

enum { DC_NAME = 256 };

// 0; -ENOENT: nobody names a DC of the realm; -EHOSTUNREACH: some are named (ret holds the first), none accepts.
int dc_find(const char *realm, char ret[static DC_NAME], struct err *err);
bool dc_reachable(const char *dc);
