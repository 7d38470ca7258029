// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// A database of an older schema: what lay in it is still there, and what is new in it says "unknown".
#include "tests/store/fixture.h"

#include <assert.h>

// What the upgrade's steps added, taken out again: the n-th leads from schema n + 2 back to n + 1.
static const char *const downgrades[] = {
    "ALTER TABLE job DROP COLUMN verdict",
    "ALTER TABLE job DROP COLUMN no_rotation",
    "ALTER TABLE journal DROP COLUMN dc",
    "ALTER TABLE guest DROP COLUMN burst_xml_rewritten",
    "DROP TABLE host",
    "DROP TRIGGER fact_goes; DROP TABLE fact; DROP TABLE attempt; DROP TABLE breaker",
    "DROP TABLE line",
    "DROP TABLE loan; ALTER TABLE job DROP COLUMN lends; ALTER TABLE job DROP COLUMN lent",
    "DROP INDEX casefile_quiet",
    "ALTER TABLE job DROP COLUMN dc_instance; ALTER TABLE job DROP COLUMN dc_usn;"
    "ALTER TABLE job DROP COLUMN dc_marked; ALTER TABLE job DROP COLUMN same_directory",
    "ALTER TABLE guest DROP COLUMN away",
};
static_assert(ARRAY_SIZE(downgrades) == STORE_SCHEMA - 1, "a way back from every step");

static void back_to(struct fixture *f, int schema)
{
    char text[64];

    fixture_close(f);
    for (int n = STORE_SCHEMA - 1; n >= schema; n--)
        raw_sql(f->path, downgrades[n - 1]);
    snprintf(text, sizeof text, "PRAGMA user_version = %d", schema);
    raw_sql(f->path, text);
    fixture_reopen(f);
}

static void every_older_schema(void **state)
{
    struct fixture *f = *state;

    for (int schema = STORE_SCHEMA - 1; schema >= 1; schema--) {
        struct casefile c;
        enum journal_state journal;
        char dc[NAME_TEXT], blob[16];
        struct job put, got;
        struct guest g;
        size_t len;

        sample_case((unsigned)schema, &c);
        OK(store_case_add(f->store, &c, &f->err));
        sample_job((unsigned)schema, c.id, &put);
        put.state = JOB_ENDED;
        put.verdict = VERDICT_BEHIND;
        put.no_rotation = true;
        OK(store_job_add(f->store, &put, &f->err));
        sample_guest(1, &g);
        g.burst.xml_rewritten = true;
        OK(store_guest_put(f->store, &g, &f->err));
        OK(store_journal_put(f->store, "g", JOURNAL_MINTED, "dc1", "blob", 4, 1, &f->err));
        back_to(f, schema);
        OK(store_job_of_case(f->store, c.id, &got, &f->err));
        assert_int_equal(got.id, put.id);
        assert_string_equal(got.text, put.text);
        assert_int_equal(got.rereads, put.rereads);
        assert_int_equal(got.verdict, schema < 2 ? VERDICT_UNKNOWN : VERDICT_BEHIND);
        assert_int_equal(got.no_rotation, schema >= 3);
        OK(store_journal_get(f->store, "g", &journal, dc, blob, sizeof blob, &len, &f->err));
        assert_true(journal == JOURNAL_MINTED && len == 4);
        assert_string_equal(dc, schema < 4 ? "" : "dc1");
        OK(store_guest_get(f->store, sample_uuid(1), &g, &f->err));
        assert_int_equal(g.burst.xml_rewritten, schema >= 5);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_older_schema),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
