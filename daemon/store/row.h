// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// A struct of daemon/core/types.h as a row: one line a column, used for binding, reading and the SQL alike. Words are
// stored as their texts, a set of signals as its words with blanks between; a FILETIME as the signed number with the
// same bits; bytes with a has_ flag as NULL while the flag is down.
//
//     static const struct column columns[] = {
//         COLUMN(struct binding, guest), COLUMN(struct binding, since_us),
//     };
//     static const struct table binding_table = TABLE("binding", struct binding, columns);
#pragma once

#include "common/cleanup.h"
#include "daemon/core/types.h"

#include <stddef.h>

enum column_kind {
    COLUMN_TEXT,
    COLUMN_I64,
    COLUMN_U64,
    COLUMN_U32,
    COLUMN_BOOL,
    COLUMN_BYTES,
    COLUMN_WORD,  // an enum
    COLUMN_WORDS, // a uint64_t, a bit a value of the enum
};

struct words {
    const char *(*text)(int value);
    int (*parse)(const char *text);
    int count;
};

extern const struct words signal_words, rollback_words, verdict_words, outcome_words, case_state_words,
    job_state_words, role_words;

struct column {
    const char *name;
    enum column_kind kind;
    size_t offset, size;
    const struct words *words; // COLUMN_WORD, COLUMN_WORDS
    bool optional;             // COLUMN_BYTES with a flag
    size_t flag;               // the flag's offset
};

struct table {
    const char *name;
    const struct column *columns; // the first is the key
    size_t count;
    size_t size; // of the struct
};

enum { ROW_MAX = 4096 }; // bytes of the largest struct

#define COLUMN_KIND(type, field) \
    _Generic(((type *)NULL)->field,       \
        bool: COLUMN_BOOL,                \
        int64_t: COLUMN_I64,              \
        uint64_t: COLUMN_U64,             \
        uint32_t: COLUMN_U32,             \
        char *: COLUMN_TEXT,              \
        unsigned char *: COLUMN_BYTES)
#define COLUMN_PLACE(type, field) .offset = offsetof(type, field), .size = sizeof(((type *)NULL)->field)

#define COLUMN_NAMED(text, type, field)                                             \
    {                                                                               \
        .name = (text), .kind = COLUMN_KIND(type, field), COLUMN_PLACE(type, field) \
    }
#define COLUMN(type, field) COLUMN_NAMED(#field, type, field)
#define COLUMN_FLAGGED(type, field, has)                                                   \
    {                                                                                      \
        .name = #field, .kind = COLUMN_BYTES, COLUMN_PLACE(type, field), .optional = true, \
        .flag = offsetof(type, has)                                                        \
    }
#define COLUMN_OF_WORDS(text, type, field, which, list)                              \
    {                                                                                \
        .name = (text), .kind = (which), COLUMN_PLACE(type, field), .words = &(list) \
    }

#define TABLE(text, type, list)                                                            \
    {                                                                                      \
        .name = (text), .columns = (list), .count = ARRAY_SIZE(list), .size = sizeof(type) \
    }
