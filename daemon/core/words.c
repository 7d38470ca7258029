// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/core/words.h"

#include "common/cleanup.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#define TEXT(name, text) text,

static int parse(const char *const *texts, size_t count, const char *text)
{
    for (size_t i = 0; text && i < count; i++)
        if (strcmp(texts[i], text) == 0)
            return (int)i;
    return -EINVAL;
}

// A value out of its range (a damaged database) reads as "?", never beyond the table.
#define WORDS(enumeration, noun, LIST)                                               \
    static const char *const noun##_texts[] = {LIST(TEXT)};                          \
    const char *noun##_text(enumeration v)                                           \
    {                                                                                \
        return (size_t)v < ARRAY_SIZE(noun##_texts) ? noun##_texts[(size_t)v] : "?"; \
    }                                                                                \
    int noun##_parse(const char *text)                                               \
    {                                                                                \
        return parse(noun##_texts, ARRAY_SIZE(noun##_texts), text);                  \
    }

WORDS(enum signal_kind, signal_kind, SIGNAL_KINDS)
WORDS(enum rollback_kind, rollback_kind, ROLLBACK_KINDS)
WORDS(enum verdict, verdict, VERDICTS)
WORDS(enum outcome, outcome, OUTCOMES)
WORDS(enum case_state, case_state, CASE_STATES)
WORDS(enum job_state, job_state, JOB_STATES)
WORDS(enum role, role, ROLES)
