// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// The helper's one LDAP answer: as Samba and as Windows write it (lengths in one byte or in four), cut at every byte,
// and with every byte made another.
#include "guest-helper/rootdse.h"

#include <errno.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define NAME "<GUID=86095B01-066b-497c-8eac-0c42cf38afd8>;CN=NTDS Settings,CN=DC1"
#define GUID "86095b01-066b-497c-8eac-0c42cf38afd8"

static unsigned char bytes[512];
static size_t len;

// Writes an element around what lies behind `from`.
static void wrap(size_t from, unsigned char tag, int wide)
{
    size_t inner = len - from, head = wide ? 6 : inner < 128 ? 2 : 3;

    memmove(bytes + from + head, bytes + from, inner);
    bytes[from] = tag;
    if (wide) {
        bytes[from + 1] = 0x84;
        for (int i = 0; i < 4; i++)
            bytes[from + 2 + i] = (unsigned char)(inner >> (24 - 8 * i));
    } else if (inner < 128) {
        bytes[from + 1] = (unsigned char)inner;
    } else {
        bytes[from + 1] = 0x81;
        bytes[from + 2] = (unsigned char)inner;
    }
    len += head;
}

static void octets(const char *text, int wide)
{
    size_t from = len;

    memcpy(bytes + len, text, strlen(text));
    len += strlen(text);
    wrap(from, 0x04, wide);
}

static void attribute(const char *name, const char *value, int wide)
{
    size_t from = len, set;

    octets(name, wide);
    set = len;
    if (value)
        octets(value, wide);
    wrap(set, 0x31, wide);
    wrap(from, 0x30, wide);
}

static void make(const char *service, const char *usn, int wide)
{
    size_t entry, list;

    len = 0;
    memcpy(bytes, "\x02\x01\x01", 3);
    len = entry = 3;
    octets("", wide);
    list = len;
    attribute("dsServiceName", service, wide);
    attribute("highestCommittedUSN", usn, wide);
    wrap(list, 0x30, wide);
    wrap(entry, 0x64, wide);
    wrap(0, 0x30, wide);
}

static void test_answers(void **state)
{
    (void)state;
    for (int wide = 0; wide < 2; wide++) {
        struct rootdse r = {0};

        make(NAME, "4026", wide);
        assert_int_equal(rootdse_answer(bytes, len, &r), 0);
        assert_string_equal(r.instance, GUID);
        assert_true(r.usn == 4026);
        make("CN=NTDS Settings,CN=DC1", "40x", wide); // no GUID, no number
        assert_int_equal(rootdse_answer(bytes, len, &r), 0);
        assert_string_equal(r.instance, "");
        assert_true(r.usn == 0);
        make(NULL, "99999999999999999999", wide);
        assert_int_equal(rootdse_answer(bytes, len, &r), 0);
        assert_true(r.usn == 0);
    }
}

static void test_cut(void **state)
{
    (void)state;
    for (int wide = 0; wide < 2; wide++) {
        struct rootdse r = {.usn = 7};

        make(NAME, "4026", wide);
        for (size_t i = 0; i < len; i++)
            assert_int_equal(rootdse_answer(bytes, i, &r), -EAGAIN);
        assert_true(r.usn == 7);
    }
}

static void test_mutated(void **state)
{
    (void)state;
    for (int wide = 0; wide < 2; wide++) {
        make(NAME, "4026", wide);
        for (size_t i = 0; i < len; i++)
            for (int v = 0; v < 256; v++) {
                unsigned char was = bytes[i];
                struct rootdse r = {0};
                int rc;

                bytes[i] = (unsigned char)v;
                rc = rootdse_answer(bytes, len, &r);
                assert_true(rc == 0 || rc == -EAGAIN || rc == -EBADMSG);
                bytes[i] = was;
            }
    }
}

static void test_caps(void **state)
{
    static const unsigned char huge[] = {0x30, 0x84, 0xff, 0xff, 0xff, 0xff, 0x02},
                               endless[] = {0x30, 0x80, 0}, many[] = {0x30, 0x89, 0, 0, 0, 0, 0, 0, 0, 0, 1};
    struct rootdse r = {0};
    char guid[ROOTDSE_GUID];

    (void)state;
    assert_int_equal(rootdse_answer(huge, sizeof huge, &r), -EBADMSG);
    assert_int_equal(rootdse_answer(endless, sizeof endless, &r), -EBADMSG);
    assert_int_equal(rootdse_answer(many, sizeof many, &r), -EBADMSG);
    assert_int_equal(rootdse_guid(NAME, 20, guid), -EBADMSG);
    assert_int_equal(rootdse_guid("<GUID=86095b01-066b-497c-8eac-0c42cf38afdz>;", 44, guid), -EBADMSG);
    assert_int_equal(rootdse_guid(NAME, strlen(NAME), guid), 0);
}

static void test_request(void **state)
{
    unsigned char request[ROOTDSE_REQUEST];
    size_t size = rootdse_request(request);

    (void)state;
    assert_true(size <= sizeof request && size == 2U + request[1]); // its own length is right
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers), cmocka_unit_test(test_cut),     cmocka_unit_test(test_mutated),
        cmocka_unit_test(test_caps),    cmocka_unit_test(test_request),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
