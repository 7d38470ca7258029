// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// One answer out of those of all DCs: for each account the words of the DC that holds its newest password, and besides
// them which DCs hold an older one, or the account not at all, or did not answer. Pure: records in, a record out.
//
//     struct record *r = newest_account(views, n);
#pragma once

#include "common/record.h"

struct dc_answer {
    const char *dc;
    const struct record *answer; // `account`, `accounts`, or `error`
    int64_t age_us;              // since it came
};

// Both NULL when no DC answered (or there is no memory). The caller frees.
struct record *newest_account(const struct dc_answer *views, size_t n);
struct record *newest_accounts(const struct dc_answer *views, size_t n, size_t questions);

// The `error` that stands for all of them: that of the first that is not merely out of reach, else the first's.
struct record *newest_error(const struct dc_answer *views, size_t n);
