// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "common/os/recio.h"

#include "tests/unit/testing.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/wait.h>

enum { LONG_MS = 30000 };

static int a = -1, b = -1;

static int pair(void **state)
{
    int ends[2];

    (void)state;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
        return -1;
    a = ends[0];
    b = ends[1];
    return 0;
}

static int unpair(void **state)
{
    (void)state;
    if (a >= 0)
        close(a);
    if (b >= 0)
        close(b);
    a = b = -1;
    return 0;
}

static void put(const char *text)
{
    assert_int_equal(write(a, text, strlen(text)), strlen(text));
}

static void test_way(void **state)
{
    _cleanup_record_ struct record *r = record_new("hello"), *back = NULL;
    struct err err = {0};

    (void)state;
    record_add_bytes(r, "k", "\0\n%", 3);
    assert_int_equal(recio_write(a, r, LONG_MS, &err), 0);
    assert_int_equal(recio_read(b, LONG_MS, &back, &err), 0);
    assert_true(record_is(back, "hello"));
    assert_int_equal(record_count(back), 3);
}

// A record of nearly the cap: the writer has to wait for the reader, who is another process.
static void test_large(void **state)
{
    _cleanup_record_ struct record *r = record_new("big"), *back = NULL;
    _cleanup_(recio_freep) struct recio *s = NULL;
    _cleanup_free_ char *value = calloc(1, 700001);
    struct err err = {0};
    pid_t pid;

    (void)state;
    memset(value, 'x', 700000);
    record_add(r, "a", value);
    value[300000] = '\0';
    record_add(r, "b", value);
    pid = fork();
    if (pid == 0) {
        close(b);
        _exit(recio_write(a, r, LONG_MS, NULL) == 0 ? 0 : 1);
    }
    s = recio_new(b);
    b = -1;
    assert_int_equal(recio_next(s, LONG_MS, &back, &err), 0);
    assert_int_equal(strlen(record_get(back, "a")), 700000);
    waitpid(pid, NULL, 0);
}

// One request is read and not a byte more.
static void test_not_more(void **state)
{
    _cleanup_record_ struct record *r = NULL;
    char rest[32] = "";

    (void)state;
    put("type=a\nv=1\n\nthe rest");
    assert_int_equal(recio_read(b, LONG_MS, &r, NULL), 0);
    assert_int_equal(read(b, rest, sizeof rest), 8);
    assert_string_equal(rest, "the rest");
}

static void test_stream(void **state)
{
    _cleanup_(recio_freep) struct recio *s = recio_new(b);
    struct err err = {0};

    (void)state;
    b = -1;
    put("type=a\nv=1\n\ntype=b\nv=1\n\ntype=c\nv=1");
    for (int i = 0; i < 2; i++) {
        _cleanup_record_ struct record *r = NULL;

        assert_int_equal(recio_next(s, LONG_MS, &r, &err), 0);
        assert_true(record_is(r, i == 0 ? "a" : "b"));
    }
    put("\n\n");
    close(a);
    a = -1;
    _cleanup_record_ struct record *last = NULL, *none = NULL;

    assert_int_equal(recio_next(s, LONG_MS, &last, &err), 0);
    assert_true(record_is(last, "c"));
    assert_int_equal(recio_next(s, LONG_MS, &none, &err), RECIO_END);
    assert_null(none);
}

static void test_ends(void **state)
{
    struct record *r = NULL;
    struct err err = {0};

    (void)state;
    assert_int_equal(recio_read(b, 0, &r, &err), -ETIMEDOUT);
    put("type=a\nv=1\n");
    assert_int_equal(recio_read(b, 0, &r, &err), -ETIMEDOUT);
    put("type=a\n");
    close(a);
    a = -1;
    assert_int_equal(recio_read(b, LONG_MS, &r, &err), -EBADMSG);
    assert_string_equal(err.text, "a message was cut short");
    assert_int_equal(recio_read(b, LONG_MS, &r, &err), RECIO_END);
    assert_null(r);
}

static void test_garbage(void **state)
{
    struct record *r = NULL;
    struct err err = {0};

    (void)state;
    put("GET / HTTP/1.1\r\n\n");
    assert_int_equal(recio_read(b, LONG_MS, &r, &err), -EBADMSG);
    assert_string_equal(err.text, "a record's line is not key=value");
    assert_null(r);
}

// Whoever reads is gone: an error, no signal.
static void test_pipe(void **state)
{
    _cleanup_record_ struct record *r = record_new("x"), *bad = record_new("x");
    struct err err = {0};

    (void)state;
    record_add(bad, "BAD", "1");
    assert_int_equal(recio_write(a, bad, LONG_MS, &err), -EINVAL);
    close(b);
    b = -1;
    assert_int_equal(recio_write(a, r, LONG_MS, &err), -EPIPE);
}

static void test_full(void **state)
{
    _cleanup_record_ struct record *r = record_new("x");
    _cleanup_free_ char *value = calloc(1, 500001);
    struct err err = {0};
    int rc = 0;

    (void)state;
    memset(value, 'x', 500000);
    record_add(r, "k", value);
    for (int i = 0; i < 100 && rc == 0; i++)
        rc = recio_write(a, r, 0, &err);
    assert_int_equal(rc, -ETIMEDOUT);
}

// Files and pipes are no sockets.
static void test_file(void **state)
{
    _cleanup_record_ struct record *r = record_new("x"), *back = NULL;
    int ends[2];

    (void)state;
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    assert_int_equal(recio_write(ends[1], r, LONG_MS, NULL), 0);
    assert_int_equal(recio_read(ends[0], LONG_MS, &back, NULL), 0);
    assert_true(record_is(back, "x"));
    close(ends[0]);
    close(ends[1]);
}

static void test_connect(void **state)
{
    char path[300];
    struct err err = {0};

    (void)state;
    assert_int_equal(recio_connect("/nonexistent/socket", &err), -ENOENT);
    assert_string_equal(err.text, "/nonexistent/socket: No such file or directory");
    memset(path, 'a', sizeof path - 1);
    path[sizeof path - 1] = '\0';
    assert_int_equal(recio_connect(path, &err), -ENAMETOOLONG);
    assert_null(recio_free(NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_way, pair, unpair),
        cmocka_unit_test_setup_teardown(test_large, pair, unpair),
        cmocka_unit_test_setup_teardown(test_not_more, pair, unpair),
        cmocka_unit_test_setup_teardown(test_stream, pair, unpair),
        cmocka_unit_test_setup_teardown(test_ends, pair, unpair),
        cmocka_unit_test_setup_teardown(test_garbage, pair, unpair),
        cmocka_unit_test_setup_teardown(test_pipe, pair, unpair),
        cmocka_unit_test_setup_teardown(test_full, pair, unpair),
        cmocka_unit_test(test_file),
        cmocka_unit_test(test_connect),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
