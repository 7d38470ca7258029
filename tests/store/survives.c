// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// All or nothing: transactions, failed changes, kill -9, a full disk; and no secret left behind.
#include "tests/store/fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>

static const char secret[] = "sealed-canary-7d1f0c2a-sealed-canary-7d1f0c2a";

static unsigned open_cases(struct fixture *f)
{
    struct store_counts c = {0};

    OK(store_counts(f->store, &c, &f->err));
    return c.open_cases;
}

static int add_case(struct fixture *f, unsigned n)
{
    struct casefile c;

    sample_case(n, &c);
    return store_case_add(f->store, &c, &f->err);
}

static void a_rollback_takes_all_back(void **state)
{
    struct fixture *f = *state;

    store_rollback(f->store); // fine without a transaction
    OK(store_begin(f->store, &f->err));
    assert_int_equal(store_begin(f->store, &f->err), -EALREADY);
    OK(add_case(f, 1));
    OK(add_case(f, 2));
    assert_int_equal(open_cases(f), 2);
    store_rollback(f->store);
    assert_int_equal(open_cases(f), 0);
    assert_int_equal(store_commit(f->store, &f->err), -EINVAL);
    OK(store_begin(f->store, &f->err));
    OK(add_case(f, 3));
    OK(store_commit(f->store, &f->err));
    fixture_reopen(f);
    assert_int_equal(open_cases(f), 1);
}

static void closing_is_not_committing(void **state)
{
    struct fixture *f = *state;

    OK(store_begin(f->store, &f->err));
    OK(add_case(f, 1));
    fixture_reopen(f);
    assert_int_equal(open_cases(f), 0);
}

// After a change that failed, the transaction takes nothing more, even from a caller that did not look.
static void a_failed_change_fails_the_transaction(void **state)
{
    struct fixture *f = *state;
    struct casefile c;
    struct job j;

    for (int how = 0; how < 3; how++) {
        OK(store_begin(f->store, &f->err));
        OK(add_case(f, 1));
        sample_job(1, 999, &j);
        sample_case(2, &c);
        if (how == 0) {
            assert_int_equal(store_job_add(f->store, &j, &f->err), -EINVAL); // no such case
        } else if (how == 1) {
            c.verdict = (enum verdict)99;
            assert_int_equal(store_case_add(f->store, &c, &f->err), -EINVAL); // no such word
            assert_non_null(strstr(f->err.text, "verdict"));
        } else {
            assert_int_equal(store_journal_put(f->store, "g", JOURNAL_NONE, "dc1", "", 0, 1, &f->err),
                             -EINVAL);
        }
        assert_int_equal(add_case(f, 3), -ECANCELED);
        assert_int_equal(open_cases(f), 0); // reading goes on
        assert_int_equal(store_commit(f->store, &f->err), -ECANCELED);
        OK(store_begin(f->store, &f->err));
        store_rollback(f->store);
    }
    assert_int_equal(open_cases(f), 0);
    OK(add_case(f, 4));
}

static int no_row_is_asked(const struct guest *g, void *arg)
{
    (void)g;
    (void)arg;
    return -EXDEV;
}

static void an_error_inside_a_walk(void **state)
{
    struct fixture *f = *state;
    struct guest g;

    sample_guest(1, &g);
    OK(store_guest_put(f->store, &g, &f->err));
    OK(store_begin(f->store, &f->err));
    assert_int_equal(store_guest_absent(f->store, INT64_MAX, no_row_is_asked, NULL, &f->err), -EXDEV);
    store_rollback(f->store);
    OK(store_guest_get(f->store, g.uuid, &g, &f->err));
    assert_true(g.present);
}

// ---- kill -9 ----

// Runs the body in a process that is killed at its end (or before: an exit is a failure of the body).
static void in_a_killed_process(struct fixture *f, void (*body)(struct fixture *f))
{
    int status;
    pid_t pid;

    fixture_close(f);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        if (store_open(f->path, &f->store, &f->err) < 0)
            _exit(1);
        body(f);
        raise(SIGKILL);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGKILL);
}

