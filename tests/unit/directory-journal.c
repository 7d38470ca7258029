// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// The list of attempted resets: what it says about the last hour and about a token, what its text may look
// like, and what lies on disk when a process is killed while writing it.
#include "daemon/directory/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { MINUTE = 60 * 1000 * 1000 };
#define START ((int64_t)1700000000 * 1000000)
#define GUID "00000000-1111-2222-3333-444444444444"

static struct attempt attempt(int64_t at_us, const char *token)
{
    struct attempt a = {.at_us = at_us, .guid = GUID, .dc = "dc1.corp.test", .kvno = 4};

    snprintf(a.token, sizeof a.token, "%032d", atoi(token));
    return a;
}

static void add(struct attempts *a, int64_t at_us, const char *token)
{
    struct attempt t = attempt(at_us, token);

    assert_int_equal(attempts_add(a, &t), 0);
}

static void test_hour(void **state)
{
    _cleanup_attempts_ struct attempts a = {0};

    (void)state;
    assert_int_equal(attempts_in_hour(&a, START), 0);
    for (int i = 0; i < 5; i++)
        add(&a, START + (int64_t)i * 10 * MINUTE, "1");
    assert_int_equal(attempts_in_hour(&a, START + (int64_t)45 * MINUTE), 5);
    assert_int_equal(attempts_in_hour(&a, START + (int64_t)60 * MINUTE), 4); // an hour old is no longer in it
    assert_int_equal(attempts_in_hour(&a, START + (int64_t)200 * MINUTE), 0);
}

static void test_clock_goes_backwards(void **state)
{
    _cleanup_attempts_ struct attempts a = {0};

    (void)state;
    add(&a, START, "1");
    add(&a, START + MINUTE, "2");
    assert_int_equal(attempts_in_hour(&a, START - (int64_t)600 * MINUTE), 2);
    assert_int_equal(attempts_in_hour(&a, 0), 2);
    add(&a, 0, "3"); // written down at the newest time, so that the order holds
    assert_int_equal(a.items[2].at_us, START + MINUTE);
    assert_int_equal(attempts_in_hour(&a, START + (int64_t)59 * MINUTE), 3);
}

static void test_token(void **state)
{
    _cleanup_attempts_ struct attempts a = {0};

    (void)state;
    add(&a, START, "1");
    add(&a, START, "2");
    add(&a, START, "1");
    attempts_of_token(&a, "00000000000000000000000000000001")->state = ATTEMPT_DONE;
    assert_int_equal(a.items[0].state, ATTEMPT_STARTED); // the newest one of the token
    assert_int_equal(a.items[2].state, ATTEMPT_DONE);
    assert_null(attempts_of_token(&a, "00000000000000000000000000000003"));
    assert_ptr_equal(attempts_of_guid(&a, GUID), &a.items[2]);
    assert_null(attempts_of_guid(&a, "x"));
}

static void test_old_ones_go(void **state)
{
    _cleanup_attempts_ struct attempts a = {0};

    (void)state;
    add(&a, START, "1");
    add(&a, START + (int64_t)29 * 24 * 60 * MINUTE, "2");
    assert_int_equal(a.n, 2);
    add(&a, START + (int64_t)31 * 24 * 60 * MINUTE, "3");
    assert_int_equal(a.n, 2);
    assert_non_null(attempts_of_token(&a, "00000000000000000000000000000002"));
}

static void test_text(void **state)
{
    _cleanup_attempts_ struct attempts a = {0}, b = {0};
    _cleanup_free_ char *text = NULL;
    struct err err = {0};
    size_t len;

    (void)state;
    add(&a, START, "1");
    add(&a, START + 1, "2");
    a.items[1].state = ATTEMPT_UNKNOWN;
    assert_int_equal(attempts_format(&a, &text, &len), 0);
    assert_int_equal(attempts_parse(text, &b, &err), 0);
    assert_int_equal(b.n, 2);
    assert_memory_equal(&a.items[0], &b.items[0], sizeof a.items[0]);
    assert_memory_equal(&a.items[1], &b.items[1], sizeof a.items[1]);
}

// Damage must never read as "nothing was attempted yet".
static void test_damaged_text(void **state)
{
    static const char head[] = "virtrust-directory attempts 1\n";
    static const char good[] = "1 00000000000000000000000000000001 " GUID " done 5 dc1\n";
    static const char *const bad[] = {
        "1 00000000000000000000000000000001 " GUID " done 5 dc1", // cut
        "1 00000000000000000000000000000001 " GUID " done 5\n",
        "1 00000000000000000000000000000001 " GUID " perhaps 5 dc1\n",
        "1 0001 " GUID " done 5 dc1\n",
        "-1 00000000000000000000000000000001 " GUID " done 5 dc1\n",
        "1 00000000000000000000000000000001 " GUID " done 5 dc1 more\n",
        "\n",
        "x\n",
    };
    struct err err = {0};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        _cleanup_attempts_ struct attempts a = {0};
        char text[1024];

        snprintf(text, sizeof text, "%s%s%s", head, good, bad[i]);
        if (attempts_parse(text, &a, &err) != -EBADMSG)
            fail_msg("row %zu was taken", i);
        assert_null(a.items);
    }
    assert_int_equal(attempts_parse("", &(struct attempts){0}, &err), -EBADMSG);
    assert_int_equal(attempts_parse("virtrust-directory attempts 2\n", &(struct attempts){0}, &err),
                     -EBADMSG);
}

// ---- on disk

