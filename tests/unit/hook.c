// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// What the hook tells of one call, over the socket or in the spool, however long its input is.
#include "tests/unit/hook_bench.h"

#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

static void test_datagram(void **state)
{
    _cleanup_record_ struct record *r = NULL;

    (void)state;
    hook_run(hook_xml, strlen(hook_xml));
    r = hook_received();
    assert_non_null(r);
    hook_expect(r, UUID, hook_xml);
    assert_int_equal(hook_spool_count(NULL), 0);
}

static void test_no_watcher_spools(void **state)
{
    _cleanup_record_ struct record *r = NULL, *second = NULL;

    (void)state;
    hook_no_socket();
    hook_run(hook_xml, strlen(hook_xml));
    r = hook_spooled();
    hook_expect(r, UUID, hook_xml);
    hook_deaf_socket();
    hook_run(hook_xml, strlen(hook_xml));
    second = hook_spooled();
    hook_expect(second, UUID, hook_xml);
}

// One sender alone may come to the end of its own buffer before the watcher's queue (net.unix.max_dgram_qlen) is
// full, and the hook is another sender: full is when somebody new can send nothing.
static void fill_queue(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "hook.sock"};
    size_t sent;

    do {
        _cleanup_close_ int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

        sent = 0;
        while (sendto(fd, "x", 1, MSG_DONTWAIT, (struct sockaddr *)&address, sizeof address) == 1)
            sent++;
    } while (sent > 0);
}

static void test_full_queue_spools(void **state)
{
    _cleanup_record_ struct record *r = NULL;

    (void)state;
    fill_queue();
    hook_run(hook_xml, strlen(hook_xml));
    r = hook_spooled();
    hook_expect(r, UUID, hook_xml);
}

// A valid document of about `len` bytes.
static char *big_document(size_t len)
{
    char *text = malloc(len + strlen(hook_xml) + 1);

    memcpy(text, hook_xml, strlen(hook_xml));
    memset(text + strlen(hook_xml) - strlen("</domain>\n"), ' ', len);
    strcpy(text + len, "</domain>\n");
    return text;
}

static void test_too_big_for_a_datagram_spools(void **state)
{
    _cleanup_free_ char *big = big_document(400 * 1024);
    _cleanup_record_ struct record *r = NULL;

    (void)state;
    hook_run(big, strlen(big));
    r = hook_spooled();
    hook_expect(r, UUID, big);
}

static void test_too_big_for_a_record_is_cut(void **state)
{
    _cleanup_free_ char *big = big_document(3 * 1024 * 1024);
    _cleanup_record_ struct record *r = NULL, *escaped = NULL;

    (void)state;
    hook_run(big, strlen(big));
    r = hook_received();
    assert_non_null(r);
    hook_expect(r, UUID, NULL);
    assert_string_equal(record_get(r, "xml_cut"), "1");
    big[500 * 1024] = '\0'; // fits as it is, but each byte escaped does not
    memset(big + strlen(hook_xml), '\n', 450 * 1024);
    hook_run(big, strlen(big));
    escaped = hook_received();
    hook_expect(escaped, UUID, NULL);
    assert_string_equal(record_get(escaped, "xml_cut"), "1");
}

static void test_endless_input(void **state)
{
    _cleanup_close_ int zero = open("/dev/zero", O_RDONLY);
    _cleanup_record_ struct record *r = NULL;
    struct hook_run run = hook_start(zero, false);

    (void)state;
    hook_good_end(&run);
    r = hook_received();
    hook_expect(r, NULL, NULL);
    assert_string_equal(record_get(r, "xml_cut"), "1");
}

static void test_input_that_never_ends(void **state)
{
    _cleanup_record_ struct record *r = NULL;
    struct hook_run run = hook_start(-1, false);
    int keep = run.input;

    (void)state;
    assert_int_equal(write(keep, hook_xml, 60), 60);
    run.input = -1; // stays open
    hook_good_end(&run);
    close(keep);
    r = hook_received();
    assert_string_equal(record_get(r, "xml_cut"), "1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_datagram, hook_set_up),
        cmocka_unit_test_setup(test_no_watcher_spools, hook_set_up),
        cmocka_unit_test_setup(test_full_queue_spools, hook_set_up),
        cmocka_unit_test_setup(test_too_big_for_a_datagram_spools, hook_set_up),
        cmocka_unit_test_setup(test_too_big_for_a_record_is_cut, hook_set_up),
        cmocka_unit_test_setup(test_endless_input, hook_set_up),
        cmocka_unit_test_setup(test_input_that_never_ends, hook_set_up),
    };

    return cmocka_run_group_tests(tests, hook_prepare, hook_clear);
}
