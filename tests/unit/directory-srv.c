// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// SRV records: RFC 2782's order with chance in our hands, and answers of the network, good and hostile.
#include "daemon/directory/dcs.h"
#include "daemon/directory/site.h"
#include "daemon/directory/srv.h"

#include <errno.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

// "Chance" out of a list; each call also tells what it was asked for.
struct chance {
    const uint32_t *values;
    uint32_t asked[8];
    size_t n;
};

static uint32_t next(uint32_t most, void *arg)
{
    struct chance *c = arg;

    c->asked[c->n] = most;
    return c->values[c->n++];
}

static struct srv_target target(uint16_t priority, uint16_t weight, const char *host)
{
    struct srv_target t = {.priority = priority, .weight = weight};

    strcpy(t.host, host);
    return t;
}

static void test_order(void **state)
{
    struct srv_target t[] = {target(10, 5, "far"), target(0, 60, "a"), target(0, 0, "zero"),
                             target(0, 40, "b")};
    const uint32_t values[] = {61, 0, 0, 0}; // b; then of {zero, a}: zero; then a; then far
    struct chance c = {.values = values};

    (void)state;
    srv_order(t, 4, next, &c);
    assert_string_equal(t[0].host, "b");
    assert_string_equal(t[1].host, "zero");
    assert_string_equal(t[2].host, "a");
    assert_string_equal(t[3].host, "far");
    assert_int_equal(c.asked[0], 100);
    assert_int_equal(c.asked[1], 60);
    assert_int_equal(c.asked[3], 5);
}

static void test_one_and_none(void **state)
{
    struct srv_target t[] = {target(0, 100, "a")};
    const uint32_t values[] = {100};
    struct chance c = {.values = values};

    (void)state;
    srv_order(t, 0, next, &c);
    srv_order(t, 1, next, &c);
    assert_string_equal(t[0].host, "a");
}

// A DNS answer with one question (x) and the SRV records that follow in `records`.
static size_t answer(unsigned char *buf, unsigned count, const void *records, size_t len)
{
    const unsigned char head[] = {0, 1,   0x81, 0x80, 0,  1, 0, (unsigned char)count, 0, 0, 0, 0,
                                  1, 'x', 0,    0,    33, 0, 1};

    memcpy(buf, head, sizeof head);
    memcpy(buf + sizeof head, records, len);
    return sizeof head + len;
}

// name (pointer to x), SRV, IN, ttl, rdlength, priority 1, weight 2, port 389, target "dc.y"
static const unsigned char good[] = {0xc0, 12, 0, 33, 0, 1,    0, 0,   0,   9, 0,   12,
                                     0,    1,  0, 2,  1, 0x85, 2, 'd', 'c', 1, 'y', 0};
// target "d c": no host name
static const unsigned char blank[] = {0xc0, 12, 0, 33, 0, 1,    0, 0,   0,   9,   0, 11,
                                      0,    1,  0, 2,  1, 0x85, 3, 'd', ' ', 'c', 0};
// target ".": no such service
static const unsigned char none[] = {0xc0, 12, 0, 33, 0, 1, 0, 0, 0, 9, 0, 7, 0, 1, 0, 2, 1, 0x85, 0};
// rdlength of 200 in a message that ends before
static const unsigned char cut[] = {0xc0, 12, 0, 33, 0, 1, 0,    0, 0,   9,   0,
                                    200,  0,  1, 0,  2, 1, 0x85, 2, 'd', 'c', 0};
// the target is a pointer to itself
static const unsigned char loop[] = {0xc0, 12, 0, 33, 0, 1, 0, 0, 0, 9, 0, 8, 0, 1, 0, 2, 1, 0x85, 0xc0, 37};

static void test_parse(void **state)
{
    struct srv_target t[SRV_MAX];
    unsigned char buf[512];
    size_t n = 99;

    (void)state;
    assert_int_equal(srv_parse(buf, answer(buf, 1, good, sizeof good), t, &n), 0);
    assert_int_equal(n, 1);
    assert_string_equal(t[0].host, "dc.y");
    assert_int_equal(t[0].priority, 1);
    assert_int_equal(t[0].weight, 2);
}

