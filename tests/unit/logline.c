// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// The daemons' log: priorities are for journald alone, and a line stays a line.
#include "common/os/logline.h"

#include "tests/unit/testing.h"

#include <fcntl.h>
#include <stdbool.h>
#include <sys/stat.h>

// What one line looks like; stderr is the file "log" meanwhile, and JOURNAL_STREAM names it or another.
static void line(bool journald, const char *text, char ret[256])
{
    int old = dup(STDERR_FILENO), fd = open("log", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    char stream[64];
    struct stat st;
    ssize_t n;

    assert_true(old >= 0 && fd >= 0 && fstat(fd, &st) == 0 && dup2(fd, STDERR_FILENO) >= 0);
    snprintf(stream, sizeof stream, "%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino + !journald);
    setenv("JOURNAL_STREAM", stream, 1);
    logline("virtrustd", 4, "%s", text);
    dup2(old, STDERR_FILENO);
    close(old);
    n = pread(fd, ret, 255, 0);
    assert_true(n > 0);
    ret[n] = '\0';
    close(fd);
}

static void priorities(void **state)
{
    char text[256];

    (void)state;
    line(true, "hello", text);
    assert_string_equal(text, "<4>hello\n");
    line(false, "hello", text);
    assert_string_equal(text, "virtrustd: hello\n");
}

static void one_line(void **state)
{
    char text[256];

    (void)state;
    line(true, "a\n<0>b\33[2J\xc2\x9bm\xc3\xa4", text);
    assert_string_equal(text, "<4>a?<0>b?[2J??m\xc3\xa4\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(priorities),
        cmocka_unit_test(one_line),
    };

    return cmocka_run_group_tests(tests, testing_dir_make, testing_dir_remove);
}