static void begun_only(struct fixture *f)
{
    if (store_begin(f->store, NULL) < 0 || add_case(f, 1) < 0 ||
        store_journal_put(f->store, "g", JOURNAL_MINTED, "dc1", secret, sizeof secret, 1, NULL) < 0)
        _exit(1);
    for (unsigned n = 0; n < 3000; n++) // more than the cache keeps: pages go to the WAL before the commit
        if (add_case(f, n) < 0)
            _exit(1);
}

static void committed(struct fixture *f)
{
    if (store_begin(f->store, NULL) < 0 || add_case(f, 1) < 0 || add_case(f, 2) < 0 ||
        store_commit(f->store, NULL) < 0)
        _exit(1);
}

static void begun_after_commits(struct fixture *f)
{
    committed(f);
    begun_only(f);
}

static void killed_before_the_commit(void **state)
{
    struct fixture *f = *state;

    in_a_killed_process(f, begun_only);
    fixture_reopen(f);
    assert_int_equal(open_cases(f), 0);
}

static void killed_after_the_commit(void **state)
{
    struct fixture *f = *state;
    struct stat st;

    in_a_killed_process(f, committed);
    assert_int_equal(stat(f->wal, &st), 0); // that is how the next one knows
    fixture_reopen(f);
    assert_int_equal(open_cases(f), 2);
    in_a_killed_process(f, begun_after_commits);
    fixture_reopen(f);
    assert_int_equal(open_cases(f), 4);
}

// ---- secrets ----

static bool secret_lies_there(struct fixture *f)
{
    return file_holds(f->path, secret, sizeof secret) || file_holds(f->wal, secret, sizeof secret);
}

static void put_secret(struct fixture *f, const char *guid)
{
    OK(store_journal_put(f->store, guid, JOURNAL_MINTED, "dc1", secret, sizeof secret, 1, &f->err));
    OK(add_case(f, 1)); // other pages move too
    assert_true(secret_lies_there(f));
}

static void a_wiped_secret_is_gone(void **state)
{
    struct fixture *f = *state;

    put_secret(f, "g");
    OK(store_journal_wipe(f->store, "g", &f->err));
    assert_false(secret_lies_there(f)); // at once, not at the next checkpoint
    put_secret(f, "g");
    OK(store_begin(f->store, &f->err));
    OK(store_journal_wipe(f->store, "g", &f->err));
    OK(add_case(f, 2));
    store_rollback(f->store);
    assert_true(secret_lies_there(f)); // not wiped
    OK(store_begin(f->store, &f->err));
    OK(store_journal_wipe(f->store, "g", &f->err));
    OK(add_case(f, 2));
    OK(store_commit(f->store, &f->err));
    assert_false(secret_lies_there(f));
}

static void a_replaced_secret_is_gone(void **state)
{
    struct fixture *f = *state;

    put_secret(f, "g");
    OK(store_journal_put(f->store, "g", JOURNAL_MINTED, "dc1", "another", 7, 2, &f->err));
    assert_false(secret_lies_there(f));
}

static void a_secret_that_filled_pages_is_gone(void **state)
{
    struct fixture *f = *state;
    char *large = malloc(100000);

    assert_non_null(large);
    for (size_t at = 0; at < 100000; at++)
        large[at] = secret[at % sizeof secret];
    OK(store_journal_put(f->store, "g", JOURNAL_MINTED, "dc1", large, 100000, 1, &f->err));
    free(large);
    OK(add_case(f, 1));
    assert_true(secret_lies_there(f));
    OK(store_journal_wipe(f->store, "g", &f->err));
    assert_false(secret_lies_there(f));
}

