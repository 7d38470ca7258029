// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// The domain controllers that gave no answer, out of the directory's answers (each names all that were asked), for
// `virtrust status`. Since the start alone, so many at most, and forgotten when nothing was heard of them for an hour.
//
//     silent_note(&e->silent, "corp.test", answer, now_us());
#pragma once

#include "common/record.h"
#include "daemon/core/types.h"

#include <stddef.h>

enum { SILENT_MOST = 16 };

struct silent_dcs {
    size_t n;
    struct {
        char dc[NAME_TEXT], domain[NAME_TEXT];
        int64_t since_us, last_us;
    } items[SILENT_MOST];
};

void silent_note(struct silent_dcs *s, const char *domain, const struct record *answer, int64_t now_us);
// One sentence about the i-th that is still so; false behind the last.
bool silent_text(struct silent_dcs *s, size_t i, int64_t now_us, char *ret, size_t size);
