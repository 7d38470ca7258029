// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// Keytabs: by bytes, by krb5's own tool, and damaged.
#include "common/keytab.h"
#include "tests/unit/inspect_common.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

struct image {
    unsigned char data[4096];
    size_t len;
};

static void put(struct image *k, uint32_t value, size_t bytes)
{
    for (size_t i = bytes; i-- > 0;)
        k->data[k->len++] = (unsigned char)(value >> 8 * i);
}

static void put_text(struct image *k, const char *text)
{
    put(k, (uint32_t)strlen(text), 2);
    memcpy(k->data + k->len, text, strlen(text));
    k->len += strlen(text);
}

static void begin(struct image *k)
{
    k->len = 0;
    put(k, 0x0502, 2);
}

// One entry with a one-part principal; the key is 16 bytes of `fill`. kvno beyond 255 needs the trailer.
static void add(struct image *k, const char *principal, const char *realm, uint32_t kvno, unsigned enctype,
                uint32_t time, unsigned char fill)
{
    size_t at = k->len;

    put(k, 0, 4);
    put(k, 1, 2);
    put_text(k, realm);
    put_text(k, principal);
    put(k, 1, 4);
    put(k, time, 4);
    put(k, kvno & 0xff, 1);
    put(k, enctype, 2);
    put(k, 16, 2);
    memset(k->data + k->len, fill, 16);
    k->len += 16;
    if (kvno > 255)
        put(k, kvno, 4);
    for (size_t i = 0, size = k->len - at - 4; i < 4; i++)
        k->data[at + i] = (unsigned char)(size >> 8 * (3 - i));
}

static void add_hole(struct image *k, uint32_t size)
{
    put(k, 0u - size, 4);
    memset(k->data + k->len, 0xaa, size);
    k->len += size;
}

static void test_picks_newest_strongest(void **state)
{
    struct keytab_machine m;
    struct err err = {0};
    struct image k;

    (void)state;
    begin(&k);
    add(&k, "WS1$", "LAB.TEST", 3, KEYTAB_AES256_SHA1, 1000, 1);
    add(&k, "WS1$", "LAB.TEST", 4, KEYTAB_RC4_HMAC, 2000, 2);
    add_hole(&k, 37);
    add(&k, "WS1$", "LAB.TEST", 4, KEYTAB_AES128_SHA1, 2000, 3);
    add(&k, "WS1$", "LAB.TEST", 4, KEYTAB_AES256_SHA1, 2000, 4);
    add(&k, "host", "LAB.TEST", 9, KEYTAB_AES256_SHA2, 3000, 5);
    assert_int_equal(keytab_machine(k.data, k.len, NULL, &m, &err), 0);
    assert_string_equal(m.entry.principal, "WS1$");
    assert_string_equal(m.entry.realm, "LAB.TEST");
    assert_int_equal(m.entry.kvno, 4);
    assert_int_equal(m.entry.enctype, KEYTAB_AES256_SHA1);
    assert_int_equal(m.entry.timestamp, 2000);
    assert_int_equal(m.entry.key_len, 16);
    assert_int_equal(m.entry.key[0], 4);
    assert_int_equal(m.entries, 5);
    assert_int_equal(m.others, 0);
    assert_true(keytab_strength(KEYTAB_AES256_SHA2) > keytab_strength(KEYTAB_AES256_SHA1));
    assert_true(keytab_strength(KEYTAB_AES256_SHA1) > keytab_strength(KEYTAB_AES128_SHA2));
    assert_true(keytab_strength(KEYTAB_AES128_SHA2) > keytab_strength(KEYTAB_AES128_SHA1));
    assert_true(keytab_strength(KEYTAB_AES128_SHA1) > keytab_strength(KEYTAB_RC4_HMAC));
}

static void test_long_kvno_and_order(void **state)
{
    struct keytab_machine m;
    struct err err = {0};
    struct image k;

    (void)state;
    begin(&k);
    add(&k, "WS1$", "LAB.TEST", 70000, KEYTAB_AES256_SHA1, 1000, 1);
    add(&k, "WS1$", "LAB.TEST", 2, KEYTAB_AES256_SHA1, 5000, 2);
    add(&k, "OLD$", "LAB.TEST", 80000, KEYTAB_AES256_SHA1, 400, 3);
    assert_int_equal(keytab_machine(k.data, k.len, NULL, &m, &err), 0);
    assert_int_equal(m.entry.kvno, 70000);
    assert_int_equal(m.newest_timestamp, 5000);
    assert_int_equal(m.others, 1);
    assert_int_equal(keytab_machine(k.data, k.len, "old$", &m, &err), 0);
    assert_int_equal(m.entry.kvno, 80000);
    assert_int_equal(keytab_machine(k.data, k.len, "NONE$", &m, &err), KEYTAB_NO_MACHINE);
}

