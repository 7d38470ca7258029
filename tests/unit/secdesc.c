// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// What a security descriptor gives to the SIDs of one token. Too much power must never be overlooked: it decides
// whether a credential is handed to a guest.
#include "common/secdesc.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ME "S-1-5-21-1-2-3-1104"
#define OWNER "S-1-5-21-1-2-3-512"
#define RESET "\x70\x95\x29\x00\x6d\x24\xd0\x11\xa7\x68\x00\xaa\x00\x6e\x05\x29"
#define COPY_ALL "\xad\xf6\x31\x11\x07\x9c\xd1\x11\xf7\x9f\x00\xc0\x4f\xc2\xdc\xd2"
#define CHANGE \
    "\x53\x1a\x72\xab\x2f\x1e\xd0\x11\x98\x19\x00\xaa\x00\x40\x52\x9b" // one's own password, knowing it

enum { ALLOWED = 0, DENIED = 1, ALLOWED_OBJECT = 5, DENIED_OBJECT = 6, CALLBACK = 9, INHERIT_ONLY = 8 };

struct made {
    unsigned char bytes[2048];
    size_t len, list;
};

static void put16(unsigned char *p, size_t n)
{
    p[0] = (unsigned char)n;
    p[1] = (unsigned char)(n >> 8);
}

static void put_sid(struct made *m, const char *sid)
{
    size_t len = 0;

    assert_int_equal(sid_parse(sid, m->bytes + m->len, &len), 0);
    m->len += len;
}

// Header, owner, and an access list that is empty yet.
static void begin(struct made *m, const char *owner)
{
    *m = (struct made){.len = 20};
    m->bytes[0] = 1;
    put16(m->bytes + 2, 0x8004);
    put16(m->bytes + 4, 20);
    put_sid(m, owner);
    m->list = m->len;
    put16(m->bytes + 16, m->list);
    m->bytes[m->list] = 4;
    m->len += 8;
    put16(m->bytes + m->list + 2, 8);
}

static void add(struct made *m, int type, int flags, uint32_t mask, const char *guid, const char *sid)
{
    size_t at = m->len;

    m->bytes[at] = (unsigned char)type;
    m->bytes[at + 1] = (unsigned char)flags;
    put16(m->bytes + at + 4, mask & 0xffff);
    put16(m->bytes + at + 6, mask >> 16);
    m->len += 8;
    if (type == ALLOWED_OBJECT || type == DENIED_OBJECT) {
        put16(m->bytes + m->len, guid ? 1 : 0);
        m->len += 4;
        if (guid)
            memcpy(m->bytes + m->len, guid, 16);
        m->len += guid ? 16 : 0;
    }
    put_sid(m, sid);
    put16(m->bytes + at + 2, m->len - at);
    put16(m->bytes + m->list + 2, m->len - m->list);
    m->bytes[m->list + 4]++;
}

static struct secdesc_power weighed(const struct made *m, bool below)
{
    static struct secdesc_token t;
    struct secdesc_power p = {0};

    t = (struct secdesc_token){0};
    assert_int_equal(secdesc_token_add_text(&t, ME), 0);
    assert_int_equal(secdesc_token_add_text(&t, "S-1-5-11"), 0);
    assert_int_equal(secdesc_evaluate(m->bytes, m->len, &t, below, &p), 0);
    return p;
}

static void expect(const struct made *m, bool below, const char *what)
{
    struct secdesc_power p = weighed(m, below);

    assert_int_equal(p.resets, strchr(what, 'r') != NULL);
    assert_int_equal(p.writes, strchr(what, 'w') != NULL);
    assert_int_equal(p.governs, strchr(what, 'g') != NULL);
    assert_int_equal(p.copies, strchr(what, 'c') != NULL);
}

