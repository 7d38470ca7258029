// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// The file with the key of LUKS volumes: what it may hold, and what is said of one that will not do.
#include "daemon/inspect/key_file.h"
#include "tests/unit/testing.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

static void make(const void *bytes, size_t len)
{
    FILE *f = fopen("key", "wb");

    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, len, f), len);
    fclose(f);
}

static int read_key(const char *path, struct secret *ret, struct failure *f)
{
    _cleanup_close_ int fd = key_file_open(path, f);

    return fd < 0 ? -1 : key_file_read(fd, path, ret, f);
}

static void test_good(void **state)
{
    char most[SECRET_MAX];
    struct secret key = {0};
    struct failure f = {0};

    (void)state;
    make("pass phrase\n", 12);
    assert_int_equal(read_key("key", &key, &f), 0);
    assert_int_equal(key.len, 12);
    assert_string_equal((const char *)key.data, "pass phrase\n");
    memset(most, 'x', sizeof most);
    make(most, sizeof most);
    assert_int_equal(read_key("key", &key, &f), 0);
    assert_int_equal(key.len, sizeof most);
    assert_int_equal(key.data[key.len], 0);
}

static void refused(const char *path, const char *says)
{
    struct secret key = {.len = 1, .data = "k"};
    struct failure f = {0};

    assert_int_equal(read_key(path, &key, &f), -1);
    assert_string_equal(f.code, "key-file");
    assert_int_equal(failure_exit(f.code), EXIT_NO_WORK);
    if (!strstr(f.err.text, says) || !strstr(f.err.text, path) || !f.next[0])
        fail_msg("%s", f.err.text);
    assert_int_equal(key.len, 1); // untouched
}

static void test_refused(void **state)
{
    char more[SECRET_MAX + 1];

    (void)state;
    refused("no/such/file", strerror(ENOENT));
    refused(".", "no plain file");
    assert_int_equal(mkfifo("pipe", 0600), 0);
    refused("pipe", "no plain file");
    make("", 0);
    refused("key", "empty");
    make("a\0b", 3);
    refused("key", "value 0");
    memset(more, 'x', sizeof more);
    make(more, sizeof more);
    refused("key", "more than 1024 bytes");
    assert_int_equal(chmod("key", 0), 0);
    if (geteuid() != 0)
        refused("key", strerror(EACCES));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_good), cmocka_unit_test(test_refused)};

    return cmocka_run_group_tests(tests, testing_dir_make, testing_dir_remove);
}
