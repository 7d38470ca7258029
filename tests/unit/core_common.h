// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// What the tests of daemon/core share. record_of() makes a record out of "key=value key=value" (values without
// blanks; "" is a record of the type alone); the caller frees it.
//
//     _cleanup_record_ struct record *r = record_of("probe", "joined=1 channel=broken");
#pragma once

#include "common/record.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static inline struct record *record_of(const char *type, const char *pairs)
{
    struct record *r = record_new(type);
    _cleanup_free_ char *copy = strdup(pairs);
    char *rest = copy, *word;

    assert_non_null(r);
    assert_non_null(copy);
    while ((word = strsep(&rest, " "))) {
        char *eq = strchr(word, '=');

        if (!word[0])
            continue;
        assert_non_null(eq);
        *eq = '\0';
        record_add(r, word, eq + 1);
    }
    return r;
}
