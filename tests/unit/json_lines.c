// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// Records of a long list as JSON: the same bytes as by a tree.
#include "daemon/cli/json_line.h"

#include "tests/unit/testing.h"

#include <stdlib.h>

// false: only a tree can hold it.
static bool same(struct json_lines *l, const struct record *r)
{
    json_t *tree = json_of_record(r);
    char *want = json_dumps(tree, JSON_SORT_KEYS);
    size_t len = 0;
    const char *got = json_lines_record(l, r, &len);

    if (got && (len != strlen(want) || memcmp(got, want, len) != 0))
        fail_msg("%.*s\nis not\n%s", (int)len, got, want);
    free(want);
    json_decref(tree);
    return got;
}

static struct record *guest(const char *key, const char *value)
{
    struct record *r = record_new("guest");

    record_add(r, "uuid", "0-1");
    record_add(r, "name", "vm1");
    record_add(r, "bound", "1");
    record_add(r, "last_seen_us", "1700000000000001");
    record_add(r, key, value);
    record_add(r, "case", "17");
    return r;
}

static void the_same_bytes(void **state)
{
    static const struct {
        const char *key, *value;
        bool flat;
    } rows[] = {
        {"text", "plain", true},
        {"text", "\"quoted\" \\ \x01\t\n", true},
        {"text",
         "Gr\xc3\xbc\xc3\x9f"
         "e \xf0\x9f\x98\x80 \x7f",
         true},
        {"text", "not UTF-8: \xff\xc3", true},
        {"text", "", true},
        {"open_case", "-5", true},
        {"open_case", "007", true},
        {"open_case", "many", true},
        {"genid", "0", true},
        {"genid", "perhaps", true},
        {"last_look_us", "0", true},
        {"last_look_us", "-99999999999999999", true},
        {"last_look_us", "then", false},
        {"last_seen", "the same name as a time", false},
        {"disk.0.path", "/x", false},
        {"_us", "5", true},
        {"a-key_2", "v", true},
    };
    struct json_lines l = {0};

    (void)state;
    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
            _cleanup_record_ struct record *r = guest(rows[i].key, rows[i].value);

            assert_int_equal(same(&l, r), rows[i].flat);
        }
    }
    json_lines_done(&l);
}

static void few_keys_and_many(void **state)
{
    struct json_lines l = {0};

    (void)state;
    for (unsigned count = 0; count < 2 * JSON_SHAPE_KEYS; count++) {
        _cleanup_record_ struct record *r = record_new("guest");
        char key[32];

        for (unsigned i = 0; i < count; i++) {
            snprintf(key, sizeof key, "k%u", i * 37 % 101);
            record_add_u64(r, key, i);
        }
        assert_int_equal(same(&l, r), count > 0 && count <= JSON_SHAPE_KEYS);
    }
    json_lines_done(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_bytes),
        cmocka_unit_test(few_keys_and_many),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
