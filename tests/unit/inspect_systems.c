// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// Which of several systems on a guest's disks is told, and what is said of the others.
#include "daemon/inspect/disk_systems.h"
#include "tests/unit/testing.h"

#include <string.h>

struct given {
    const char *device;
    bool windows, broken;
    enum answer joined;
    uint64_t written;
};

static struct disk_systems *systems_of(const struct given *given, size_t count)
{
    struct disk_systems *all = calloc(1, sizeof *all);

    for (size_t i = 0; i < count; i++) {
        struct disk_system *s = disk_systems_add(all, given[i].device, given[i].windows);

        assert_non_null(s);
        s->parsed = true;
        s->said.joined = given[i].joined;
        s->written = given[i].written;
        snprintf(s->said.computer, sizeof s->said.computer, "ON %s", given[i].device);
        if (given[i].broken)
            s->rc = (fail)(&s->failure, "damaged-hive", "it is damaged"); // cmocka has a macro of this name
    }
    return all;
}

static bool doubts(const struct evidence *e, const char *id)
{
    for (size_t i = 0; i < e->doubt_count; i++) {
        if (strcmp(e->doubts[i].id, id) == 0)
            return true;
    }
    return false;
}

static const struct choice {
    struct given given[3];
    size_t count;
    const char *read, *doubt; // read: NULL: none
} choices[] = {
    {{{"/dev/sda1", true, false, ANSWER_YES, 0}}, 1, "/dev/sda1", NULL},
    // Two Windows: what was written last.
    {{{"/dev/sda1", true, false, ANSWER_YES, 7}, {"/dev/sdb1", true, false, ANSWER_YES, 9}},
     2,
     "/dev/sdb1",
     "several-systems"},
    {{{"/dev/sda1", true, false, ANSWER_YES, 9}, {"/dev/sdb1", true, false, ANSWER_YES, 7}},
     2,
     "/dev/sda1",
     "several-systems"},
    // A rescue system says nothing of the membership.
    {{{"/dev/sda1", false, false, ANSWER_NO, 0}, {"/dev/sdb1", true, false, ANSWER_YES, 0}},
     2,
     "/dev/sdb1",
     "other-systems"},
    {{{"/dev/sda1", true, true, ANSWER_UNKNOWN, 0}, {"/dev/sdb1", false, false, ANSWER_YES, 0}},
     2,
     "/dev/sdb1",
     "other-systems"},
    // And nothing of a system that cannot be read.
    {{{"/dev/sda1", false, false, ANSWER_NO, 0}, {"/dev/sdb1", true, true, ANSWER_UNKNOWN, 0}},
     2,
     NULL,
     NULL},
    // The order in which an engine lists volumes does not matter.
    {{{"/dev/sdb", false, false, ANSWER_YES, 0},
      {"/dev/sda10", false, false, ANSWER_YES, 0},
      {"/dev/sda2", false, false, ANSWER_YES, 0}},
     3,
     "/dev/sda2",
     "several-systems"},
};

static void check_choice(const struct choice *c)
{
    struct disk_systems *all = systems_of(c->given, c->count);
    struct evidence *e = calloc(1, sizeof *e);
    struct failure f = {0};
    char read[64];

    evidence_init(e);
    evidence_doubt(e, "live", "kept");
    assert_int_equal(disk_systems_tell(all, e, &f), c->read ? 0 : -1);
    if (c->read) {
        snprintf(read, sizeof read, "ON %s", c->read);
        assert_string_equal(e->computer, read);
        assert_true(doubts(e, "live"));
        assert_int_equal(e->other_count, c->count - 1);
        assert_int_equal(doubts(e, "several-systems") || doubts(e, "other-systems"), c->doubt != NULL);
        assert_true(!c->doubt || doubts(e, c->doubt));
    } else {
        assert_string_equal(f.code, "damaged-hive");
    }
    free(e);
    disk_systems_free(all);
}

static void test_choice(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(choices); i++)
        check_choice(&choices[i]);
}

// What was not looked into is told beside what was.
static void test_unread(void **state)
{
    static const struct given one[] = {{"/dev/sda1", true, false, ANSWER_YES, 0}};
    struct disk_systems *all = systems_of(one, 1);
    struct evidence *e = calloc(1, sizeof *e);
    struct failure f = {0};

    (void)state;
    evidence_init(e);
    all->encrypted = "bitlocker";
    err_set(&all->unread, 0, "XFS");
    assert_int_equal(disk_systems_tell(all, e, &f), 0);
    assert_true(doubts(e, "encrypted-volume"));
    assert_true(doubts(e, "volume-not-read"));
    assert_int_equal(e->other_count, 0);
    free(e);
    disk_systems_free(all);
}

// More than are kept are counted.
static void test_many(void **state)
{
    struct disk_systems *all = calloc(1, sizeof *all);
    struct evidence *e = calloc(1, sizeof *e);
    struct failure f = {0};

    (void)state;
    evidence_init(e);
    for (int i = 0; i < SYSTEMS_MAX + 2; i++) {
        char device[16];
        struct disk_system *s;

        snprintf(device, sizeof device, "/dev/sd%c", 'a' + i);
        s = disk_systems_add(all, device, true);
        assert_int_equal(s != NULL, i < SYSTEMS_MAX);
        if (s)
            s->parsed = true;
    }
    err_set(&all->damaged, 0, "/dev/sdz: a bad place");
    assert_int_equal(disk_systems_tell(all, e, &f), 0);
    assert_true(doubts(e, "systems-left-out"));
    assert_true(doubts(e, "volume-not-read"));
    free(e);
    disk_systems_free(all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_choice), cmocka_unit_test(test_unread),
                                       cmocka_unit_test(test_many)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
