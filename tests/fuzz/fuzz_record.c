// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// record_decode takes any bytes; what it takes encodes again, and decodes to the same. As a long list they give the
// same records, too, and end at the same place.
#include "common/record_list.h"

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

static void as_a_list(const uint8_t *data, size_t size)
{
    _cleanup_free_ char *copy = malloc(size + 1);
    struct record_list list = {0};
    int rc = 0;

    if (!copy)
        return;
    memcpy(copy, data, size);
    for (size_t at = 0; rc == 0 && at < size;) {
        _cleanup_record_ struct record *want = NULL;
        const struct record *got = NULL;
        size_t used = 0, want_used = 0;

        rc = record_decode((const char *)data + at, size - at, &want_used, &want, NULL);
        if (record_list_next(&list, copy + at, size - at, &used, &got, NULL) != rc || used != want_used)
            abort();
        if (rc == 0)
            same(got, want);
        at += used;
    }
    record_list_done(&list);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    _cleanup_record_ struct record *first = NULL, *second = NULL;
    _cleanup_free_ char *text = NULL;
    size_t used = 0, len = 0, used_again = 0;
    struct err err = {0};
    int rc = record_decode((const char *)data, size, &used, &first, &err);

    as_a_list(data, size);
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
