// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// record_decode takes any bytes; what it takes encodes again, and decodes to the same.
#include "common/record.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void same(const struct record *a, const struct record *b)
{
    if (record_count(a) != record_count(b))
        abort();
    for (size_t i = 0; i < record_count(a); i++) {
        const char *key_a, *value_a, *key_b, *value_b;
        size_t len_a, len_b;

        record_at(a, i, &key_a, &value_a, &len_a);
        record_at(b, i, &key_b, &value_b, &len_b);
        if (strcmp(key_a, key_b) != 0 || len_a != len_b || memcmp(value_a, value_b, len_a) != 0)
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    _cleanup_record_ struct record *first = NULL, *second = NULL;
    _cleanup_free_ char *text = NULL;
    size_t used = 0, len = 0, used_again = 0;
    struct err err = {0};
    int rc = record_decode((const char *)data, size, &used, &first, &err);

    if (rc != 0) {
        if (first || (rc < 0 && !err.text[0]))
            abort();
        return 0;
    }
    if (used > size)
        abort();
    // Escapes of plain bytes shrink when encoded again; a value can also grow no further than it came.
    if (record_encode(first, &text, &len) < 0 || len > used)
        abort();
    if (record_decode(text, len, &used_again, &second, &err) != 0 || used_again != len)
        abort();
    same(first, second);
    return 0;
}