static void test_no_machine(void **state)
{
    struct keytab_machine m;
    struct err err = {0};
    struct image k;

    (void)state;
    begin(&k);
    assert_int_equal(keytab_machine(k.data, k.len, NULL, &m, &err), KEYTAB_NO_MACHINE);
    add(&k, "HTTP", "LAB.TEST", 1, KEYTAB_AES256_SHA1, 1, 1);
    add(&k, "$", "LAB.TEST", 1, KEYTAB_AES256_SHA1, 1, 1);
    add(&k, "a/b$", "LAB.TEST", 1, KEYTAB_AES256_SHA1, 1, 1);
    assert_int_equal(keytab_machine(k.data, k.len, NULL, &m, &err), KEYTAB_NO_MACHINE);
    put(&k, 0, 2);
    assert_int_equal(keytab_machine(k.data, k.len, NULL, &m, &err), KEYTAB_NO_MACHINE);
}

static void test_refused(void **state)
{
    struct keytab_machine m;
    struct err err = {0};
    struct image k;

    (void)state;
    assert_int_equal(keytab_machine("", 0, NULL, &m, &err), -EBADMSG);
    assert_int_equal(keytab_machine("\x05\x01", 2, NULL, &m, &err), -EBADMSG);
    assert_non_null(strstr(err.text, "5.1"));
    assert_int_equal(keytab_machine("[libdefaults]", 13, NULL, &m, &err), -EBADMSG);
    begin(&k);
    put(&k, 0x7fffffff, 4);
    assert_int_equal(keytab_machine(k.data, k.len, NULL, &m, &err), -EBADMSG);
    assert_non_null(strstr(err.text, "longer than the file"));
    // The most negative hole, and one that leads out of the file, end it.
    begin(&k);
    put(&k, 0x80000000u, 4);
    assert_int_equal(keytab_machine(k.data, k.len, NULL, &m, &err), KEYTAB_NO_MACHINE);
    // Every cut within the one entry is an error or no entry, never a key of wrong length.
    begin(&k);
    add(&k, "WS1$", "LAB.TEST", 300, KEYTAB_AES256_SHA1, 1, 1);
    for (size_t len = 6; len < k.len; len++)
        assert_int_equal(keytab_machine(k.data, len, NULL, &m, &err), -EBADMSG);
}

static void test_mutations(void **state)
{
    uint32_t rng = 7;
    struct image k;

    (void)state;
    begin(&k);
    for (unsigned i = 0; i < 8; i++) {
        add(&k, i % 2 ? "WS1$" : "OTHER$", "LAB.TEST", i * 100, 17 + i % 4, i, (unsigned char)i);
        add_hole(&k, i);
    }
    for (unsigned i = 0; i < 20000; i++) {
        struct keytab_machine m;
        struct err err = {0};
        unsigned char *copy = malloc(k.len);
        size_t len = k.len - rng_next(&rng) % 64;
        int rc;

        assert_non_null(copy);
        memcpy(copy, k.data, k.len);
        mutate(copy, len, &rng);
        rc = keytab_machine(copy, len, NULL, &m, &err);
        assert_true(rc == 0 || rc == KEYTAB_NO_MACHINE || (rc == -EBADMSG && err.text[0]));
        if (rc == 0)
            assert_true(m.entry.key >= copy && m.entry.key + m.entry.key_len <= copy + len);
        free(copy);
    }
}

// As krb5's own tool writes it.
static void test_ktutil(void **state)
{
    _cleanup_blob_ struct blob b = {0};
    char dir[] = "/tmp/virtrust-test-XXXXXX", command[512];
    struct keytab_machine m;
    struct err err = {0};
    FILE *f;

    (void)state;
    if (system("command -v ktutil > /dev/null 2>&1") != 0) {
        print_message("skipped: ktutil (krb5-user) is not installed\n");
        skip();
    }
    assert_non_null(mkdtemp(dir));
    snprintf(command, sizeof command,
             "printf 'addent -password -p WS1$@LAB.TEST -k 2 -e aes256-cts -s X\\nold\\n"
             "addent -password -p WS1$@LAB.TEST -k 3 -e aes128-cts -s X\\nnew\\n"
             "addent -password -p WS1$@LAB.TEST -k 3 -e aes256-cts -s X\\nnew\\n"
             "addent -password -p host/ws1.lab.test@LAB.TEST -k 3 -e aes256-cts -s X\\nnew\\n"
             "delent 1\\naddent -password -p WS1$@LAB.TEST -k 1 -e aes256-cts -s X\\nolder\\n"
             "wkt %s/kt\\nquit\\n' | ktutil > /dev/null 2>&1",
             dir);
    assert_int_equal(system(command), 0);
    snprintf(command, sizeof command, "%s/kt", dir);
    f = fopen(command, "rb");
    assert_non_null(f);
    assert_int_equal(blob_read_fd(fileno(f), KEYTAB_FILE_MAX, &b, &err), 0);
    fclose(f);
    unlink(command);
    rmdir(dir);
    assert_int_equal(keytab_machine(b.data, b.len, NULL, &m, &err), 0);
    assert_string_equal(m.entry.principal, "WS1$");
    assert_int_equal(m.entry.kvno, 3);
    assert_int_equal(m.entry.enctype, KEYTAB_AES256_SHA1);
    assert_int_equal(m.entry.key_len, 32);
    assert_true(m.entry.timestamp > 1600000000);
    assert_int_equal(m.entries, 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_picks_newest_strongest),
        cmocka_unit_test(test_long_kvno_and_order),
        cmocka_unit_test(test_no_machine),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_mutations),
        cmocka_unit_test(test_ktutil),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
