// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// The host's key and the store belong together: a key that is lost or another one is noticed at the start, and nothing
// else keeps virtrustd from its first one.
#include "tests/unit/attack_engine.h"

#include "daemon/engine/hoststate.h"

#include <errno.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/wait.h>

static struct hostkey key;
static struct err err;

static int start(void)
{
    _cleanup_(store_closep) struct store *s = NULL;

    (void)mkdir("state", 0700);
    err = (struct err){0};
    return hoststate_open("state", &s, &key, &err);
}

static void sql(const char *text)
{
    sqlite3 *db = NULL;

    assert_int_equal(sqlite3_open("state/virtrust.db", &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

static void told(const char *what)
{
    if (!strstr(err.text, what) || !strstr(err.text, "--new-host-key") || !strstr(err.text, "state/host.key"))
        fail_msg("no “%s”, file and next step in: %s", what, err.text);
}

static void the_first_start_makes_one(void **state)
{
    struct hostkey first;

    (void)state;
    assert_int_equal(start(), 0);
    first = key;
    assert_int_equal(start(), 0);
    assert_memory_equal(&key, &first, sizeof key);
}

// A first start that ended at any point is a first start again.
static void a_first_start_that_was_cut_short(void **state)
{
    (void)state;
    (void)mkdir("state", 0700);
    assert_int_equal(hostkey_make("state/host.key", &err), 0); // the key, and no database
    assert_int_equal(start(), 0);
    sql("DELETE FROM host"); // both, and the database does not know the key yet
    assert_int_equal(start(), 0);
    sql("DELETE FROM host");
    assert_int_equal(unlink("state/host.key"), 0); // the database, with nothing in it
    assert_int_equal(start(), 0);
}

static void a_lost_key_is_not_replaced(void **state)
{
    struct stat st;

    (void)state;
    assert_int_equal(start(), 0);
    assert_int_equal(rename("state/host.key", "kept"), 0);
    assert_int_equal(start(), -ENOKEY);
    told("the host's key is lost");
    assert_true(stat("state/host.key", &st) < 0);
    assert_int_equal(rename("kept", "state/host.key"), 0);
    assert_int_equal(start(), 0); // restored, all is well
}

// A database that was made before it kept such a value: what lies in it tells that there was a key.
static void an_older_database_without_its_key(void **state)
{
    (void)state;
    assert_int_equal(start(), 0);
    sql("DELETE FROM host; INSERT INTO journal (guid, state, blob, at_us) VALUES ('g', 'minted', x'00', 1)");
    assert_int_equal(unlink("state/host.key"), 0);
    assert_int_equal(start(), -ENOKEY);
    told("the host's key is lost");
}

static void another_key_is_noticed(void **state)
{
    (void)state;
    assert_int_equal(start(), 0);
    assert_int_equal(unlink("state/host.key"), 0);
    assert_int_equal(hostkey_make("state/host.key", &err), 0);
    assert_int_equal(start(), -EKEYREJECTED);
    told("another key");
}

// Beginning anew keeps what does not hang on the key.
static void begun_anew(void **state)
{
    _cleanup_(store_closep) struct store *s = NULL;
    struct hostkey first;
    struct stat st;

    (void)state;
    assert_int_equal(start(), 0);
    first = key;
    sql("INSERT INTO journal (guid, state, blob, at_us) VALUES ('g', 'minted', x'00', 1);"
        "INSERT INTO binding VALUES ('u', 'corp.test', 'g', 's', 'VDI-A$', 'administrator', 1)");
    assert_int_equal(hoststate_renew("state", &err), 0);
    assert_int_equal(stat("state/host.key.old", &st), 0);
    assert_int_equal(start(), 0);
    assert_memory_not_equal(&key, &first, sizeof key);
    assert_int_equal(store_open("state/virtrust.db", &s, &err), 0);
    assert_int_equal(store_needs_key(s, &err), STORE_NONE);
    assert_int_equal(store_binding_get(s, "u", &(struct binding){0}, &err), 0);
    s = store_close(s);
    assert_int_equal(unlink("state/host.key"), 0); // the case it is for
    assert_int_equal(hoststate_renew("state", &err), 0);
    assert_int_equal(start(), 0);
}

static int run(const char *options)
{
    char command[512];
    int status;

    snprintf(command, sizeof command,
             "timeout 60 \"$VIRTRUST_BIN_DIR\"/virtrustd --config virtrust.yaml %s > said 2>&1", options);
    status = system(command);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void the_program_says_so(void **state)
{
    (void)state;
    if (!getenv("VIRTRUST_BIN_DIR"))
        skip();
    stage_free(stage_new(""));
    assert_int_equal(unlink("state/host.key"), 0);
    assert_int_equal(run(""), 4);
    assert_int_equal(system("grep -q 'the host.s key is lost' said"), 0);
    assert_int_equal(run("--new-host-key"), 0);
    stage_free(stage_new(""));
}

int main(void)
{
#define ALONE(f) cmocka_unit_test_setup_teardown(f, testing_dir_make, testing_dir_remove)
    const struct CMUnitTest tests[] = {
        ALONE(the_first_start_makes_one),  ALONE(a_first_start_that_was_cut_short),
        ALONE(a_lost_key_is_not_replaced), ALONE(an_older_database_without_its_key),
        ALONE(another_key_is_noticed),     ALONE(begun_anew),
        ALONE(the_program_says_so),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
