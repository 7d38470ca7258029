// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// Any bytes as a hive: whatever a look makes of them, it is facts or a reason, and all keys and values can be
// walked. The first byte says which hive they are (and whether the base block is mended first).
#include "daemon/inspect/hive_tree.h"
#include "daemon/inspect/windows.h"
#include "tests/fixtures/hivelog.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { AS_IS = 0x80, KEYS_WALKED = 2000, DATA_MAX = 1 << 20 };

static void look(const struct blob *bytes, enum hive_name name)
{
    _cleanup_hive_set_ struct hive_set set = {0};
    _cleanup_record_ struct record *r = NULL;
    struct blob copy;
    struct failure f = {0};
    struct evidence e;

    if (blob_copy(&copy, bytes->data, bytes->len) < 0 || source_of_blob(&copy, &set.in[name].file) < 0)
        abort();
    evidence_init(&e);
    if (windows_evidence(&set, &e, &f) != 0 && (!f.code || !f.err.text[0]))
        abort();
    r = evidence_record(&e);
    if (!r)
        abort();
}

static void read_values(const struct regf *h, const struct regf_key *key)
{
    _cleanup_free_ struct regf_value *values = NULL;
    struct err err = {0};
    size_t count;

    if (regf_values(h, key, &values, &count, &err) < 0) {
        if (!err.text[0])
            abort();
        return;
    }
    for (size_t i = 0; i < count; i++) {
        _cleanup_blob_ struct blob b = {0};
        _cleanup_free_ char *name = NULL;

        if (regf_value_name(h, &values[i], &name, &err) < 0 ||
            regf_data(h, &values[i], DATA_MAX, &b, &err) < 0) {
            if (!err.text[0])
                abort();
        } else if (b.len != values[i].len) {
            abort();
        }
    }
}

static void walk(const struct regf *h, uint32_t at, unsigned depth, unsigned *left)
{
    _cleanup_free_ uint32_t *cells = NULL;
    _cleanup_free_ char *name = NULL;
    struct regf_key key, found;
    struct err err = {0};
    size_t count = 0;

    if (*left == 0 || depth > 32)
        return;
    --*left;
    if (regf_key(h, at, &key, &err) < 0)
        return;
    read_values(h, &key);
    if (regf_key_name(h, &key, &name, &err) == 0)
        regf_find(h, &key, name, &found, &err);
    if (regf_subkeys(h, &key, &cells, &count, &err) < 0)
        return;
    for (size_t i = 0; i < count; i++)
        walk(h, cells[i], depth + 1, left);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    _cleanup_hive_files_ struct hive_files files = {0};
    _cleanup_blob_ struct blob bytes = {0};
    _cleanup_hive_ struct hive h = {0};
    unsigned left = KEYS_WALKED;
    struct err err = {0};
    struct blob copy;

    if (size < 2 || blob_copy(&bytes, data + 1, size - 1) < 0)
        return 0;
    if (!(data[0] & AS_IS) && bytes.len >= HIVE_BASE_USED)
        hivelog_mend_base(&bytes);
    look(&bytes, data[0] % HIVE_NAMES);
    if (blob_copy(&copy, bytes.data, bytes.len) < 0 || source_of_blob(&copy, &files.file) < 0)
        abort();
    if (hive_settle(&files, &h, &err) < 0) {
        if (!err.text[0])
            abort();
    } else if (hive_readable(&h)) {
        walk(&h.regf, h.regf.root, 0, &left);
    } else if (!h.reason.text[0]) {
        abort();
    }
    return 0;
}