static void test_parse_hostile(void **state)
{
    struct srv_target t[SRV_MAX];
    unsigned char buf[512];
    size_t n = 99;

    (void)state;
    assert_int_equal(srv_parse(buf, answer(buf, 1, blank, sizeof blank), t, &n), 0);
    assert_int_equal(n, 0);
    assert_int_equal(srv_parse(buf, answer(buf, 1, none, sizeof none), t, &n), 0);
    assert_int_equal(n, 0);
    assert_int_equal(srv_parse(buf, answer(buf, 1, loop, sizeof loop), t, &n), 0);
    assert_int_equal(n, 0);
    n = 99;
    assert_int_equal(srv_parse(buf, answer(buf, 1, cut, sizeof cut), t, &n), -EBADMSG);
    assert_int_equal(srv_parse(buf, answer(buf, 3, good, sizeof good), t, &n), -EBADMSG);
    assert_int_equal(srv_parse(buf, 5, t, &n), -EBADMSG);
    assert_int_equal(n, 99);
}

static void test_parse_cap(void **state)
{
    static unsigned char records[200 * sizeof good], buf[sizeof records + 64];
    struct srv_target t[SRV_MAX];
    size_t n = 0;

    (void)state;
    for (size_t i = 0; i < 200; i++)
        memcpy(records + i * sizeof good, good, sizeof good);
    assert_int_equal(srv_parse(buf, answer(buf, 200, records, sizeof records), t, &n), 0);
    assert_int_equal(n, SRV_MAX);
}

// ---- sites ----

static void test_near_first(void **state)
{
    struct dc_list list = {.n = 3, .hosts = {"a.corp.test", "b.corp.test", "c.corp.test"}};
    const struct srv_target near[] = {target(0, 0, "C.corp.test"), target(0, 0, "z.corp.test")};

    (void)state;
    dcs_first(&list, near, 2);
    assert_int_equal(list.n, 4);
    assert_string_equal(list.hosts[0], "C.corp.test");
    assert_string_equal(list.hosts[1], "z.corp.test"); // a long list had left it out
    assert_string_equal(list.hosts[2], "a.corp.test");
    assert_string_equal(list.hosts[3], "b.corp.test");
    list.n = SRV_MAX;
    dcs_first(&list, near, 2);
    assert_int_equal(list.n, SRV_MAX);
}

// What a DC answers: corp.test (pointed to from then on), its names, its site and ours.
static const unsigned char pong[] = "\x17\0\0\0\xfd\xf3\1\0"
                                    "GUIDGUIDGUIDGUID"
                                    "\4corp\4test\0"
                                    "\xc0\x18"
                                    "\3dc1\xc0\x18"
                                    "\4CORP\0"
                                    "\3DC1\0"
                                    "\0"
                                    "\4Main\0"
                                    "\6Branch\0"
                                    "\5\0\0\0\xff\xff\xff\xff";

static void test_site(void **state)
{
    char site[SITE_TEXT];
    unsigned char odd[sizeof pong];
    size_t whole = sizeof pong - 1 - 8;

    (void)state;
    assert_int_equal(site_parse(pong, sizeof pong - 1, site), 0);
    assert_string_equal(site, "Branch");
    for (size_t len = 0; len < whole; len++) // cut anywhere
        assert_int_equal(site_parse(pong, len, site), -EBADMSG);
    memcpy(odd, pong, sizeof odd);
    odd[whole - 8] = '\0'; // the last name is empty: no site is known
    assert_int_equal(site_parse(odd, sizeof odd - 1, site), -ENOENT);
    memcpy(odd, pong, sizeof odd);
    odd[0] = 19; // another answer
    assert_int_equal(site_parse(odd, sizeof odd - 1, site), -EBADMSG);
    memcpy(odd, pong, sizeof odd);
    odd[36] = 36; // a pointer to itself
    assert_int_equal(site_parse(odd, sizeof odd - 1, site), -EBADMSG);
    memcpy(odd, pong, sizeof odd);
    odd[whole - 3] = '/'; // no name that may stand in a question
    assert_int_equal(site_parse(odd, sizeof odd - 1, site), -ENOENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order),     cmocka_unit_test(test_one_and_none),
        cmocka_unit_test(test_parse),     cmocka_unit_test(test_parse_hostile),
        cmocka_unit_test(test_parse_cap), cmocka_unit_test(test_near_first),
        cmocka_unit_test(test_site),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
