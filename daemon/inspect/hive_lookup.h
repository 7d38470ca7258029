// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// Facts out of a hive by table: where a value stands, what it is, and what the fact is called. A value that is not
// there is unknown; one that cannot be read is unknown with the doubt damaged-hive.
//
//     static const struct lookup table[] = {
//         {"time.type", {"Services", "W32Time", "Parameters"}, "Type", LOOKUP_TEXT},
//     };
//     struct lookup_in in = {.h = &hive.regf, .top = "ControlSet001", .hive = "SYSTEM", .e = &e};
//     lookup_facts(&in, table, ARRAY_SIZE(table));
#pragma once

#include "daemon/inspect/evidence.h"

enum { LOOKUP_PATH_MAX = 6 };

enum lookup_kind {
    LOOKUP_TEXT,
    LOOKUP_NUMBER,
    LOOKUP_FLAG,  // a number as 0 or 1
    LOOKUP_START, // how a service starts: "automatic", "manual", "disabled", "boot"
    LOOKUP_TIME,  // eight bytes, a FILETIME
};

struct lookup {
    const char *fact;
    const char *path[LOOKUP_PATH_MAX];
    const char *value;
    enum lookup_kind kind;
};

struct lookup_in {
    const struct regf *h;
    const char *top;  // a key before every path; NULL: none
    const char *hive; // its name, for the doubt
    struct evidence *e;
};

void lookup_facts(const struct lookup_in *in, const struct lookup table[], size_t count);
// The pieces of it: 0, REGF_NO_SUCH, also after a doubt. path ends with NULL.
int lookup_key(const struct lookup_in *in, const char *const path[], struct regf_key *ret);
int lookup_text(const struct lookup_in *in, const char *const path[], const char *value,
                char ret[static HIVE_TEXT_MAX]);
int lookup_u32(const struct lookup_in *in, const char *const path[], const char *value, uint32_t *ret);