// Killed between the commit of a wipe and the emptying of the WAL: the next opening does it.
static void a_secret_in_a_left_wal_is_gone(void **state)
{
    struct fixture *f = *state;
    char sql[512];
    int status;
    pid_t pid;

    fixture_close(f);
    snprintf(sql, sizeof sql,
             "PRAGMA secure_delete = 1; PRAGMA wal_autocheckpoint = 0;"
             "INSERT INTO journal (guid, state, blob, at_us) VALUES ('g', 'minted', CAST('%s' AS BLOB), 1); "
             "DELETE FROM journal;",
             secret);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        sqlite3 *db;

        if (sqlite3_open(f->path, &db) != SQLITE_OK || sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
            _exit(1);
        raise(SIGKILL);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status));
    assert_true(file_holds(f->wal, secret, sizeof secret - 1));
    fixture_reopen(f);
    assert_false(file_holds(f->path, secret, sizeof secret - 1));
    assert_false(file_holds(f->wal, secret, sizeof secret - 1));
}

// ---- a full disk ----

static void fill_up(const char *path)
{
    static const char block[4096];
    _cleanup_close_ int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

    assert_true(fd >= 0);
    for (size_t size = sizeof block; size; size /= 2)
        while (write(fd, block, size) > 0)
            ;
    assert_int_equal(errno, ENOSPC);
}

static void assert_disk_full(struct fixture *f, int rc)
{
    assert_int_equal(rc, -ENOSPC);
    assert_non_null(strstr(f->err.text, f->path));
    assert_non_null(strstr(f->err.text, "free some space"));
}

static void writes_on_a_full_disk(struct fixture *f, const char *filler)
{
    unsigned before, n = 0;
    int rc;

    for (; n < 5; n++)
        OK(add_case(f, n));
    fill_up(filler);
    while ((rc = add_case(f, n)) == 0) // the WAL may have room left for some
        assert_true(++n < 10000);
    assert_disk_full(f, rc);
    before = open_cases(f);
    assert_int_equal(before, n);
    OK(store_begin(f->store, &f->err));
    for (rc = 0; rc == 0 && n < 10000; n++)
        rc = add_case(f, n);
    if (rc == 0)
        rc = store_commit(f->store, &f->err);
    else
        store_rollback(f->store);
    assert_disk_full(f, rc);
    assert_int_equal(open_cases(f), before);
    assert_int_equal(unlink(filler), 0);
    OK(add_case(f, n)); // goes on by itself
    assert_int_equal(open_cases(f), before + 1);
    fixture_reopen(f);
    assert_int_equal(open_cases(f), before + 1);
}

static void opens_on_a_full_disk(struct fixture *f, const char *filler)
{
    fill_up(filler);
    fixture_close(f);
    unlink(f->path);
    fill_up(filler);
    assert_disk_full(f, store_open(f->path, &f->store, &f->err));
    assert_null(f->store);
    assert_int_equal(unlink(filler), 0);
    OK(store_open(f->path, &f->store, &f->err));
    assert_int_equal(open_cases(f), 0);
}

static void a_full_disk(void **state)
{
    struct fixture *f = *state;
    char filler[96];

    if (geteuid() != 0 || unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0) {
        print_message("skipped: a small file system of its own needs root and mount namespaces\n");
        skip();
    }
    fixture_close(f);
    assert_int_equal(mount("none", f->dir, "tmpfs", 0, "size=1m,mode=0700"), 0);
    snprintf(filler, sizeof filler, "%s/filler", f->dir);
    OK(store_open(f->path, &f->store, &f->err));
    writes_on_a_full_disk(f, filler);
    opens_on_a_full_disk(f, filler);
    fixture_close(f);
    assert_int_equal(umount2(f->dir, MNT_DETACH), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_rollback_takes_all_back),
        TEST(closing_is_not_committing),
        TEST(a_failed_change_fails_the_transaction),
        TEST(an_error_inside_a_walk),
        TEST(killed_before_the_commit),
        TEST(killed_after_the_commit),
        TEST(a_wiped_secret_is_gone),
        TEST(a_replaced_secret_is_gone),
        TEST(a_secret_that_filled_pages_is_gone),
        TEST(a_secret_in_a_left_wal_is_gone),
        TEST(a_full_disk),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
