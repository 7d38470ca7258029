// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// Evidence for the core_judge tests: plain() is a bound member, read and asked, whose dates are the same; each test
// changes what it is about.
//
//     struct evidence e = plain();
//     add_pair(&e, 1, 10, at(0), at(0))->proven = true;
#pragma once

#include "daemon/core/judge.h"

#include "common/filetime.h"
#include "tests/unit/core_common.h"

#include <stdio.h>

enum { TOLERANCE_S = 600 };

static const int64_t second = 1000000;
static const int64_t noon = 1700000000 * INT64_C(1000000);

static inline uint64_t at(int64_t us)
{
    return filetime_from_us(noon + us);
}

static inline void print(unsigned char ret[HASH], unsigned char n)
{
    memset(ret, n, HASH);
}

// A bound member, read and asked: key version 2 on both sides unknown, dates an hour apart are for the tests to set.
static inline struct evidence plain(void)
{
    struct evidence e = {.bound = true, .tolerance_us = TOLERANCE_S * second};

    e.guest = (struct guest_side){.known = true, .joined = TRI_YES, .role = ROLE_MEMBER, .kvno = -1};
    snprintf(e.guest.sam, sizeof e.guest.sam, "WS1$");
    snprintf(e.guest.domain, sizeof e.guest.domain, "corp.test");
    snprintf(e.guest.account_sid, sizeof e.guest.account_sid, "S-1-5-21-1-2-3-1105");
    e.guest.set_at = at(0);
    e.guest.has_fingerprint = true;
    print(e.guest.fingerprint, 1);
    e.directory = (struct directory_side){.known = true, .found = TRI_YES, .kvno = -1, .uac = 0x1000};
    snprintf(e.directory.sid, sizeof e.directory.sid, "S-1-5-21-1-2-3-1105");
    e.directory.pwd_last_set = at(0);
    snprintf(e.binding.sid, sizeof e.binding.sid, "S-1-5-21-1-2-3-1105");
    snprintf(e.binding.name, sizeof e.binding.name, "WS1$");
    snprintf(e.binding.domain, sizeof e.binding.domain, "corp.test");
    return e;
}

static inline struct pair *add_pair(struct evidence *e, unsigned char fingerprint, int64_t first_us,
                                    uint64_t set_at, uint64_t pwd_last_set)
{
    struct pair *p = &e->pairs[e->pairs_count++];

    *p = (struct pair){.first_us = first_us,
                       .last_us = first_us,
                       .set_at = set_at,
                       .pwd_last_set = pwd_last_set,
                       .kvno = -1};
    print(p->fingerprint, fingerprint);
    return p;
}

static inline void expect(const struct evidence *e, enum verdict verdict, const char *cause)
{
    struct judgement j = judge(e);

    assert_string_equal(j.cause, cause);
    assert_int_equal(j.verdict, verdict);
    assert_true(j.text[0]);
}
