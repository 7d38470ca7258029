// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// DNS SRV records: where a domain's controllers are. Answers of the network are hostile: targets with
// characters that no host name has, and more than SRV_MAX of them, are left out.
//
//     struct srv_target targets[SRV_MAX];
//     size_t n;
//     rc = srv_lookup("_ldap._tcp.dc._msdcs.corp.test", targets, &n, &err);    // ordered, first to try first
#pragma once

#include "common/err.h"
#include "daemon/directory/request.h"

#include <stddef.h>
#include <stdint.h>

enum { SRV_MAX = 32 };

struct srv_target {
    uint16_t priority, weight;
    char host[HOST_TEXT];
};

// A random number in 0..most.
typedef uint32_t srv_random(uint32_t most, void *arg);

// RFC 2782: the lowest priority first; within one, by chance, a heavier target more often. Pure.
void srv_order(struct srv_target *targets, size_t n, srv_random *random, void *arg);

// Reads a DNS answer: 0, or -EBADMSG. Pure.
int srv_parse(const unsigned char *answer, size_t len, struct srv_target ret[static SRV_MAX], size_t *ret_n);

// Asks the system's resolvers (at most about ten seconds): 0 with *ret_n > 0, -ENOENT (no such records),
// -EHOSTUNREACH (no resolver answered), -EBADMSG; with a sentence.
int srv_lookup(const char *name, struct srv_target ret[static SRV_MAX], size_t *ret_n, struct err *err);
