// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// What Netlogon knows and does: finding a DC, and the secure channel to it. Each call is told by both of its
// numbers, the return code and the status that comes with it (a call may succeed and carry the channel's failure).
//
//     struct channel c = netlogon_verify("CORP");
//     if (c.state == CHANNEL_HEALTHY) …
#pragma once

#include "common/err.h"

#include <stddef.h>
#include <stdint.h>

enum { NETLOGON_NAME = 256 };

struct dc {
    char name[NETLOGON_NAME]; // dc1.corp.test, without backslashes
    char site[NETLOGON_NAME], client_site[NETLOGON_NAME];
    char forest[NETLOGON_NAME];
};
// A writable DC of this DNS domain, as the system would choose it. 0 or -EHOSTUNREACH with a sentence.
int netlogon_find_dc(const char *domain, struct dc *ret, struct err *err);

enum channel_state { CHANNEL_HEALTHY, CHANNEL_BROKEN, CHANNEL_UNKNOWN };

struct channel {
    enum channel_state state;
    uint32_t rc, status;    // Windows error codes
    const char *code;       // "ok", "access-denied", "trust-failed", "no-dc", "clock-skew" …
    char dc[NETLOGON_NAME]; // which DC answered
};
struct channel netlogon_verify(const char *domain);
// dc NULL: any.
struct channel netlogon_rediscover(const char *domain, const char *dc);
// Netlogon makes, stores and announces a new machine password.
struct channel netlogon_change_password(const char *domain);
// What the two numbers mean (pure).
void netlogon_classify(struct channel *c);
const char *netlogon_text(const struct channel *c, char *ret, size_t size);
