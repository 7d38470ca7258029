// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// Any bytes as a keytab: every key lies within them, and the machine's entry is one of the entries.
#include "common/keytab.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct keytab_machine m;
    struct keytab_reader r;
    struct keytab_entry e;
    struct err err = {0};
    unsigned entries = 0;
    int rc = keytab_open(&r, data, size, &err);

    while (rc == 0 && (rc = keytab_next(&r, &e, &err)) == 0) {
        entries++;
        if (e.key < data || e.key + e.key_len > data + size || e.key_len == 0)
            abort();
        if (strlen(e.principal) >= KEYTAB_NAME_MAX || strlen(e.realm) >= KEYTAB_NAME_MAX)
            abort();
    }
    if (rc < 0 && !err.text[0])
        abort();
    // A file is taken or refused as a whole, by both ways of reading it.
    rc = keytab_machine(data, size, NULL, &m, &err) < 0 ? (rc < 0 ? 0 : 1) : rc < 0;
    if (rc != 0)
        abort();
    if (keytab_machine(data, size, NULL, &m, &err) == 0 &&
        (m.entries != entries || !keytab_is_machine(&m.entry)))
        abort();
    return 0;
}
