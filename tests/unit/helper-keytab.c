// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// The keytab that follows on an old one, written by us and read by MIT's library: the account's principals have their
// new keys, the version before is kept, everybody else's entries are untouched; and the file is replaced whole.
#include "common/cleanup.h"
#include "guest-helper/linux/ktfile.h"
#include "guest-helper/linux/ktmake.h"

#include <fcntl.h>
#include <krb5/krb5.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

static char directory[] = "/tmp/virtrust-keytab-XXXXXX";
static char path[64];
static krb5_context ctx;

// Key bytes that tell where they come from.
static void add(const char *principal, unsigned kvno, int enctype, char fill)
{
    static const struct {
        int enctype;
        unsigned len;
    } sizes[] = {{18, 32}, {17, 16}, {23, 16}};
    unsigned char bytes[32];
    krb5_keytab_entry e = {.vno = kvno};
    krb5_keytab kt;
    char name[80];

    memset(bytes, fill, sizeof bytes);
    e.key.enctype = enctype;
    e.key.contents = bytes;
    for (size_t i = 0; i < ARRAY_SIZE(sizes); i++)
        if (sizes[i].enctype == enctype)
            e.key.length = sizes[i].len;
    snprintf(name, sizeof name, "FILE:%s", path);
    assert_int_equal(krb5_parse_name(ctx, principal, &e.principal), 0);
    assert_int_equal(krb5_kt_resolve(ctx, name, &kt), 0);
    assert_int_equal(krb5_kt_add_entry(ctx, kt, &e), 0);
    krb5_kt_close(ctx, kt);
    krb5_free_principal(ctx, e.principal);
}

// The first byte of the key that MIT finds, or 0 when it finds none.
static int find(const char *principal, unsigned kvno, int enctype)
{
    krb5_keytab_entry e;
    krb5_principal p;
    krb5_keytab kt;
    char name[80];
    int found = 0;

    snprintf(name, sizeof name, "FILE:%s", path);
    assert_int_equal(krb5_parse_name(ctx, principal, &p), 0);
    assert_int_equal(krb5_kt_resolve(ctx, name, &kt), 0);
    if (krb5_kt_get_entry(ctx, kt, p, kvno, enctype, &e) == 0) {
        found = e.key.contents[0];
        krb5_free_keytab_entry_contents(ctx, &e);
    }
    krb5_kt_close(ctx, kt);
    krb5_free_principal(ctx, p);
    return found;
}

static unsigned count(void)
{
    _cleanup_ktfile_ struct ktfile kt = {0};

    assert_int_equal(ktfile_read(path, &kt, NULL), 0);
    return kt.machine.entries;
}

static void rewrite(uint32_t kvno)
{
    const struct krb_key keys[] = {{.enctype = 18, .len = 32, .bytes = "NNN"},
                                   {.enctype = 17, .len = 16, .bytes = "MMM"}};
    _cleanup_ktfile_ struct ktfile kt = {0};
    _cleanup_free_ unsigned char *bytes = NULL;
    size_t len = 0;

    assert_int_equal(ktfile_read(path, &kt, NULL), 0);
    assert_true(ktfile_writable(&kt));
    assert_int_equal(
        ktmake(kt.data, kt.len, &kt.machine.entry, keys, 2, kvno, 1700000000, &bytes, &len, NULL), 0);
    assert_int_equal(ktfile_replace(&kt, bytes, len, NULL), 0);
}

// MIT stamps entries with the time of writing, which decides which of two machines is the guest's own: set here.
static void stamp(void)
{
    unsigned char bytes[8192];
    _cleanup_fclose_ FILE *f = fopen(path, "r+e");
    struct keytab_reader r;
    struct keytab_entry e;
    size_t len;

    assert_non_null(f);
    len = fread(bytes, 1, sizeof bytes, f);
    assert_int_equal(keytab_open(&r, bytes, len, NULL), 0);
    while (keytab_next(&r, &e, NULL) == 0) {
        // Before the key: its length, its type, the short key version, and these four bytes.
        unsigned char *p = bytes + (e.key - bytes) - 2 - 2 - 1 - 4;

        memset(p, strcmp(e.realm, "LAB.TEST") == 0 ? 0x60 : 0x50, 4);
    }
    rewind(f);
    assert_int_equal(fwrite(bytes, 1, len, f), len);
}

static void old_keytab(void)
{
    static const char *const own[] = {"WEB$@LAB.TEST", "host/web.lab.test@LAB.TEST",
                                      "RestrictedKrbHost/WEB@LAB.TEST"};

    unlink(path);
    add("HTTP/app.lab.test@LAB.TEST", 7, 18, 'H'); // a service account of its own
    for (size_t i = 0; i < ARRAY_SIZE(own); i++) {
        add(own[i], 2, 18, 'a');
        add(own[i], 3, 18, 'b');
        add(own[i], 3, 23, 'c');
    }
    add("nfs/web.lab.test@LAB.TEST", 3, 18, 'b'); // added later, with the machine's key
    add("WEB$@OTHER.TEST", 1, 18, 'o');           // a former domain
    stamp();
}

