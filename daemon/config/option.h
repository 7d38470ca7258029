// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// The options of virtrust.yaml as three tables: of the file itself, of an entry of `domains`, of an entry of
// `policies`. The tables are the one place for key, type, default, range and explanation: the loader reads by them,
// and a test holds config/virtrust.yaml and virtrust.yaml(5) against them.
//
// Defaults are written as they would stand in the file. Strings that are set belong to the struct.
//
//     for (const struct option *o = config_options; o->key; o++) option_default(o, config);
#pragma once

#include "common/err.h"

#include <stddef.h>
#include <stdint.h>

enum option_type {
    OPTION_MODE,     // enum config_mode
    OPTION_BOOL,     // bool
    OPTION_TRISTATE, // int: -1 while left out, 0, 1
    OPTION_COUNT,    // unsigned
    OPTION_SECONDS,  // unsigned
    OPTION_MS,       // unsigned
    OPTION_STRING,   // char *, its form told by `check`
    OPTION_WORDS,    // struct config_words, the form of each told by `check`
    OPTION_DOMAINS,  // the two lists of sections
    OPTION_POLICIES,
};

struct option {
    const char *key; // with dots: look.timeout
    enum option_type type;
    size_t offset;              // in the table's struct
    const char *initial;        // NULL: none
    uint64_t min, max;          // counts; milliseconds
    int (*check)(const char *); // OPTION_STRING, OPTION_WORDS
    const char *form;           // OPTION_STRING, OPTION_WORDS: what would be right
    const char *help;
};

extern const struct option config_options[], domain_options[], policy_options[]; // closed by a NULL key

// Puts a value into `base`, the table's struct: 0, -EINVAL with "WHAT; what would be right", -ENOMEM.
// Not for lists.
int option_set(const struct option *o, void *base, const char *text, struct err *err);
// The default; memory is the only thing that can lack: 0 or -ENOMEM.
int option_default(const struct option *o, void *base);
// A further word of a list: 0, -EINVAL, -ENOMEM.
int option_add_word(const struct option *o, void *base, const char *text, struct err *err);
// Takes the words out again, so that others may stand there instead.
void option_clear_words(const struct option *o, void *base);
// An empty list that was written, other than one that was left out: items is not NULL. 0, -ENOMEM.
int option_no_words(const struct option *o, void *base);
// What stands in `base`, as it would be written in the file ("" for what is absent, "[]" for an empty list).
enum { OPTION_TEXT = 4200 };
void option_text(const struct option *o, const void *base, char ret[static OPTION_TEXT]);
