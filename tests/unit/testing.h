// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// What several unit tests share: cmocka, and a directory of one's own to make files in (the working directory while
// the tests run; removed with everything in it).
//
//     return cmocka_run_group_tests(tests, testing_dir_make, testing_dir_remove);
#pragma once

#include "common/cleanup.h"

#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static inline int testing_dir_make(void **state)
{
    char template[] = "/tmp/virtrust-test-XXXXXX";

    if (!mkdtemp(template) || chdir(template) < 0)
        return -1;
    *state = strdup(template);
    return *state ? 0 : -1;
}

static inline int testing_remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
    (void)st, (void)flag, (void)ftw;
    return remove(path);
}

static inline int testing_dir_remove(void **state)
{
    int rc = chdir("/");

    if (*state && nftw(*state, testing_remove_one, 16, FTW_DEPTH | FTW_PHYS) < 0)
        rc = -1;
    free(*state);
    return rc;
}