static void new_keys_for_the_account(void **state)
{
    (void)state;
    old_keytab();
    rewrite(5);
    assert_int_equal(find("WEB$@LAB.TEST", 5, 18), 'N');
    assert_int_equal(find("WEB$@LAB.TEST", 5, 17), 'M');
    assert_int_equal(find("host/web.lab.test@LAB.TEST", 5, 18), 'N');
    assert_int_equal(find("RestrictedKrbHost/WEB@LAB.TEST", 5, 17), 'M');
    assert_int_equal(find("nfs/web.lab.test@LAB.TEST", 5, 18), 'N');
    assert_int_equal(find("WEB$@LAB.TEST", 0, 18), 'N'); // MIT's idea of the newest
}

static void the_version_before_is_kept(void **state)
{
    (void)state;
    old_keytab();
    rewrite(5);
    assert_int_equal(find("WEB$@LAB.TEST", 3, 18), 'b');
    assert_int_equal(find("host/web.lab.test@LAB.TEST", 3, 23), 'c');
    assert_int_equal(find("WEB$@LAB.TEST", 2, 18), 0);
    assert_int_equal(count(), 1 + 3 * 2 + 1 + 1 + 4 * 2); // app; three of two; nfs; former; the new ones
}

static void others_stay(void **state)
{
    (void)state;
    old_keytab();
    rewrite(5);
    assert_int_equal(find("HTTP/app.lab.test@LAB.TEST", 7, 18), 'H');
    assert_int_equal(find("HTTP/app.lab.test@LAB.TEST", 5, 18), 0);
    assert_int_equal(find("WEB$@OTHER.TEST", 1, 18), 'o');
}

// An account that was made anew counts from 1: the old, higher versions would hide the new keys.
static void key_versions_that_went_back(void **state)
{
    (void)state;
    old_keytab();
    rewrite(2);
    assert_int_equal(find("WEB$@LAB.TEST", 0, 18), 'N');
    assert_int_equal(find("WEB$@LAB.TEST", 3, 18), 0);
}

// MIT leaves a hole where an entry was removed.
static void holes_are_passed_over(void **state)
{
    krb5_keytab_entry e = {.vno = 3, .key.enctype = 23};
    krb5_keytab kt;
    char name[80];

    (void)state;
    old_keytab();
    snprintf(name, sizeof name, "FILE:%s", path);
    assert_int_equal(krb5_parse_name(ctx, "host/web.lab.test@LAB.TEST", &e.principal), 0);
    assert_int_equal(krb5_kt_resolve(ctx, name, &kt), 0);
    assert_int_equal(krb5_kt_remove_entry(ctx, kt, &e), 0);
    krb5_kt_close(ctx, kt);
    krb5_free_principal(ctx, e.principal);
    rewrite(300); // more than the old eight bits hold
    assert_int_equal(find("host/web.lab.test@LAB.TEST", 300, 18), 'N');
    assert_int_equal(find("host/web.lab.test@LAB.TEST", 3, 18), 'b');
    assert_int_equal(find("HTTP/app.lab.test@LAB.TEST", 7, 18), 'H');
}

static void enctypes_of_the_machine(void **state)
{
    _cleanup_ktfile_ struct ktfile kt = {0};
    uint16_t list[8];
    size_t n = 0;

    (void)state;
    old_keytab();
    assert_int_equal(ktfile_read(path, &kt, NULL), 0);
    assert_int_equal(ktmake_enctypes(kt.data, kt.len, &kt.machine.entry, list, 8, &n, NULL), 0);
    assert_int_equal(n, 3);
    assert_int_equal(list[0], 18);
    assert_int_equal(list[1], 17);
    assert_int_equal(list[2], 23);
    assert_true(ktmake_enctypes(kt.data, kt.len, &kt.machine.entry, list, 2, &n, NULL) < 0);
}

static void mode_and_link_stay(void **state)
{
    char link_path[80];
    struct stat st;

    (void)state;
    old_keytab();
    assert_int_equal(chmod(path, 0640), 0);
    snprintf(link_path, sizeof link_path, "%s/link", directory);
    assert_int_equal(symlink(path, link_path), 0);
    {
        _cleanup_ktfile_ struct ktfile kt = {0};

        assert_int_equal(ktfile_read(link_path, &kt, NULL), 0);
        assert_int_equal(ktfile_replace(&kt, "\5\2", 2, NULL), 0);
    }
    assert_int_equal(lstat(link_path, &st), 0);
    assert_true(S_ISLNK(st.st_mode));
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0640);
    assert_int_equal(st.st_size, 2);
    unlink(link_path);
}

static int setup(void **state)
{
    (void)state;
    if (!mkdtemp(directory))
        return -1;
    snprintf(path, sizeof path, "%s/keytab", directory);
    return krb5_init_context(&ctx) == 0 ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    krb5_free_context(ctx);
    unlink(path);
    return rmdir(directory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(new_keys_for_the_account),
        cmocka_unit_test(the_version_before_is_kept),
        cmocka_unit_test(others_stay),
        cmocka_unit_test(key_versions_that_went_back),
        cmocka_unit_test(holes_are_passed_over),
        cmocka_unit_test(enctypes_of_the_machine),
        cmocka_unit_test(mode_and_link_stay),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