static char root[] = "/tmp/virtrust-journal-XXXXXX";

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *where)
{
    (void)st;
    (void)flag;
    (void)where;
    return remove(path);
}

static int make_root(void **state)
{
    (void)state;
    strcpy(root + sizeof root - 7, "XXXXXX");
    return mkdtemp(root) ? 0 : -1;
}

static int remove_root(void **state)
{
    (void)state;
    return nftw(root, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static void write_file(int dir, const char *name, const char *text)
{
    _cleanup_close_ int fd = openat(dir, name, O_WRONLY | O_CREAT | O_TRUNC, 0600);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
}

static int open_state(void)
{
    struct failure f = {0};
    int dir = -1;

    assert_int_equal(state_open(root, &dir, &f), 0);
    return dir;
}

static void test_stored(void **state)
{
    _cleanup_close_ int dir = open_state();
    struct failure f = {0};

    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        _cleanup_(journal_freep) struct journal *j = NULL;

        assert_int_equal(journal_open(dir, "Corp.Test", &j, &f), 0);
        assert_int_equal(j->attempts.n, i);
        add(&j->attempts, START + i, "1");
        assert_int_equal(journal_store(j, &f), 0);
    }
    assert_int_equal(faccessat(dir, "attempts.corp.test", R_OK, 0), 0);
    assert_int_equal(faccessat(dir, "attempts.corp.test.new", R_OK, 0), -1);
}

// What a kill between write and rename leaves: half a new file. The old list counts, and the next store
// works.
static void test_killed_before_rename(void **state)
{
    _cleanup_close_ int dir = open_state();
    _cleanup_(journal_freep) struct journal *j = NULL;
    struct failure f = {0};

    (void)state;
    write_file(dir, "attempts.corp.test",
               "virtrust-directory attempts 1\n"
               "1699999999000000 00000000000000000000000000000001 " GUID " started 5 dc1\n");
    write_file(dir, "attempts.corp.test.new", "virtrust-directory attempts 1\n1 000");
    assert_int_equal(journal_open(dir, "corp.test", &j, &f), 0);
    assert_int_equal(j->attempts.n, 1);
    add(&j->attempts, START, "2");
    assert_int_equal(journal_store(j, &f), 0);
    j = journal_free(j);
    assert_int_equal(journal_open(dir, "corp.test", &j, &f), 0);
    assert_int_equal(j->attempts.n, 2);
}

// A real process, really killed, again and again while it writes: the list is whole each time and never
// shrinks.
static void test_killed_while_writing(void **state)
{
    _cleanup_close_ int dir = open_state();
    size_t before = 0;

    (void)state;
    for (int round = 0; round < 20; round++) {
        _cleanup_(journal_freep) struct journal *j = NULL;
        struct failure f = {0};
        pid_t child = fork();

        if (child == 0) {
            for (;;) {
                struct journal *mine = NULL;
                struct attempt a = attempt(START, "1");

                if (journal_open(dir, "corp.test", &mine, &f) < 0 || attempts_add(&mine->attempts, &a) < 0 ||
                    journal_store(mine, &f) < 0)
                    _exit(1);
                journal_free(mine);
            }
        }
        assert_true(child > 0);
        usleep(3000 + 700 * (unsigned)round);
        kill(child, SIGKILL);
        waitpid(child, NULL, 0);
        assert_int_equal(journal_open(dir, "corp.test", &j, &f), 0);
        assert_true(j->attempts.n >= before);
        before = j->attempts.n;
    }
    assert_true(before > 0);
}

static void test_damaged_file_refuses(void **state)
{
    _cleanup_close_ int dir = open_state();
    struct journal *j = NULL;
    struct failure f = {0};

    (void)state;
    write_file(dir, "attempts.corp.test", "");
    assert_int_equal(journal_open(dir, "corp.test", &j, &f), -EBADMSG);
    assert_string_equal(f.code, "state");
    assert_null(j);
}

static void test_open_to_others_refused(void **state)
{
    struct failure f = {0};
    char path[256];
    int dir = -1;

    (void)state;
    snprintf(path, sizeof path, "%s/directory", root);
    assert_int_equal(mkdir(path, 0755), 0);
    assert_int_equal(chmod(path, 0755), 0);
    assert_int_equal(state_open(root, &dir, &f), -EPERM);
    assert_string_equal(f.code, "state");
    assert_int_equal(dir, -1);
}

static void test_account_lock(void **state)
{
    _cleanup_close_ int dir = open_state();
    struct failure f = {0};
    int first = -1, second = -1;

    (void)state;
    assert_int_equal(account_lock(dir, GUID, 1000, &first, &f), 0);
    assert_int_equal(account_lock(dir, GUID, 40, &second, &f), -ETIMEDOUT);
    assert_string_equal(f.code, "busy");
    assert_int_equal(second, -1);
    close(first);
    assert_int_equal(account_lock(dir, GUID, 1000, &second, &f), 0);
    close(second);
}

#define ON_DISK(test) cmocka_unit_test_setup_teardown(test, make_root, remove_root)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hour),
        cmocka_unit_test(test_clock_goes_backwards),
        cmocka_unit_test(test_token),
        cmocka_unit_test(test_old_ones_go),
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_damaged_text),
        ON_DISK(test_stored),
        ON_DISK(test_killed_before_rename),
        ON_DISK(test_killed_while_writing),
        ON_DISK(test_damaged_file_refuses),
        ON_DISK(test_open_to_others_refused),
        ON_DISK(test_account_lock),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