// One entry for ME, and what it makes.
static void single_entries(void **state)
{
    static const struct {
        int type;
        uint32_t mask;
        const char *guid, *what;
    } rows[] = {
        {ALLOWED, 0x20094, NULL, ""}, // read, as everybody may
        {ALLOWED_OBJECT, 0x100, CHANGE, ""},
        {ALLOWED_OBJECT, 0x100, RESET, "r"},
        {ALLOWED_OBJECT, 0x100, COPY_ALL, "c"},
        {ALLOWED_OBJECT, 0x100, NULL, "rc"},
        {ALLOWED, 0x100, NULL, "rc"},
        {CALLBACK, 0x100, NULL, "rc"},
        {ALLOWED, 0x1, NULL, "w"},
        {ALLOWED, 0x2, NULL, "w"},
        {ALLOWED, 0x8, NULL, "w"}, // validated writes
        {ALLOWED_OBJECT, 0x8, CHANGE, "w"},
        {ALLOWED_OBJECT, 0x20, CHANGE, "w"},
        {ALLOWED, 0x40, NULL, "w"},
        {ALLOWED, 0x10000, NULL, "w"},
        {ALLOWED, 0x40000, NULL, "g"},
        {ALLOWED, 0x80000, NULL, "g"},
        {ALLOWED, 0x40000000, NULL, "w"},
        {ALLOWED, 0x10000000, NULL, "rwgc"},
        {ALLOWED, 0xf01ff, NULL, "rwgc"},
        {DENIED, 0xf01ff, NULL, ""},
        {DENIED_OBJECT, 0x100, RESET, ""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct made m;

        begin(&m, OWNER);
        add(&m, rows[i].type, 0, rows[i].mask, rows[i].guid, ME);
        expect(&m, false, rows[i].what);
        begin(&m, OWNER);
        add(&m, rows[i].type, 0, rows[i].mask, rows[i].guid, "S-1-5-21-1-2-3-1105"); // somebody else
        expect(&m, false, "");
    }
}

static void order_decides(void **state)
{
    struct made m;

    (void)state;
    begin(&m, OWNER);
    add(&m, DENIED_OBJECT, 0, 0x100, RESET, ME);
    add(&m, ALLOWED_OBJECT, 0, 0x100, RESET, "S-1-5-11");
    expect(&m, false, "");
    expect(&m, true, "r"); // what lies below may inherit the one and not the other
    begin(&m, OWNER);
    add(&m, ALLOWED_OBJECT, 0, 0x100, RESET, ME);
    add(&m, DENIED, 0, 0xf01ff, NULL, ME);
    expect(&m, false, "r");
    begin(&m, OWNER);
    add(&m, DENIED, 0, 0x20, NULL, "S-1-5-11");
    add(&m, ALLOWED, 0, 0x28, NULL, ME);
    expect(&m, false, "w"); // what is left of it
}

static void inherited_only(void **state)
{
    struct made m;

    (void)state;
    begin(&m, OWNER);
    add(&m, ALLOWED_OBJECT, INHERIT_ONLY, 0x100, RESET, ME);
    expect(&m, false, "");
    expect(&m, true, "r");
}

static void owner_governs(void **state)
{
    struct made m;

    (void)state;
    begin(&m, ME);
    expect(&m, false, "g");
    begin(&m, OWNER);
    put16(m.bytes + 2, 0x8000); // no access list: everybody may everything
    expect(&m, false, "rwgc");
}

// Cut anywhere, and each byte turned over: an outcome or a refusal, and never a read behind the end.
static void damaged(void **state)
{
    struct secdesc_power p;
    struct secdesc_token t = {0};
    struct made m;

    (void)state;
    assert_int_equal(secdesc_token_add_text(&t, ME), 0);
    begin(&m, OWNER);
    add(&m, ALLOWED_OBJECT, 0, 0x100, RESET, ME);
    add(&m, ALLOWED, 0, 0x20, NULL, ME);
    for (size_t len = 0; len < m.len; len++) {
        unsigned char *exact = malloc(len + 1);

        memcpy(exact, m.bytes, len);
        assert_int_equal(secdesc_evaluate(exact, len, &t, false, &p), -EBADMSG);
        free(exact);
    }
    for (size_t i = 0; i < m.len * 8; i++) {
        unsigned char *exact = malloc(m.len);

        memcpy(exact, m.bytes, m.len);
        exact[i / 8] ^= (unsigned char)(1 << i % 8);
        assert_true(secdesc_evaluate(exact, m.len, &t, i % 2, &p) <= 0);
        free(exact);
    }
}

static void tokens(void **state)
{
    static struct secdesc_token t;
    char sid[64];

    (void)state;
    assert_int_equal(secdesc_token_add(&t, "", 0), -EINVAL);
    assert_int_equal(secdesc_token_add_text(&t, "S-2-1"), -EINVAL);
    for (int i = 0; i < 2 * SECDESC_SIDS_MAX; i++) {
        snprintf(sid, sizeof sid, "S-1-5-21-1-2-3-%d", i % SECDESC_SIDS_MAX);
        assert_int_equal(secdesc_token_add_text(&t, sid), 0); // the second time they are there
    }
    assert_int_equal(secdesc_token_add_text(&t, ME "9"), -E2BIG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(single_entries), cmocka_unit_test(order_decides), cmocka_unit_test(inherited_only),
        cmocka_unit_test(owner_governs),  cmocka_unit_test(damaged),       cmocka_unit_test(tokens),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
